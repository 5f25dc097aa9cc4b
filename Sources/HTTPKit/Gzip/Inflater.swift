/// Takes gzip (RFC 1952) apart as it comes and hands out pieces, never more than a limit in all.
///
/// Bytes are handed on before the checksum behind them is known: who needs them whole waits for the end. A member that
/// is followed by another counts on (section 2.2: members simply appear one after another); anything else after a
/// member is refused.
///
/// `@unchecked Sendable`: it belongs to one message, which one thread at a time takes apart.
final class Inflater: @unchecked Sendable {
    static let pieceBytes = 64 * 1024

    private enum Place { case start, inside, betweenMembers }

    private let zlib: Zlib
    private let stream: UnsafeMutablePointer<ZStream>
    private let piece: UnsafeMutableRawBufferPointer
    private let limit: Int
    private var place = Place.start
    private var failure: MessageParser.Failure?

    /// Bytes handed out so far.
    private(set) var decodedBytes = 0

    /// `limit` bounds what is handed out, in bytes. Nil when there is no memory for it.
    init?(_ zlib: Zlib, limit: Int) {
        (self.zlib, self.limit) = (zlib, limit)
        stream = .allocate(capacity: 1)
        stream.initialize(to: ZStream())
        guard zlib.beginInflate(stream) else {
            stream.deallocate()
            return nil
        }
        piece = .allocate(byteCount: Inflater.pieceBytes, alignment: 16)
    }

    deinit {
        _ = zlib.inflateEnd(stream)
        stream.deallocate()
        piece.deallocate()
    }

    /// Whether what came ends where a member ends.
    var isWhole: Bool { place == .betweenMembers && failure == nil }

    /// Takes in bytes and hands out all that can be known of what they hold. After an error it takes in nothing more.
    func consume(_ bytes: UnsafeRawBufferPointer, onPiece: (UnsafeRawBufferPointer) throws -> Void) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(1 << 30)
            try takeApart(UnsafeRawBufferPointer(rebasing: part), onPiece)
            rest = rest.dropFirst(part.count)
        }
    }

    private func takeApart(
        _ bytes: UnsafeRawBufferPointer, _ onPiece: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        if let failure { throw failure }
        stream.pointee.next_in = bytes.baseAddress
        stream.pointee.avail_in = UInt32(bytes.count)
        while true {
            if place == .betweenMembers {
                guard stream.pointee.avail_in > 0 else { return }
                _ = zlib.inflateReset(stream)
            }
            place = .inside
            let result = inflatePiece()
            let count = Inflater.pieceBytes - Int(stream.pointee.avail_out)
            guard count <= limit - decodedBytes else {
                throw refuse(413, "the body is larger than \(limit) bytes once it is decoded")
            }
            decodedBytes += count
            if count > 0 { try onPiece(UnsafeRawBufferPointer(rebasing: piece[..<count])) }
            switch result {
            case ZNumber.streamEnd: place = .betweenMembers
            // A full piece: there may be more where it came from.
            case ZNumber.ok where stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0: continue
            case ZNumber.ok, ZNumber.bufferError: return
            case ZNumber.memoryError: throw refuse(500, "there is no memory to decode the body")
            default:
                let why = stream.pointee.msg.map { String(cString: $0) } ?? "error \(result)"
                throw refuse(400, "the body is not gzip, or was changed on its way: \(why)")
            }
        }
    }

    private func inflatePiece() -> Int32 {
        stream.pointee.next_out = piece.baseAddress
        stream.pointee.avail_out = UInt32(Inflater.pieceBytes)
        return zlib.inflate(stream, ZNumber.noFlush)
    }

    private func refuse(_ status: Int, _ why: String) -> MessageParser.Failure {
        let refused = MessageParser.Failure(status: status, why: why)
        failure = refused
        return refused
    }
}
