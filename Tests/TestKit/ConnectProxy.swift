import Glibc
import Synchronization
import ThreadKit

/// An HTTP proxy on a port of this machine that makes connections (CONNECT), or misbehaves as a test wants. Every
/// connection goes to this machine, whatever name is asked for.
package final class ConnectProxy: Sendable {
    package enum Manner: Sendable {
        case open
        /// Wants this value of Proxy-Authorization, else 407.
        case login(String)
        /// Answers with these bytes and ends.
        case answer([UInt8])
        /// Takes the request and never answers.
        case silent
        /// Sends the first text, then the second without an end.
        case endless(String, String)
    }

    private struct State {
        var heads: [String] = []
        var isStopping = false
        var sent = 0
    }

    package let port: UInt16
    private let manner: Manner
    private let listener: Int32
    private let state = Mutex(State())

    package init(_ manner: Manner = .open) {
        self.manner = manner
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        port = ConnectProxy.listen(listener)
        WorkerThread(stackBytes: 1 << 18) { [self] in acceptAll() }?.detach()
    }

    /// What was asked, a request head each.
    package var heads: [String] { state.withLock { $0.heads } }
    /// Bytes sent by an endless answer.
    package var sent: Int { state.withLock { $0.sent } }

    /// Takes nobody in any more. Does nothing the second time, when the descriptor's number may be another's.
    package func stop() {
        let wasStopping = state.withLock { state in
            defer { state.isStopping = true }
            return state.isStopping
        }
        if !wasStopping { shutdown(listener, Int32(SHUT_RDWR)) }
    }

    private static func listen(_ descriptor: Int32) -> UInt16 {
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var address = loopback(0)
        let isReady = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        precondition(isReady, "no port can be had")
        return UInt16(bigEndian: address.sin_port)
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return address
    }

    private func acceptAll() {
        while true {
            let client = accept(listener, nil, nil)
            if client < 0 {
                if state.withLock({ $0.isStopping }) { break }
                continue
            }
            let thread = WorkerThread(stackBytes: 1 << 18) { [self] in
                serve(client)
                close(client)
            }
            if let thread { thread.detach() } else { close(client) }
        }
        close(listener)
    }

    private func serve(_ client: Int32) {
        guard let head = readHead(client) else { return }
        state.withLock { $0.heads.append(head) }
        switch manner {
        case .answer(let bytes): _ = write(client, bytes)
        case .silent: waitForEnd(client)
        case .endless(let first, let again):
            guard write(client, Array(first.utf8)) else { return }
            let filler = Array(String(repeating: again, count: 500).utf8)
            while write(client, filler) { state.withLock { $0.sent += filler.count } }
        case .login(let wanted):
            guard head.contains("\r\nProxy-Authorization: \(wanted)\r\n") else {
                _ = write(client, Array("HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\n\r\n".utf8))
                return
            }
            connectThrough(client, head)
        case .open: connectThrough(client, head)
        }
    }

    private func connectThrough(_ client: Int32, _ head: String) {
        let target = head.split(separator: " ").dropFirst().first ?? ""
        guard head.hasPrefix("CONNECT "), let colon = target.lastIndex(of: ":"),
            let port = UInt16(target[target.index(after: colon)...])
        else {
            _ = write(client, Array("HTTP/1.1 405 No\r\n\r\n".utf8))
            return
        }
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(server) }
        var address = ConnectProxy.loopback(port)
        let isMade = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isMade else {
            _ = write(client, Array("HTTP/1.1 502 Gone\r\n\r\n".utf8))
            return
        }
        guard write(client, Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8)) else { return }
        while pass(between: client, and: server) {}
    }

    /// Moves what is there in either direction; false at an end.
    private func pass(between client: Int32, and server: Int32) -> Bool {
        var waits = [
            pollfd(fd: client, events: Int16(POLLIN), revents: 0),
            pollfd(fd: server, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&waits, 2, -1) > 0 else { return errno == EINTR }
        for (from, to) in [(0, server), (1, client)] where waits[from].revents != 0 {
            var buffer = [UInt8](repeating: 0, count: 16_384)
            let count = recv(waits[from].fd, &buffer, buffer.count, 0)
            guard count > 0, write(to, Array(buffer[..<count])) else { return false }
        }
        return true
    }

    private func readHead(_ client: Int32) -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
            guard bytes.count < 8192, recv(client, &byte, 1, 0) == 1 else { return nil }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func waitForEnd(_ client: Int32) {
        var byte: UInt8 = 0
        while recv(client, &byte, 1, 0) > 0 {}
    }

    private func write(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }
}
