/// An HTTP proxy that makes connections for us (CONNECT, RFC 9110, section 9.3.6). It sees the server's name, not what
/// is said to it.
struct Proxy: Sendable, Hashable {
    let endpoint: Endpoint
    /// The value of Proxy-Authorization (RFC 7617). In no message or log.
    private let authorization: String?

    private static let answerBytesMax = 64 * 1024

    /// The variables of the environment that are looked at, in that order. Those in capitals are read too.
    static let variables = ["https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"]

    /// The proxy for a secure server; nil is a straight connection. A setting outranks the environment and its
    /// exceptions; `none` is no proxy.
    static func choose(
        host: String, port: UInt16, setting: String?, environment: (String) -> String?
    ) throws(HTTPError) -> Proxy? {
        if let setting { return setting == "none" ? nil : try Proxy(setting, named: "server.proxy") }
        func variable(_ names: [String]) -> (name: String, value: String)? {
            for name in names { if let value = environment(name), !value.isEmpty { return (name, value) } }
            return nil
        }
        guard let named = variable(["https_proxy", "HTTPS_PROXY"]) else { return nil }
        let exceptions = variable(["no_proxy", "NO_PROXY"])?.value ?? ""
        guard !ProxyExceptions(exceptions).hold(host, port) else { return nil }
        return try Proxy(named.value, named: named.name)
    }

    /// Reads `http://[USER:PASSWORD@]HOST:PORT`. Errors say where the text stands, not what it is.
    init(_ text: String, named name: String) throws(HTTPError) {
        func refuse(_ why: String) -> HTTPError {
            HTTPError(
                code: .badSettings, what: "cannot use the proxy named by \(name)", why: why,
                next: "give it as http://[USER:PASSWORD@]HOST:PORT; a character like @ or : in a password as %40 or %3A"
            )
        }
        guard text.utf8.count <= 1024, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw refuse("it holds a character that an address cannot hold")
        }
        guard text.hasPrefix("http://") || !text.contains("://") else {
            throw refuse("its scheme is not http://, and no other is spoken to a proxy")
        }
        var rest = text.dropFirst(text.hasPrefix("http://") ? "http://".count : 0)
        if rest.hasSuffix("/") { rest.removeLast() }
        var login: String?
        if let mark = rest.lastIndex(of: "@") {
            let parts = rest[..<mark].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let user = PercentCoding.decode(parts[0]), !user.contains(":"),
                let password = parts.count == 2 ? PercentCoding.decode(parts[1]) : ""
            else { throw refuse("name or password are not well written") }
            login = "Basic " + Base64.encode(Array("\(user):\(password)".utf8))
            rest = rest[rest.index(after: mark)...]
        }
        guard !rest.contains("/"), !rest.contains("?"), !rest.contains("#") else {
            throw refuse("it is more than host and port")
        }
        do throws(HTTPError) {
            let place = try ServerURL.hostAndPort(rest, 80)
            endpoint = .tcp(host: place.host, port: place.port)
        } catch { throw refuse(error.why) }
        authorization = login
    }

    // MARK: Asking for a connection

    /// Has the proxy connect a socket to a server before `deadline`.
    func tunnel(_ socket: SocketStream, to server: Endpoint, deadline: Duration) throws(HTTPError) {
        var request = "CONNECT \(server.hostField) HTTP/1.1\r\nHost: \(server.hostField)\r\n"
        if let authorization { request += "Proxy-Authorization: \(authorization)\r\n" }
        try socket.write(Array("\(request)\r\n".utf8), deadline: deadline)
        var parser = MessageParser(role: .response(toMethod: "CONNECT"), bodyLimit: Int.max)
        var buffer = [UInt8](repeating: 0, count: 4096)
        var total = 0
        while !parser.isHeadDone {
            let count = try read(socket, &buffer, deadline)
            total += count
            // Interim replies before the head have no bound of their own.
            guard total <= Proxy.answerBytesMax else {
                throw failure(.proxy, "its answer has no end", "check host and port of the proxy")
            }
            guard count > 0 else {
                throw failure(.unreachable, "it ended the connection without an answer", nil)
            }
            do {
                _ = try buffer.withUnsafeBytes { bytes in
                    try parser.consume(UnsafeRawBufferPointer(rebasing: bytes[..<count])) { _ in }
                }
            } catch {
                // A refusal is one, whatever its body.
                guard parser.status >= 300 else {
                    throw failure(.proxy, "what answers there is not an HTTP proxy", "check host and port of the proxy")
                }
                break
            }
        }
        if let refusal = refusal(parser.status, server) { throw refusal }
        guard parser.isDone, parser.rest.isEmpty else {
            throw failure(.proxy, "it speaks before the server can", "check host and port of the proxy")
        }
    }

    private func read(
        _ socket: SocketStream, _ buffer: inout [UInt8], _ deadline: Duration
    ) throws(HTTPError) -> Int {
        let result: Result<Int, HTTPError> = buffer.withUnsafeMutableBytes { bytes in
            do throws(HTTPError) { return .success(try socket.read(into: bytes, deadline: deadline)) } catch {
                return .failure(
                    error.code == .timeout ? failure(.unreachable, "it did not answer in time", nil) : error)
            }
        }
        return try result.get()
    }

    /// An error of reaching the proxy itself.
    func named(_ error: HTTPError) -> HTTPError { failure(error.code, error.why, error.next) }

    private func refusal(_ status: Int, _ server: Endpoint) -> HTTPError? {
        switch status {
        case 200..<300: nil
        case 407:
            failure(
                .proxy, authorization == nil ? "it wants a name and a password" : "it does not take name and password",
                "set them as http://USER:PASSWORD@\(endpoint.description), by the setting server.proxy or https_proxy")
        case 403, 405:
            failure(
                .proxy, "it does not allow a connection to \(server.description) (status \(status))",
                "ask who runs it to allow that, or go without it: fieldbook setup --proxy none")
        case 500...599: failure(.unreachable, "it does not reach \(server.description) (status \(status))", nil)
        default:
            failure(.proxy, "it answered with status \(status)", "check host and port of the proxy")
        }
    }

    private func failure(_ code: HTTPError.Code, _ why: String, _ next: String?) -> HTTPError {
        HTTPError(
            code: code, what: "cannot connect through the proxy", why: "proxy \(endpoint.description): \(why)",
            next: next)
    }
}

/// Which servers are reached without the proxy of the environment: names, `.suffixes`, addresses, ranges of addresses
/// (`10.0.0.0/8`), each with a port or without, and `*`. This machine always is one of them.
struct ProxyExceptions {
    private let entries: [Substring]

    init(_ text: String) { entries = text.split { $0 == "," || $0 == " " } }

    func hold(_ host: String, _ port: UInt16) -> Bool {
        let host = host.lowercased()
        let address = Endpoint.addressBytes(host)
        if host == "localhost" || address?.count == 4 && address?.first == 127 { return true }
        if let address, address == Array(repeating: 0, count: 15) + [1] { return true }
        return entries.contains { holds($0.lowercased(), host, address, port) }
    }

    private func holds(_ entry: String, _ host: String, _ address: [UInt8]?, _ port: UInt16) -> Bool {
        if entry == "*" { return true }
        if let address {
            if let range = Endpoint.addressBytes(entry) { return range == address }
            let parts = entry.split(separator: "/")
            if parts.count == 2, let range = Endpoint.addressBytes(String(parts[0])), let bits = Int(parts[1]) {
                return ProxyExceptions.isIn(address, range, bits)
            }
        }
        guard let place = try? ServerURL.hostAndPort(entry[...], port), place.port == port else { return false }
        if address != nil { return Endpoint.addressBytes(place.host) == address }
        let name = place.host.hasPrefix("*.") ? String(place.host.dropFirst()) : place.host
        return name.hasPrefix(".")
            ? host.hasSuffix(name) || ".\(host)" == name : host == name || host.hasSuffix(".\(name)")
    }

    private static func isIn(_ address: [UInt8], _ range: [UInt8], _ bits: Int) -> Bool {
        guard address.count == range.count, (0...(range.count * 8)).contains(bits) else { return false }
        return (0..<bits).allSatisfy { bit in
            (address[bit / 8] ^ range[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
        }
    }
}

/// RFC 4648, section 4.
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? digits[value >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
