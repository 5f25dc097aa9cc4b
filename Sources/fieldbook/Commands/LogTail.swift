import Diagnostics
import Glibc

/// Reads a log file as it grows, and goes over to the new one when it was put aside.
final class LogTail {
    /// Bytes of a file's end that are looked at: an older program's log has no bound.
    private static let bytesMax = 2 * LogFile.bytesMax
    /// Bytes of a line without an end that are kept.
    private static let lineBytesMax = 1 << 16

    private let path: String
    private var descriptor: Int32 = -1
    private var partial: [UInt8] = []
    /// The first line read is the end of one.
    private var isInsideLine = false

    init(path: String) { self.path = path }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Whole lines that came since the last look, oldest first. The first look gives what the file has.
    func newLines() -> [String] {
        if descriptor < 0, !open() { return [] }
        var lines = read()
        if isReplaced {
            // What was written before it was put aside comes first.
            lines += read()
            close(descriptor)
            descriptor = -1
            partial = []
            if open() { lines += read() }
        }
        return lines
    }

    private func open() -> Bool {
        descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        let end = lseek(descriptor, 0, SEEK_END)
        let start = max(0, end - off_t(LogTail.bytesMax))
        lseek(descriptor, start, SEEK_SET)
        isInsideLine = start > 0
        return true
    }

    private var isReplaced: Bool {
        var (own, named) = (stat(), stat())
        guard fstat(descriptor, &own) == 0, stat(path, &named) == 0 else { return false }
        if own.st_ino != named.st_ino || own.st_dev != named.st_dev { return true }
        // Somebody emptied it.
        if own.st_size < lseek(descriptor, 0, SEEK_CUR) { lseek(descriptor, 0, SEEK_SET) }
        return false
    }

    private func read() -> [String] {
        var lines: [String] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return lines }
            for byte in chunk[..<count] {
                guard byte == UInt8(ascii: "\n") else {
                    if partial.count < LogTail.lineBytesMax { partial.append(byte) }
                    continue
                }
                if !isInsideLine { lines.append(String(decoding: partial, as: UTF8.self)) }
                isInsideLine = false
                partial.removeAll(keepingCapacity: true)
            }
        }
    }
}
