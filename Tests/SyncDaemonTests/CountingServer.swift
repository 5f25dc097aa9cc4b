import Glibc
import TestKit
import Testing
import ThreadKit

/// A server on loopback that answers every request with the same bytes, keeps its connections, and counts them.
final class CountingServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let count = Monitor(0)

    init(reply: String) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isReady = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(isReady)
        (self.listener, port) = (listener, UInt16(bigEndian: address.sin_port))
        let (count, bytes) = (count, Array(reply.utf8))
        WorkerThread(stackBytes: 1 << 18) {
            while true {
                let stream = accept(listener, nil, nil)
                guard stream >= 0 else { break }
                count.withLock { $0 += 1 }
                WorkerThread(stackBytes: 1 << 18) { Self.answer(stream, bytes) }?.detach()
            }
            close(listener)
        }?.detach()
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    /// Connections so far.
    var accepted: Int { count.withLock { $0 } }

    private static func answer(_ stream: Int32, _ reply: [UInt8]) {
        var (buffer, ends) = ([UInt8](repeating: 0, count: 4096), 0)
        while true {
            let count = recv(stream, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            // A request without a body ends with its empty line.
            for byte in buffer[..<count] where byte == 10 || byte != 13 {
                ends = byte == 10 ? ends + 1 : 0
                guard ends == 2 else { continue }
                ends = 0
                _ = send(stream, reply, reply.count, Int32(MSG_NOSIGNAL))
            }
        }
        close(stream)
    }
}
