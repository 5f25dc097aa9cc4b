/// The two ends of an exchange without a socket between them: the same codec as on the wire, with every byte in the
/// caller's hands, who may cut, keep or change them on the way.
package enum MemoryExchange {
    /// What a client makes of the bytes that came before the connection ended.
    package enum Reply: Sendable {
        case whole(status: Int, headers: HTTPHeaders, body: [UInt8])
        /// The connection ended inside the body; what came of it stands.
        case cut(status: Int, headers: HTTPHeaders, body: [UInt8])
        case failed(HTTPError)
    }

    /// The bytes that a client sends.
    package static func bytes(of request: HTTPRequest, host: String) -> [UInt8] { request.serialized(host: host) }

    /// The bytes of the server's answer to the bytes of a request: the handler's for one that can be read, a refusal
    /// for another. Nil for a request that is cut: a server goes on waiting for its end.
    package static func answer(
        _ request: [UInt8], bodyLimit: Int, _ handler: (HTTPRequest) -> HTTPResponse
    ) -> [UInt8]? {
        switch reply(to: request, bodyLimit: bodyLimit, { .response(handler($0)) }) {
        case .bytes(let bytes): bytes
        case .held, nil: nil
        }
    }

    /// What a server has for the bytes of a request.
    package enum Answer {
        case bytes([UInt8])
        case held(HTTPHold)
    }

    /// As `answer`, of a handler that may hold a request.
    package static func reply(
        to request: [UInt8], bodyLimit: Int, _ handler: (HTTPRequest) -> HTTPReply
    ) -> Answer? {
        var parser = MessageParser(role: .request, bodyLimit: bodyLimit)
        var body: [UInt8] = []
        do {
            _ = try request.withUnsafeBytes { try parser.consume($0) { body.append(contentsOf: $0) } }
            guard parser.isDone else { return nil }
            let parsed = try parser.request(body: body)
            switch handler(parsed) {
            case .held(let hold): return .held(hold)
            case .response(let response): return .bytes(try bytes(of: response, toMethod: parsed.method))
            }
        } catch {
            let status = (error as? MessageParser.Failure)?.status ?? 500
            return .bytes(HTTPResponse(status: status).head(length: 0, close: true))
        }
    }

    /// The bytes of a reply.
    package static func bytes(of response: HTTPResponse, toMethod method: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try response.serialize(toMethod: method, close: false) { bytes += $0 }
        return bytes
    }

    /// What a client reads out of bytes after which the connection ends or rests; one that asked for gzip takes it.
    package static func reply(
        _ bytes: [UInt8], toMethod method: String, bodyLimit: Int, askedForGzip: Bool = false, keepsCoding: Bool = false
    ) -> Reply {
        var parser = MessageParser(
            role: .response(toMethod: method), bodyLimit: bodyLimit, zlib: askedForGzip ? Zlib.load() : nil,
            keepsCoding: keepsCoding)
        var body: [UInt8] = []
        do {
            _ = try bytes.withUnsafeBytes { try parser.consume($0) { body.append(contentsOf: $0) } }
        } catch { return .failed(HTTPError.unreadable(error)) }
        if parser.isDone || parser.connectionEnded() {
            return .whole(status: parser.status, headers: parser.headers, body: body)
        }
        guard parser.isHeadDone, !body.isEmpty else { return .failed(HTTPError.ended(insideReply: parser.hasBegun)) }
        return .cut(status: parser.status, headers: parser.headers, body: body)
    }
}
