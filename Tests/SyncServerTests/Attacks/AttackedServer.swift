import Diagnostics
import Glibc
import HTTPKit
import TestKit
import Testing

@testable import SyncServer

/// A server on a real socket with all that it logs, and a client that may send it anything.
final class AttackedServer {
    let server: TestServer
    private let http: HTTPServer
    private let folder = TemporaryDirectory()
    private let descriptor: Int32

    init(limits: ServerLimits = ServerLimits()) throws {
        descriptor = open(folder.file("log"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
        server = try TestServer(log: Logger(program: "test", level: .trace, descriptor: descriptor))
        let core = server.core
        http = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0), limits: limits) { core.handle($0) }
        try http.start()
    }

    deinit {
        http.stop()
        close(descriptor)
    }

    var log: String { String(decoding: readFile(folder.file("log")), as: UTF8.self) }

    /// Whether nothing that a token or a body of ours holds stands in the log.
    func logHolds(noneOf secrets: [String]) -> Bool {
        let log = log
        return !(secrets + Array(server.tokens.values)).contains { log.contains($0) }
    }

    /// Whether another client is served as ever.
    func servesOthers() -> Bool {
        let head = "GET /sync/v1/hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        return exchange(head + authorization("mona") + "\r\n").hasPrefix("HTTP/1.1 200")
    }

    func authorization(_ member: String) -> String { "Authorization: Bearer \(server.tokens[member] ?? "")\r\n" }

    /// A connection of an attacker's; -1 when there is none.
    func connect() -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = http.port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        return isConnected ? descriptor : -1
    }

    /// False when the other side has gone.
    @discardableResult
    func send(_ text: String, on descriptor: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// All that comes until the other side ends.
    func receive(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Sends a text, ends the sending when asked, and gives the reply.
    func exchange(_ text: String, endsSending: Bool = false) -> String {
        let descriptor = connect()
        defer { close(descriptor) }
        send(text, on: descriptor)
        if endsSending { shutdown(descriptor, Int32(SHUT_WR)) }
        return receive(descriptor)
    }
}

/// The status of a reply's first line; 0 for none.
func status(_ reply: String) -> Int {
    guard reply.hasPrefix("HTTP/1.1 ") else { return 0 }
    return Int(reply.dropFirst(9).prefix(3)) ?? 0
}
