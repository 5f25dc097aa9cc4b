/// Who sits at the other end of a Unix socket.
package struct PeerCredentials: Sendable, Hashable {
    package let processID: Int32
    package let userID: UInt32
}

/// A request with its whole body.
package struct HTTPRequest: Sendable {
    package var method: String
    /// Origin form: path and query as they stand on the wire.
    package var target: String
    package var headers: HTTPHeaders
    package var body: [UInt8]
    package var peer: PeerCredentials?

    package init(method: String, target: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// The decoded path; nil when it holds a dot segment, an encoded slash, a NUL or bytes that are not UTF-8.
    package var path: String? {
        let raw = target.prefix { $0 != "?" }
        guard raw.hasPrefix("/"), let decoded = PercentCoding.decode(raw), !decoded.contains("\0") else { return nil }
        let segments = decoded.split(separator: "/", omittingEmptySubsequences: false)
        guard !segments.contains("."), !segments.contains(".."),
            segments.count == raw.split(separator: "/", omittingEmptySubsequences: false).count
        else { return nil }
        return decoded
    }

    /// The first value of a query name, decoded; nil when absent or not decodable.
    package func query(_ name: String) -> String? {
        guard let mark = target.firstIndex(of: "?") else { return nil }
        for pair in target[target.index(after: mark)...].split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = parts.first, PercentCoding.decode(key) == name else { continue }
            return parts.count == 2 ? PercentCoding.decode(parts[1]) : ""
        }
        return nil
    }

    /// The bytes on the wire for a host.
    func serialized(host: String) -> [UInt8] {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n"
        for field in headers.fields { head += "\(field.name): \(field.value)\r\n" }
        if !body.isEmpty || method != "GET" { head += "Content-Length: \(body.count)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }
}

/// Building of request targets.
package enum Target {
    /// A path and its query, percent-encoded.
    package static func build(path: String, query: [(String, String)]) -> String {
        if query.isEmpty { return path }
        return path + "?"
            + query.map { PercentCoding.encode($0.0) + "=" + PercentCoding.encode($0.1) }.joined(separator: "&")
    }
}

/// Percent-encoding (RFC 3986, section 2).
enum PercentCoding {
    static func encode(_ text: String) -> String {
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.append(byte)
            default:
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    static func decode(_ text: some StringProtocol) -> String? {
        var decoded: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(value), let low = iterator.next().flatMap(value) else {
                return nil
            }
            decoded.append(high << 4 | low)
        }
        return String(validating: decoded, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
