/// A reply as a handler gives it.
package struct HTTPResponse: Sendable {
    /// What follows the header.
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Produced piece by piece; sent in chunks.
        case pieces(@Sendable (_ write: ([UInt8]) throws -> Void) throws -> Void)
        /// Read from an open file while it is sent; has a length.
        case file(FileBody)

        /// All of it in memory.
        package func bytes() throws -> [UInt8] {
            switch self {
            case .bytes(let bytes): return bytes
            case .file(let file): return try file.bytes()
            case .pieces(let produce):
                var bytes: [UInt8] = []
                try produce { bytes += $0 }
                return bytes
            }
        }
    }

    package var status: Int
    package var headers: HTTPHeaders
    package var body: Body

    package init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A reply with a JSON body.
    package static func json(_ status: Int, _ bytes: [UInt8], type: String = "application/json") -> HTTPResponse {
        var headers = HTTPHeaders()
        headers.add("Content-Type", type)
        return HTTPResponse(status: status, headers: headers, body: .bytes(bytes))
    }

    /// Hands the message on the wire to `write`, piece by piece; without its body for HEAD.
    func serialize(toMethod method: String, close: Bool, _ write: ([UInt8]) throws -> Void) throws {
        switch body {
        case .bytes(let bytes):
            let head = head(length: bytes.count, close: close)
            try write(method == "HEAD" ? head : head + bytes)
        case .file(let file):
            try write(head(length: file.count, close: close))
            if method != "HEAD" { try file.forEachPiece(write) }
        case .pieces(let produce):
            try write(head(length: nil, close: close))
            guard method != "HEAD" else { return }
            try produce { piece in
                guard !piece.isEmpty else { return }
                try write(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [0x0D, 0x0A])
            }
            try write(Array("0\r\n\r\n".utf8))
        }
    }

    /// The head on the wire; `length` nil means chunks.
    func head(length: Int?, close: Bool) -> [UInt8] {
        var head = "HTTP/1.1 \(status) \(HTTPResponse.reason(status))\r\n"
        for field in headers.fields { head += "\(field.name): \(field.value)\r\n" }
        // Which codings a request may have instead of the one it had: none (RFC 9110, section 15.5.16).
        if status == 415, headers["Accept-Encoding"] == nil { head += "Accept-Encoding: identity\r\n" }
        // A reply without content has no length either, and one that says "unchanged" not that of what it stands for (RFC
        // 9110, section 8.6).
        if status == 204 || status == 304 { return Array((head + (close ? "Connection: close\r\n\r\n" : "\r\n")).utf8) }
        if let length { head += "Content-Length: \(length)\r\n" } else { head += "Transfer-Encoding: chunked\r\n" }
        if close { head += "Connection: close\r\n" }
        return Array((head + "\r\n").utf8)
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 422: "Unprocessable Content"
        case 426: "Upgrade Required"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        default: "Status"
        }
    }
}
