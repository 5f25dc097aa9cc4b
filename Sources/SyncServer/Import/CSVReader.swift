import Diagnostics
import Glibc

/// Reads records of a CSV file (RFC 4180) as a stream: quoted fields, doubled quotes, line feeds inside quotes, CRLF or
/// LF. Memory: one record.
struct CSVReader: ~Copyable {
    /// Bytes of a record and fields of a record past which the file is refused.
    static let recordBytesMax = 1 << 20
    static let fieldsMax = 512

    /// Why a record cannot be read.
    struct Damage: Error {
        /// Number of the line where the record begins, counted from 1.
        let line: Int
        let why: String
    }

    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    private var line = 1
    private let name: String
    /// The line where the last record began.
    private(set) var recordLine = 1

    init(path: String) throws(UserError) {
        name = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw UserError(
                .refused, what: "cannot read \(path)", why: String(cString: strerror(errno)),
                next: "check the path and its permissions")
        }
    }

    deinit { close(descriptor) }

    private mutating func nextByte() throws -> UInt8? {
        if position == buffer.count {
            guard !isAtEnd else { return nil }
            var chunk = [UInt8](repeating: 0, count: 64 * 1024)
            var count = -1
            repeat { count = read(descriptor, &chunk, chunk.count) } while count < 0 && errno == EINTR
            guard count >= 0 else {
                throw UserError(
                    .failed, what: "cannot read \(name)", why: String(cString: strerror(errno)),
                    next: "nothing was imported; try again")
            }
            if count == 0 {
                isAtEnd = true
                return nil
            }
            buffer = Array(chunk[..<count])
            position = 0
        }
        defer { position += 1 }
        return buffer[position]
    }

    private mutating func peek() throws -> UInt8? {
        guard let byte = try nextByte() else { return nil }
        position -= 1
        return byte
    }

    /// The next record; nil at the end. An empty line is passed over.
    mutating func next() throws -> [String]? {
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
        func finish(_ field: inout [UInt8]) throws -> String {
            guard let text = String(validating: field, as: UTF8.self), !field.contains(0) else {
                throw Damage(line: recordLine, why: "a field is not UTF-8 text")
            }
            field.removeAll(keepingCapacity: true)
            return text
        }
        while let byte = try nextByte() {
            bytes += 1
            guard bytes <= CSVReader.recordBytesMax, fields.count < CSVReader.fieldsMax else {
                throw UserError(
                    .refused, what: "cannot read \(name)",
                    why: "the record at line \(recordLine) is too large; a quote may be missing",
                    next: "nothing was imported; mend the file")
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
                fields.append(try finish(&field))
                wasQuoted = false
            case UInt8(ascii: "\"") where field.isEmpty && !wasQuoted:
                isQuoted = true
                wasQuoted = true
            case 0x0D where try peek() == 0x0A: continue
            case 0x0A:
                line += 1
                fields.append(try finish(&field))
                return fields
            default: field.append(byte)
            }
        }
        guard !isQuoted else {
            throw UserError(
                .refused, what: "cannot read \(name)", why: "a quote opened at line \(recordLine) is never closed",
                next: "nothing was imported; mend the file")
        }
        fields.append(try finish(&field))
        return fields
    }
}
