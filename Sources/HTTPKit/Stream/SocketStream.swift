import Glibc
import Synchronization

/// A connected stream socket with deadlines, non-blocking underneath, closed once by its owner.
///
/// `interrupt` may be called from any thread: it shuts the socket down, so that the owner's read or write ends; the
/// descriptor itself is closed only by `close`.
final class SocketStream: ByteStream {
    let descriptor: Int32
    private let isOpen = Mutex(true)

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { close() }

    func close() {
        isOpen.withLock { isOpen in
            if isOpen { Glibc.close(descriptor) }
            isOpen = false
        }
    }

    func interrupt() {
        isOpen.withLock { isOpen in
            if isOpen { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Whether the owner has not closed it yet.
    var isUsable: Bool { isOpen.withLock { $0 } }
    var isEndSaid: Bool { true }

    /// Ends the sending side; the peer sees the end of the stream.
    func finishWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads what is there, waiting until `deadline`; 0 = the peer ended the stream.
    func read(into buffer: UnsafeMutableRawBufferPointer, deadline: Duration) throws(HTTPError) -> Int {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count >= 0 { return count }
            try waitOrFail(errno, for: Int16(POLLIN), until: deadline, doing: "read")
        }
    }

    /// Writes all bytes before `deadline`.
    func write(_ bytes: [UInt8], deadline: Duration) throws(HTTPError) {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                send(descriptor, buffer.baseAddress.map { $0 + offset }, bytes.count - offset, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                offset += count
                continue
            }
            try waitOrFail(errno, for: Int16(POLLOUT), until: deadline, doing: "write")
        }
    }

    /// Writes what goes out without a wait; gives the number of bytes that did.
    func writeNow(_ bytes: [UInt8]) throws(HTTPError) -> Int {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                send(descriptor, buffer.baseAddress.map { $0 + offset }, bytes.count - offset, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                offset += count
            } else if errno == EAGAIN {
                return offset
            } else if errno != EINTR {
                throw HTTPError(code: .closed, what: "cannot write", why: String(cString: strerror(errno)))
            }
        }
        return offset
    }

    /// Throws away what has come, without a wait; false when nothing more can come.
    func discard(into buffer: UnsafeMutableRawBufferPointer) -> Bool {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        return count > 0 || count < 0 && (errno == EAGAIN || errno == EINTR)
    }

    /// Whether the peer has ended or broken the connection and nothing of what it sent is left to read.
    var isDrained: Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK))
        return count == 0 || count < 0 && errno != EAGAIN && errno != EINTR
    }

    var holdsBytes: Bool { false }

    /// True when the peer has ended an idle connection or sent something nobody asked for.
    var isStale: Bool {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, 0) != 0
    }

    /// Credentials of the peer of a Unix socket (unix(7), SO_PEERCRED: process, user and group as 32-bit integers).
    var peer: PeerCredentials? {
        var fields: [Int32] = [0, 0, 0]
        var length = socklen_t(12)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &fields, &length) == 0, length == 12, fields[0] > 0 else {
            return nil
        }
        return PeerCredentials(processID: fields[0], userID: UInt32(bitPattern: fields[1]))
    }

    private func waitOrFail(
        _ code: Int32, for events: Int16, until deadline: Duration, doing what: String
    ) throws(HTTPError) {
        switch code {
        case EINTR: return
        case EAGAIN:
            guard Sys.wait(descriptor, for: events, until: deadline) else {
                throw HTTPError(code: .timeout, what: "cannot \(what)", why: "nothing moved before the time ran out")
            }
        default: throw HTTPError(code: .closed, what: "cannot \(what)", why: String(cString: strerror(code)))
        }
    }
}
