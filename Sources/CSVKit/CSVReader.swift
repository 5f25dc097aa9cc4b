package import Diagnostics
import Glibc

/// Reads records of a CSV file (RFC 4180) as a stream: quoted fields, doubled quotes, line feeds inside quotes, CRLF or
/// LF, with or without a byte order mark. Memory: one record. What a file may not do is bounded by `Limits`.
package struct CSVReader: ~Copyable {
    /// What past which a file is refused.
    package struct Limits: Sendable {
        /// Bytes of a record, fields of a record, and bytes of the file.
        let recordBytes: Int
        let fields: Int
        let fileBytes: Int

        package init(recordBytes: Int = 1 << 20, fields: Int = 512, fileBytes: Int = .max) {
            self.recordBytes = recordBytes
            self.fields = fields
            self.fileBytes = fileBytes
        }
    }

    /// Why a record cannot be read. The reader can go on with the next one.
    package struct Damage: Error {
        /// Number of the line where the record begins, counted from 1.
        package let line: Int
        package let why: String
    }

    private let descriptor: Int32
    private let limits: Limits
    /// What to do about a file that cannot be read on.
    private let next: String
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    private var line = 1
    /// Bytes of the file that are read.
    package private(set) var bytesRead = 0
    private let name: String
    /// The line where the last record began.
    package private(set) var recordLine = 1

    /// - Parameters: the file, or `-` for stdin; what a refusal of the whole file
    ///   says to do, as "nothing was imported".
    package init(path: String, limits: Limits = Limits(), ifRefused next: String) throws(UserError) {
        name = path
        self.limits = limits
        self.next = next
        descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw UserError(
                .refused, what: "cannot read \(path)", why: String(cString: strerror(errno)),
                next: "check the path and its permissions")
        }
    }

    deinit { if descriptor > 0 { close(descriptor) } }

    /// Bytes of the whole file; 0 for what is no file.
    package var bytesTotal: Int {
        var info = stat()
        return fstat(descriptor, &info) == 0 && info.st_mode & S_IFMT == S_IFREG ? Int(info.st_size) : 0
    }

    private mutating func nextByte() throws -> UInt8? {
        if position == buffer.count {
            guard !isAtEnd else { return nil }
            var chunk = [UInt8](repeating: 0, count: 64 * 1024)
            var count = -1
            repeat { count = read(descriptor, &chunk, chunk.count) } while count < 0 && errno == EINTR
            guard count >= 0 else {
                throw UserError(
                    .failed, what: "cannot read \(name)", why: String(cString: strerror(errno)),
                    next: "\(next); try again")
            }
            if count == 0 {
                isAtEnd = true
                return nil
            }
            let isFirst = bytesRead == 0
            bytesRead += count
            guard bytesRead <= limits.fileBytes else {
                throw refused("it is larger than \(limits.fileBytes) bytes", "split it")
            }
            buffer = Array(chunk[..<count])
            position = isFirst && buffer.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
            guard position < buffer.count else { return try nextByte() }
        }
        defer { position += 1 }
        return buffer[position]
    }

    private mutating func peek() throws -> UInt8? {
        guard let byte = try nextByte() else { return nil }
        position -= 1
        return byte
    }

    private func refused(_ why: String, _ hint: String) -> UserError {
        UserError(.refused, what: "cannot read \(name)", why: why, next: "\(next); \(hint)")
    }

    /// The next record; nil at the end. An empty line is passed over. Throws `Damage` for a record that is wrong, and a
    /// `UserError` for a file that is.
    package mutating func nextRecord() throws -> [String]? {
        while let first = try peek(), first == 0x0A || first == 0x0D {
            if first == 0x0A { line += 1 }
            position += 1
        }
        recordLine = line
        guard try peek() != nil else { return nil }
        var fields: [String] = []
        var field: [UInt8] = []
        var bytes = 0
        var isQuoted = false
        var wasQuoted = false
        // The record is read to its end all the same: what follows a damaged field is no record of its own.
        var isDamaged = false
        func finish(_ field: inout [UInt8]) -> String {
            let text = field.contains(0) ? nil : String(validating: field, as: UTF8.self)
            if text == nil { isDamaged = true }
            field.removeAll(keepingCapacity: true)
            return text ?? ""
        }
        func whole(_ fields: [String]) throws -> [String] {
            guard !isDamaged else { throw Damage(line: recordLine, why: "a field is not UTF-8 text") }
            return fields
        }
        while let byte = try nextByte() {
            bytes += 1
            guard bytes <= limits.recordBytes, fields.count < limits.fields else {
                throw refused("the record at line \(recordLine) is too large; a quote may be missing", "mend the file")
            }
            if isQuoted {
                if byte == UInt8(ascii: "\"") {
                    if try peek() == UInt8(ascii: "\"") {
                        position += 1
                        field.append(byte)
                    } else {
                        isQuoted = false
                    }
                } else {
                    if byte == 0x0A { line += 1 }
                    field.append(byte)
                }
                continue
            }
            switch byte {
            case UInt8(ascii: ","):
                fields.append(finish(&field))
                wasQuoted = false
            case UInt8(ascii: "\"") where field.isEmpty && !wasQuoted:
                isQuoted = true
                wasQuoted = true
            case 0x0D where try peek() == 0x0A: continue
            case 0x0A:
                line += 1
                fields.append(finish(&field))
                return try whole(fields)
            default: field.append(byte)
            }
        }
        guard !isQuoted else {
            throw refused("a quote opened at line \(recordLine) is never closed", "mend the file")
        }
        fields.append(finish(&field))
        return try whole(fields)
    }
}
