import Glibc

/// Where a server listens or a client connects.
package enum Endpoint: Sendable, Hashable {
    /// A host name or address, and a port.
    case tcp(host: String, port: UInt16)
    /// A path of at most 107 bytes (unix(7)).
    case unix(path: String)

    /// The value of the Host field.
    var hostField: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix: "localhost"
        }
    }

    package var description: String {
        switch self {
        case .tcp: hostField
        case .unix(let path): path
        }
    }
}

/// The address of a server as a person writes it: `http://HOST[:PORT]`.
package struct ServerURL: Sendable, Hashable {
    package let endpoint: Endpoint
    /// The address in one form: scheme, host, port.
    package let text: String

    /// Reads the address. `https` is refused until TLS is there, never silently downgraded.
    package init(_ text: String) throws(HTTPError) {
        func refuse(_ code: HTTPError.Code, _ why: String) -> HTTPError {
            HTTPError(code: code, what: "cannot use the server address", why: why)
        }
        guard text.utf8.count <= 300, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw refuse(.malformed, "it holds a character that an address cannot hold")
        }
        if text.hasPrefix("https://") {
            throw refuse(
                .unsupportedScheme,
                "this build does not speak TLS; reach the server by http:// over loopback, a tunnel or a private link")
        }
        guard text.hasPrefix("http://") else { throw refuse(.unsupportedScheme, "it does not begin with http://") }
        var rest = text.dropFirst("http://".count)
        if rest.hasSuffix("/") { rest.removeLast() }
        guard !rest.contains("/"), !rest.contains("@"), !rest.contains("?") else {
            throw refuse(.malformed, "give scheme, host and port only")
        }
        var host = rest
        var tail = rest.drop { $0 != ":" }
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { throw refuse(.malformed, "the bracket is not closed") }
            host = rest[rest.index(after: rest.startIndex)..<end]
            tail = rest[rest.index(after: end)...]
        } else {
            host = rest.prefix { $0 != ":" }
            guard !tail.dropFirst().contains(":") else {
                throw refuse(.malformed, "an IPv6 address stands in brackets")
            }
        }
        var port: UInt16 = 80
        if !tail.isEmpty {
            let digits = tail.dropFirst()
            guard tail.hasPrefix(":"), digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(digits),
                number > 0
            else { throw refuse(.malformed, "the port is not a number from 1 to 65535") }
            port = number
        }
        guard !host.isEmpty else { throw refuse(.malformed, "the host is missing") }
        endpoint = .tcp(host: String(host), port: port)
        self.text = "http://\(endpoint.hostField)"
    }
}
