import Glibc

/// Bytes of an open file that are the body of a reply. What it holds is the open file, not its name: a file that is
/// removed or replaced meanwhile is sent as it was.
///
/// The descriptor is closed when the last copy of the reply goes.
package final class FileBody: Sendable {
    /// Bytes that are read and sent at once.
    package static let pieceBytesMax = 64 * 1024

    private let file: OpenFile
    /// Where the body begins in the file.
    package let offset: Int
    package let count: Int

    /// Takes the descriptor over, which nobody else closes from then on.
    package convenience init(descriptor: Int32, offset: Int, count: Int) {
        self.init(file: OpenFile(descriptor: descriptor), offset: offset, count: count)
    }

    private init(file: OpenFile, offset: Int, count: Int) {
        precondition(offset >= 0 && count >= 0, "a body lies inside its file")
        self.file = file
        self.offset = offset
        self.count = count
    }

    /// The part of the body in `range`, of the same open file.
    package func part(_ range: Range<Int>) -> FileBody {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range lies inside its body")
        return FileBody(file: file, offset: offset + range.lowerBound, count: range.count)
    }

    /// Hands the body to `write` in pieces. Throws when the file has become shorter, so that the reply is cut.
    package func forEachPiece(_ write: ([UInt8]) throws -> Void) throws {
        var place = 0
        while place < count {
            let wanted = min(FileBody.pieceBytesMax, count - place)
            var got: Int32 = 0
            let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
                let read = pread(file.descriptor, buffer.baseAddress, wanted, off_t(offset + place))
                got = read < 0 ? errno : 0
                filled = max(0, read)
            }
            if got == EINTR { continue }
            guard got == 0, !piece.isEmpty else {
                throw HTTPError(
                    code: .truncated, what: "cannot send a file",
                    why: got == 0 ? "it has become shorter" : String(cString: strerror(got)))
            }
            try write(piece)
            place += piece.count
        }
    }

    /// The whole body in memory.
    package func bytes() throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        try forEachPiece { bytes += $0 }
        return bytes
    }
}

private final class OpenFile: Sendable {
    let descriptor: Int32
    init(descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }
}
