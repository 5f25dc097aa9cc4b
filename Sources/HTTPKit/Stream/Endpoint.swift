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

    /// Whether a host is an IPv4 or IPv6 address.
    static func isAddress(_ host: String) -> Bool { addressBytes(host) != nil }

    /// The bytes of an IPv4 or IPv6 address in the order of the wire.
    static func addressBytes(_ host: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, host, &bytes) == 1 { return Array(bytes[..<4]) }
        return inet_pton(AF_INET6, host, &bytes) == 1 ? bytes : nil
    }

    package var description: String {
        switch self {
        case .tcp: hostField
        case .unix(let path): path
        }
    }
}

/// The address of a server as a person writes it: `https://HOST[:PORT]` or `http://HOST[:PORT]`.
package struct ServerURL: Sendable, Hashable {
    package let host: String
    package let port: UInt16
    /// Whether it is spoken to over TLS. An address is taken as it stands: never up- or downgraded.
    package let isSecure: Bool

    package var endpoint: Endpoint { .tcp(host: host, port: port) }
    /// The address in one form: scheme, host, port.
    package var text: String { "\(isSecure ? "https" : "http")://\(endpoint.hostField)" }

    /// How an address is written, for advice.
    package static let form = "https://HOST[:PORT] or http://HOST[:PORT]"

    /// Reads the address; without a port it is the scheme's, 443 or 80.
    package init(_ text: String) throws(HTTPError) {
        guard text.utf8.count <= 300, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ServerURL.refuse(.malformed, "it holds a character that an address cannot hold")
        }
        isSecure = text.hasPrefix("https://")
        guard isSecure || text.hasPrefix("http://") else {
            throw ServerURL.refuse(.unsupportedScheme, "it does not begin with https:// or http://")
        }
        var rest = text.dropFirst(isSecure ? "https://".count : "http://".count)
        if rest.hasSuffix("/") { rest.removeLast() }
        guard !rest.contains("/"), !rest.contains("@"), !rest.contains("?"), !rest.contains("#") else {
            throw ServerURL.refuse(.malformed, "give scheme, host and port only")
        }
        (host, port) = try ServerURL.hostAndPort(rest, isSecure ? 443 : 80)
    }

    /// Reads `HOST[:PORT]`; an IPv6 address stands in brackets.
    static func hostAndPort(
        _ text: Substring, _ usual: UInt16
    ) throws(HTTPError) -> (host: String, port: UInt16) {
        var host = text
        var tail = text.drop { $0 != ":" }
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw refuse(.malformed, "the bracket is not closed") }
            host = text[text.index(after: text.startIndex)..<end]
            tail = text[text.index(after: end)...]
        } else {
            host = text.prefix { $0 != ":" }
            guard !tail.dropFirst().contains(":") else {
                throw refuse(.malformed, "an IPv6 address stands in brackets")
            }
        }
        guard !host.isEmpty else { throw refuse(.malformed, "the host is missing") }
        guard !tail.isEmpty else { return (String(host), usual) }
        let digits = tail.dropFirst()
        guard tail.hasPrefix(":"), digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits),
            port > 0
        else { throw refuse(.malformed, "the port is not a number from 1 to 65535") }
        return (String(host), port)
    }

    private static func refuse(_ code: HTTPError.Code, _ why: String) -> HTTPError {
        HTTPError(code: code, what: "cannot use the server address", why: why, next: "give it as \(form)")
    }
}
