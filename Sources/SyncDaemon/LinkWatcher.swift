import CLinux
import Glibc

/// Tells when a network link or address came up, from the kernel's route messages (rtnetlink(7)).
///
/// Where the socket can't be had (some containers), nothing is told and the timers do the work alone.
final class LinkWatcher: Sendable {
    private let socket: Int32
    private let stopSignal: Int32

    init?() {
        let descriptor = Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), Int32(NETLINK_ROUTE))
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = UInt32(RTMGRP_LINK) | UInt32(RTMGRP_IPV4_IFADDR) | UInt32(RTMGRP_IPV6_IFADDR)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
            }
        }
        let signal = eventfd(0, Int32(EFD_CLOEXEC))
        guard bound == 0, signal >= 0 else {
            close(descriptor)
            if signal >= 0 { close(signal) }
            return nil
        }
        socket = descriptor
        stopSignal = signal
    }

    deinit {
        close(socket)
        close(stopSignal)
    }

    /// Calls `cameUp` for each new link or address until `stop`.
    func run(_ cameUp: () -> Void) {
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            var waits = [
                pollfd(fd: socket, events: Int16(POLLIN), revents: 0), pollfd(fd: stopSignal, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&waits, 2, -1) < 0 {
                if errno == EINTR { continue }
                return
            }
            if waits[1].revents != 0 { return }
            let count = recv(socket, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR || errno == ENOBUFS { continue }
            guard count > 0 else { return }
            if LinkWatcher.tellsOfNewLink(buffer, count: count) { cameUp() }
        }
    }

    /// Ends `run`.
    func stop() {
        var one: UInt64 = 1
        _ = write(stopSignal, &one, 8)
    }

    /// True when one of the messages is a new link or a new address.
    private static func tellsOfNewLink(_ buffer: [UInt8], count: Int) -> Bool {
        var offset = 0
        let headerBytes = MemoryLayout<nlmsghdr>.size
        while offset + headerBytes <= count {
            let header = buffer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: nlmsghdr.self) }
            if header.nlmsg_type == UInt16(RTM_NEWLINK) || header.nlmsg_type == UInt16(RTM_NEWADDR) { return true }
            let length = Int(header.nlmsg_len)
            guard length >= headerBytes else { return false }
            offset += (length + 3) & ~3
        }
        return false
    }
}
