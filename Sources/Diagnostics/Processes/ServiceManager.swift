import Glibc

/// Tells the service manager about readiness and status (sd_notify(3)); nothing happens without one.
package enum ServiceManager {
    /// Settings are about to be read again; `READY=1` ends it.
    package static func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        notify("RELOADING=1\nMONOTONIC_USEC=\(Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)")
    }

    /// One line about how things are.
    package static func status(_ text: String) { notify("STATUS=\(VisibleText.escape(text))") }

    /// The time within which the manager wants a sign of life of this process; nil when it wants none.
    package static func watchdog(environment: (String) -> String? = Paths.variable) -> Duration? {
        guard let microseconds = environment("WATCHDOG_USEC").flatMap(Int64.init), microseconds > 0 else { return nil }
        if let process = environment("WATCHDOG_PID"), process != "\(getpid())" { return nil }
        return .microseconds(microseconds)
    }

    /// Sends a datagram such as `READY=1` to the socket of NOTIFY_SOCKET, a path or an abstract name.
    package static func notify(_ state: String, socket name: String? = Paths.variable("NOTIFY_SOCKET")) {
        guard let name, name.hasPrefix("/") || name.hasPrefix("@") else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let message = Array(state.utf8)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0, length)
            }
        }
    }
}
