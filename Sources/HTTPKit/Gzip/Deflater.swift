/// Puts gzip (RFC 1952) together, a whole body at once.
enum Deflater {
    private static let pieceBytes = 64 * 1024
    /// Where the header names the system, and the number for an unknown one (section 2.3.1).
    private static let systemPlace = 9
    private static let unknownSystem: UInt8 = 255

    /// The bytes as one member without name or time: the same bytes and level always give the same member, as long as
    /// the library stays the same. `level` is from 1 (fast) to 9 (small). Nil when there is no memory for it.
    static func member(_ bytes: [UInt8], level: Int, _ zlib: Zlib) -> [UInt8]? {
        precondition((1...9).contains(level), "levels of gzip are from 1 to 9")
        let stream = UnsafeMutablePointer<ZStream>.allocate(capacity: 1)
        stream.initialize(to: ZStream())
        defer { stream.deallocate() }
        guard zlib.beginDeflate(stream, level: level) else { return nil }
        defer { _ = zlib.deflateEnd(stream) }
        var member: [UInt8] = []
        member.reserveCapacity(bytes.count / 4 + 64)
        let isWhole = bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(byteCount: pieceBytes, alignment: 16) { piece in
                put(bytes, through: stream, piece, zlib, &member)
            }
        }
        guard isWhole else { return nil }
        member[systemPlace] = unknownSystem
        return member
    }

    private static func put(
        _ bytes: UnsafeRawBufferPointer, through stream: UnsafeMutablePointer<ZStream>,
        _ piece: UnsafeMutableRawBufferPointer, _ zlib: Zlib, _ member: inout [UInt8]
    ) -> Bool {
        var rest = bytes[...]
        var result = ZNumber.ok
        while result == ZNumber.ok {
            if stream.pointee.avail_in == 0, !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
                rest = rest.dropFirst(part.count)
                stream.pointee.next_in = part.baseAddress
                stream.pointee.avail_in = UInt32(part.count)
            }
            stream.pointee.next_out = piece.baseAddress
            stream.pointee.avail_out = UInt32(pieceBytes)
            result = zlib.deflate(stream, rest.isEmpty ? ZNumber.finish : ZNumber.noFlush)
            member.append(contentsOf: piece[..<(pieceBytes - Int(stream.pointee.avail_out))])
        }
        return result == ZNumber.streamEnd
    }
}
