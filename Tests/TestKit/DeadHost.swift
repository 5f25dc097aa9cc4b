import Glibc

/// A port of this machine that answers no attempt to connect, as a host behind a dead link: its queue is full.
package final class DeadHost {
    private let listener: Int32
    private let queued: Int32
    package let port: UInt16

    package init() {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        queued = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (listener, queued) = (listener, queued)
        let isReady = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 0) == 0
                    && getsockname(listener, address, &length) == 0
                    && connect(queued, address, length) == 0
            }
        }
        precondition(isReady, "no port can be had")
        port = UInt16(bigEndian: address.sin_port)
    }

    /// Whether a socket waits to be taken in (proc(5), net/tcp: state 02 is SYN_SENT).
    package var isTried: Bool {
        let digits = String(port, radix: 16, uppercase: true)
        let mark = ":" + String(repeating: "0", count: 4 - digits.count) + digits + " 02 "
        return String(decoding: readFile("/proc/self/net/tcp"), as: UTF8.self).contains(mark)
    }

    deinit {
        close(listener)
        close(queued)
    }
}
