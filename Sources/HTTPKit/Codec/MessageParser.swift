/// Parses one HTTP/1.1 message out of bytes that come in any pieces (RFC 9112). Pure; knows no socket.
///
/// Refused: obsolete line folding, bare CR or NUL, two lengths, a length beside a transfer coding, codings other than
/// chunked, and anything past its bounds. Gzip is taken off the body of a reply to who asked for it; any other content
/// coding is refused, and every one of a request.
struct MessageParser {
    enum Role: Sendable {
        case request
        case response(toMethod: String)
    }

    /// What was found so far.
    enum Progress: Equatable {
        case needsMore
        /// The head is there; body bytes follow.
        case head
        case done
    }

    struct Failure: Error, Hashable {
        /// The status a server answers it with.
        let status: Int
        let why: String
    }

    static let headBytesMax = 16 * 1024
    static let fieldsMax = 100
    private static let chunkLineBytesMax = 256
    private static let trailerBytesMax = 4096

    private(set) var startLine = ""
    private(set) var headers = HTTPHeaders()
    private(set) var status = 0
    private(set) var isHeadDone = false
    /// The body ends with the connection (RFC 9112, section 6.3, rule 8).
    private(set) var endsWithConnection = false
    private(set) var isDone = false

    private let role: Role
    private let bodyLimit: Int
    private let zlib: Zlib?
    private let keepsCoding: Bool
    private var inflater: Inflater?
    private var buffer: [UInt8] = []
    private var remaining: Int?
    private var chunk = Chunk.none
    private var bodyBytes = 0
    private var trailerBytes = 0

    private enum Chunk {
        case none, size
        case data(Int)
        case dataEnd, trailer
    }

    /// `bodyLimit` bounds the body in bytes, as it comes and as it is handed on. With a `zlib` a reply may be gzip,
    /// which is taken apart unless it is to keep its coding.
    init(role: Role, bodyLimit: Int, zlib: Zlib? = nil, keepsCoding: Bool = false) {
        self.role = role
        self.bodyLimit = bodyLimit
        self.zlib = zlib
        self.keepsCoding = keepsCoding
    }

    /// Bytes after the message, for the next one.
    var rest: [UInt8] { isDone ? buffer : [] }
    /// Bytes of the body so far, as they came without their framing, and as they were handed on.
    var bodyCounts: (encoded: Int, decoded: Int) { (bodyBytes, inflater?.decodedBytes ?? bodyBytes) }
    /// Whether anything at all was taken in.
    var hasBegun: Bool { isHeadDone || !buffer.isEmpty }

    /// Takes in bytes and hands body bytes to `onBody` as they are known.
    mutating func consume(
        _ bytes: UnsafeRawBufferPointer, onBody: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Progress {
        buffer.append(contentsOf: bytes)
        if !isHeadDone, try !parseHead() { return .needsMore }
        try parseBody(onBody)
        if isDone, let inflater, !inflater.isWhole {
            throw Failure(status: 400, why: "the body ends before its gzip does")
        }
        return isDone ? .done : .head
    }

    /// The connection ended: whether the message is whole. Gzip that has not ended shows a cut that nothing else would.
    mutating func connectionEnded() -> Bool {
        if isHeadDone, endsWithConnection, inflater?.isWhole ?? true { isDone = true }
        return isDone
    }

    /// The request that was parsed. A host is required of HTTP/1.1 requests (RFC 9112, section 3.2).
    func request(body: [UInt8]) throws -> HTTPRequest {
        guard headers.values("Host").count == 1 || startLine.hasSuffix("HTTP/1.0") else {
            throw Failure(status: 400, why: "the Host field is missing or given twice")
        }
        let line = startLine.split(separator: " ")
        return HTTPRequest(method: String(line[0]), target: String(line[1]), headers: headers, body: body)
    }

    // MARK: Head

    private mutating func parseHead() throws -> Bool {
        while true {
            // A client's stray line feeds before the start line are passed over (RFC 9112, section 2.2).
            if startLine.isEmpty, buffer.starts(with: [0x0D, 0x0A]) { buffer.removeFirst(2) }
            guard let end = MessageParser.headEnd(buffer) else {
                guard buffer.count <= MessageParser.headBytesMax else {
                    throw Failure(status: 431, why: "the head is too large")
                }
                if let first = buffer.first, !HTTPHeaders.isToken([first]) {
                    throw Failure(status: 400, why: "this is not HTTP")
                }
                return false
            }
            guard end <= MessageParser.headBytesMax else { throw Failure(status: 431, why: "the head is too large") }
            let head = Array(buffer[..<end])
            buffer.removeFirst(end + 4)
            try parseLines(head)
            // Interim replies (1xx) are passed over.
            if case .response = role, (100..<200).contains(status), status != 101 {
                headers = HTTPHeaders()
                startLine = ""
                continue
            }
            try setFraming()
            try setCoding()
            isHeadDone = true
            return true
        }
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        let limit = min(bytes.count - 3, headBytesMax + 1)
        guard limit > 0 else { return nil }
        return bytes.withUnsafeBufferPointer { buffer in
            for index in 0..<limit
            where buffer[index] == 0x0D && buffer[index + 1] == 0x0A && buffer[index + 2] == 0x0D
                && buffer[index + 3] == 0x0A
            {
                return index
            }
            return nil
        }
    }

    private mutating func parseLines(_ head: [UInt8]) throws {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        var index = 0
        while index < head.count {
            if head[index] == 0x0D {
                guard index + 1 < head.count, head[index + 1] == 0x0A else {
                    throw Failure(status: 400, why: "a bare CR in the head")
                }
                lines.append(head[start..<index])
                index += 2
                start = index
            } else {
                guard head[index] != 0x0A, head[index] != 0 else {
                    throw Failure(status: 400, why: "a bare LF or NUL in the head")
                }
                index += 1
            }
        }
        lines.append(head[start...])
        startLine = String(decoding: lines[0], as: UTF8.self)
        try parseStartLine(lines[0])
        guard lines.count - 1 <= MessageParser.fieldsMax else {
            throw Failure(status: 431, why: "too many header fields")
        }
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), HTTPHeaders.isToken(line[..<colon]) else {
                throw Failure(status: 400, why: "a header field has no name")
            }
            let value = MessageParser.trimmed(line[(colon + 1)...])
            guard HTTPHeaders.isValue(value) else {
                throw Failure(status: 400, why: "a header value holds a control character")
            }
            headers.add(String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
        }
    }

    private mutating func parseStartLine(_ line: ArraySlice<UInt8>) throws {
        let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        switch role {
        case .request:
            guard parts.count == 3, HTTPHeaders.isToken(parts[0]), parts[1].first == UInt8(ascii: "/"),
                parts[1].allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
                parts[2].elementsEqual("HTTP/1.1".utf8) || parts[2].elementsEqual("HTTP/1.0".utf8)
            else { throw Failure(status: 400, why: "the request line is malformed") }
        case .response:
            guard parts.count >= 2, parts[0].elementsEqual("HTTP/1.1".utf8) || parts[0].elementsEqual("HTTP/1.0".utf8),
                parts[1].count == 3,
                let code = Int(String(decoding: parts[1], as: UTF8.self)), (100...599).contains(code)
            else { throw Failure(status: 400, why: "the status line is malformed") }
            status = code
        }
    }

    /// RFC 9112, section 6.
    private mutating func setFraming() throws {
        let codings = headers.values("Transfer-Encoding")
        let lengths = headers.values("Content-Length")
        // A connection that a proxy has made begins after the head (RFC 9110, section 9.3.6).
        if case .response(let method) = role,
            method == "HEAD" || status == 204 || status == 304 || method == "CONNECT" && status / 100 == 2
        {
            isDone = true
            return
        }
        if !codings.isEmpty {
            guard lengths.isEmpty else { throw Failure(status: 400, why: "both a length and a transfer coding") }
            guard codings.count == 1, codings[0].lowercased() == "chunked" else {
                throw Failure(status: 501, why: "an unknown transfer coding")
            }
            chunk = .size
            return
        }
        if let first = lengths.first {
            guard lengths.count == 1, !first.isEmpty, first.utf8.count <= 18,
                first.utf8.allSatisfy({ (48...57).contains($0) }),
                let length = Int(first)
            else { throw Failure(status: 400, why: "the length is malformed or given twice") }
            guard length <= bodyLimit else {
                throw Failure(status: 413, why: "the body is larger than \(bodyLimit) bytes")
            }
            remaining = length
            isDone = length == 0
            return
        }
        switch role {
        case .request: isDone = true
        case .response: endsWithConnection = true
        }
    }

    /// RFC 9110, section 8.4.
    private mutating func setCoding() throws {
        let codings = headers.values("Content-Encoding").flatMap { $0.split(separator: ",") }
            .map { AcceptEncoding.name(AcceptEncoding.trimmed($0)) }.filter { !$0.isEmpty && $0 != "identity" }
        guard !codings.isEmpty else { return }
        if case .request = role { throw Failure(status: 415, why: "the body of a request has no content coding here") }
        // A reply that has no body tells of one that it would have had.
        guard !isDone || remaining != nil else { return }
        guard codings == ["gzip"] else {
            let names = codings.joined(separator: ", ").unicodeScalars.map { $0.isASCII ? Character($0) : "?" }
            throw Failure(status: 400, why: "the content coding of the body (\(String(names.prefix(40)))) is unknown")
        }
        guard let zlib else { throw Failure(status: 400, why: "the body is gzip, which was not asked for") }
        if keepsCoding { return }
        inflater = Inflater(zlib, limit: bodyLimit)
        guard inflater != nil else { throw Failure(status: 500, why: "there is no memory to decode the body") }
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes.drop { $0 == 0x20 || $0 == 0x09 }
        while bytes.last == 0x20 || bytes.last == 0x09 { bytes.removeLast() }
        return bytes
    }

    // MARK: Body

    private mutating func parseBody(_ onBody: (UnsafeRawBufferPointer) throws -> Void) throws {
        if let left = remaining {
            let count = min(left, buffer.count)
            if count > 0 { try hand(count, onBody) }
            remaining = left - count
            isDone = left == count
        } else if endsWithConnection {
            if !buffer.isEmpty { try hand(buffer.count, onBody) }
        } else {
            while !isDone, try parseChunk(onBody) {}
        }
    }

    /// RFC 9112, section 7.1. True when there may be more to parse.
    private mutating func parseChunk(_ onBody: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        switch chunk {
        case .none: return false
        case .size:
            guard let line = try takeLine(limit: MessageParser.chunkLineBytesMax) else { return false }
            let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 0x09 }
            guard !digits.isEmpty, digits.count <= 8,
                let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), digits.first != UInt8(ascii: "+"),
                digits.first != UInt8(ascii: "-")
            else { throw Failure(status: 400, why: "a chunk size is malformed") }
            chunk = size == 0 ? .trailer : .data(size)
            return true
        case .data(let left):
            let count = min(left, buffer.count)
            if count > 0 { try hand(count, onBody) }
            chunk = left == count ? .dataEnd : .data(left - count)
            return left == count
        case .dataEnd:
            guard buffer.count >= 2 else { return false }
            guard buffer[0] == 0x0D, buffer[1] == 0x0A else {
                throw Failure(status: 400, why: "a chunk does not end where it says")
            }
            buffer.removeFirst(2)
            chunk = .size
            return true
        case .trailer:
            guard let line = try takeLine(limit: MessageParser.trailerBytesMax) else { return false }
            trailerBytes += line.count
            guard trailerBytes <= MessageParser.trailerBytesMax else {
                throw Failure(status: 431, why: "the trailer is too large")
            }
            isDone = line.isEmpty
            return !isDone
        }
    }

    private mutating func takeLine(limit: Int) throws -> [UInt8]? {
        guard let end = buffer.firstIndex(of: 0x0A) else {
            guard buffer.count <= limit else {
                throw Failure(status: 400, why: "a line of the chunked body is too long")
            }
            return nil
        }
        guard end > 0, end <= limit + 1, buffer[end - 1] == 0x0D else {
            throw Failure(status: 400, why: "a line of the chunked body is malformed")
        }
        let line = Array(buffer[..<(end - 1)])
        buffer.removeFirst(end + 1)
        return line
    }

    private mutating func hand(_ count: Int, _ onBody: (UnsafeRawBufferPointer) throws -> Void) throws {
        bodyBytes += count
        guard bodyBytes <= bodyLimit else {
            throw Failure(status: 413, why: "the body is larger than \(bodyLimit) bytes")
        }
        let inflater = inflater
        try buffer.withUnsafeBytes { bytes in
            let piece = UnsafeRawBufferPointer(rebasing: bytes[0..<count])
            if let inflater { try inflater.consume(piece, onPiece: onBody) } else { try onBody(piece) }
        }
        buffer.removeFirst(count)
    }
}
