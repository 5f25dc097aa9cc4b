import CLinux
import Glibc

/// Tells when a network link or address came up, from the kernel's route messages (rtnetlink(7)).
///
/// Where the socket can't be had (some containers), nothing is told and the timers do the work alone.
final class LinkWatcher: Sendable {
    private let socket: Int32
    private let stopSignal: Int32

    convenience init?() {
        let descriptor = Glibc.socket(
            AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), Int32(NETLINK_ROUTE))
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = UInt32(RTMGRP_LINK) | UInt32(RTMGRP_IPV4_IFADDR) | UInt32(RTMGRP_IPV6_IFADDR)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
            }
        }
        guard bound == 0 else {
            close(descriptor)
            return nil
        }
        self.init(socket: descriptor)
    }

    /// Watches a socket that route messages come from, and owns it.
    init?(socket descriptor: Int32) {
        let signal = eventfd(0, Int32(EFD_CLOEXEC))
        guard signal >= 0 else {
            close(descriptor)
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
                pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stopSignal, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&waits, 2, -1) < 0 {
                if errno == EINTR { continue }
                return
            }
            if waits[1].revents != 0 { return }
            let count = recv(socket, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR || errno == ENOBUFS { continue }
            // An empty message says nothing; the end of the socket is one with a hang-up.
            if count == 0, Int32(waits[0].revents) & POLLHUP == 0 { continue }
            guard count > 0 else { return }
            if LinkWatcher.tellsOfNewLink(buffer[..<count]) { cameUp() }
        }
    }

    /// Ends `run`.
    func stop() {
        var one: UInt64 = 1
        _ = write(stopSignal, &one, 8)
    }

    /// True when one of the messages is a link that runs or a new address. A link that goes down is told by the same type
    /// of message as one that comes up. What does not fit the bytes that came is not believed.
    static func tellsOfNewLink(_ messages: ArraySlice<UInt8>) -> Bool {
        messages.withUnsafeBytes { bytes in
            let headerBytes = MemoryLayout<nlmsghdr>.size
            var offset = 0
            while offset + headerBytes <= bytes.count {
                let header = bytes.loadUnaligned(fromByteOffset: offset, as: nlmsghdr.self)
                let length = Int(header.nlmsg_len)
                guard length >= headerBytes, offset + length <= bytes.count else { return false }
                let body = UnsafeRawBufferPointer(rebasing: bytes[(offset + headerBytes)..<(offset + length)])
                switch Int(header.nlmsg_type) {
                case RTM_NEWADDR: return true
                case RTM_NEWLINK where isRunning(body): return true
                default: break
                }
                offset += (length + 3) & ~3
            }
            return false
        }
    }

    private static func isRunning(_ body: UnsafeRawBufferPointer) -> Bool {
        guard body.count >= MemoryLayout<ifinfomsg>.size else { return false }
        return body.loadUnaligned(as: ifinfomsg.self).ifi_flags & UInt32(IFF_RUNNING) != 0
    }
}
