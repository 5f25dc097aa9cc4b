import Glibc
import TestKit
import Testing
import ThreadKit

@testable import HTTPKit

/// A server that holds what asks for `/hold` and answers everything else at once with its path.
final class HoldingServer: Sendable {
    let server: HTTPServer
    let holds = Monitor<[HTTPHold]>([])
    let goneCount = Monitor(0)
    let causes = Monitor<[HTTPHold.Cause]>([])

    /// `patience` is how long a request is held; `answer` gives the reply of one that is resumed.
    init(
        tls: TLSServer? = nil, limits: ServerLimits = ServerLimits(), patience: Duration = .seconds(60),
        answer: @escaping HTTPHold.Resume = { .response(.json(200, Array("\($1)".utf8))) }
    ) throws {
        let (holds, goneCount, causes) = (holds, goneCount, causes)
        server = HTTPServer(
            endpoint: .tcp(host: "127.0.0.1", port: 0), tls: tls, limits: limits,
            holding: { request in
                guard request.target == "/hold" else { return .response(.json(200, Array(request.target.utf8))) }
                let hold = HTTPHold(
                    until: Sys.monotonicNow + patience, gone: { goneCount.withLock { $0 += 1 } },
                    resume: { hold, cause in
                        causes.withLock { $0.append(cause) }
                        return answer(hold, cause)
                    })
                holds.withLock { $0.append(hold) }
                return .held(hold)
            })
        try server.start()
    }

    deinit { server.stop(deadline: .seconds(1)) }

    var endpoint: Endpoint { .tcp(host: "127.0.0.1", port: server.port) }

    func line(_ text: String = "") throws -> RawLine {
        let line = try RawLine(endpoint)
        if !text.isEmpty { try line.send(text) }
        return line
    }

    func wakeAll() { for hold in holds.withLock({ $0 }) { hold.wake() } }
    func holds(_ count: Int) -> Bool { eventually { server.held == count } }
}

/// One connection, spoken by hand.
final class RawLine {
    static let hold = "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"

    let stream: SocketStream
    private var bytes: [UInt8] = []

    init(_ endpoint: Endpoint) throws {
        stream = try Sys.connect(endpoint, deadline: Sys.monotonicNow + .seconds(20))
    }

    func send(_ text: String) throws { try stream.write(Array(text.utf8), deadline: Sys.monotonicNow + .seconds(20)) }

    static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n" }

    /// The next reply; nil when the connection has ended, or no whole reply came in time.
    func reply(to method: String = "GET") -> (status: Int, headers: HTTPHeaders, body: String)? {
        var parser = MessageParser(role: .response(toMethod: method), bodyLimit: 64 << 20)
        var body: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !parser.isDone {
            if bytes.isEmpty {
                let count = try? buffer.withUnsafeMutableBytes {
                    try stream.read(into: $0, deadline: Sys.monotonicNow + .seconds(20))
                }
                guard let count, count > 0 else { return nil }
                bytes = Array(buffer[..<count])
            }
            guard (try? bytes.withUnsafeBytes({ try parser.consume($0) { body.append(contentsOf: $0) } })) != nil else {
                return nil
            }
            bytes = []
        }
        bytes = parser.rest
        return (parser.status, parser.headers, String(decoding: body, as: UTF8.self))
    }
}

/// Threads of this process (proc(5), status).
func threadsNow() -> Int {
    let lines = String(decoding: readFile("/proc/self/status"), as: UTF8.self).split(separator: "\n")
    return lines.first { $0.hasPrefix("Threads:") }.flatMap { Int($0.dropFirst(8).drop { !$0.isNumber }) } ?? 0
}
