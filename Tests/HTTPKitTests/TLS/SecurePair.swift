import Glibc
import TestKit
import Testing
import ThreadKit

@testable import HTTPKit

/// A server that speaks TLS on loopback, and clients of it.
final class SecurePair {
    let server: HTTPServer
    let told = Monitor<[HTTPError]>([])

    init(
        _ pair: TestCertificates.Pair, clientAuthority: String? = nil, limits: ServerLimits = ServerLimits(),
        _ handler: @escaping HTTPServer.Handler = { .json(200, Array($0.method.utf8) + $0.body) }
    ) throws {
        let told = told
        let tls = try TLSServer(
            TLSServerSettings(
                certificateFile: pair.certificate, keyFile: pair.key, clientAuthorityFile: clientAuthority)
        ) { error in told.withLock { $0.append(error) } }
        server = HTTPServer(
            endpoint: .tcp(host: "127.0.0.1", port: 0), tls: tls, limits: limits, handler: handler)
        try server.start()
    }

    deinit { server.stop(deadline: .seconds(1)) }

    func client(_ settings: TLSSettings, host: String = "localhost", idle: Duration = .seconds(20)) throws -> HTTPClient
    {
        try secureClient("https://\(host):\(server.port)", settings, idle: idle)
    }
}

func secureClient(
    _ address: String, _ settings: TLSSettings, proxy: String? = "none", idle: Duration = .seconds(20),
    connect: Duration = .seconds(20)
) throws -> HTTPClient {
    var connection = ConnectionSettings()
    connection.tls = settings
    connection.proxy = proxy
    return HTTPClient(
        connector: Connector(url: try ServerURL(address), settings: connection, environment: { _ in nil }),
        limits: ClientLimits(connect: connect, idle: idle))
}

extension HTTPClient {
    func get(_ target: String = "/") throws(HTTPError) -> (status: Int, headers: HTTPHeaders, body: [UInt8]) {
        try send(HTTPRequest(method: "GET", target: target), bodyLimit: 16 << 20)
    }

    /// The error of a request that can't succeed.
    func failure() -> HTTPError? {
        do throws(HTTPError) {
            _ = try get()
            return nil
        } catch { return error }
    }
}

/// A listener that treats its connections, one after the other, as a test says.
final class RawServer {
    let port: UInt16
    private let listener: Int32
    private let thread: WorkerThread

    init(_ treat: @escaping @Sendable (SocketStream) -> Void) throws {
        let (listener, port) = try Sys.listen(.tcp(host: "127.0.0.1", port: 0))
        (self.listener, self.port) = (listener, port)
        thread = try #require(
            WorkerThread(stackBytes: 1 << 19) {
                while Sys.wait(listener, for: Int16(POLLIN), until: Sys.monotonicNow + .seconds(60)) {
                    guard let stream = Sys.accept(listener) else { break }
                    treat(stream)
                }
            })
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        thread.join()
        close(listener)
    }
}

extension SocketStream {
    /// Reads until the other end is done, for at most some seconds.
    func drain() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try? buffer.withUnsafeMutableBytes {
                try read(into: $0, deadline: Sys.monotonicNow + .seconds(20))
            }
            guard let count, count > 0 else { return }
        }
    }
}
