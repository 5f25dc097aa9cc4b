import CLinux
import Glibc

/// The kernel's list of the sockets that are watched (epoll(7)).
///
/// A socket reports once and is silent until it is watched anew. Any thread may change what is watched; one waits.
final class EventQueue: Sendable {
    /// What happened to whom.
    struct Event {
        let id: UInt64
        let isReadable: Bool
        /// The peer sends nothing more, or the connection is broken.
        let hasEnded: Bool
    }

    /// What a socket is watched for. That it broke is told with the latter two.
    enum Interest {
        case nothing
        /// Bytes, or the end of them.
        case bytes
        /// The end, however many bytes lie before it.
        case end
    }

    private let descriptor: Int32
    private let waker: Int32

    /// The id that `wait` gives for `wake`.
    static let wakerID = UInt64.max
    static let eventsMax = 256

    init() throws(HTTPError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        waker = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0, waker >= 0,
            control(EPOLL_CTL_ADD, waker, EventQueue.wakerID, EPOLLIN.rawValue) == 0
        else { throw Sys.failure(errno, "cannot watch connections") }
    }

    deinit {
        close(descriptor)
        close(waker)
    }

    /// Watches a listener, which reports for as long as somebody waits to be taken in.
    func add(listener: Int32, _ id: UInt64) -> Bool { control(EPOLL_CTL_ADD, listener, id, EPOLLIN.rawValue) == 0 }

    func pause(listener: Int32, _ id: UInt64) { _ = control(EPOLL_CTL_MOD, listener, id, 0) }
    func goOn(listener: Int32, _ id: UInt64) { _ = control(EPOLL_CTL_MOD, listener, id, EPOLLIN.rawValue) }

    /// Takes a socket in, without watching it yet; false when the kernel has no room. Closing it takes it out.
    func add(_ socket: Int32, _ id: UInt64) -> Bool {
        control(EPOLL_CTL_ADD, socket, id, EventQueue.mask(.nothing)) == 0
    }

    /// Watches for one event. What has happened already counts.
    func watch(_ socket: Int32, _ id: UInt64, for interest: Interest) {
        _ = control(EPOLL_CTL_MOD, socket, id, EventQueue.mask(interest))
    }

    /// Ends the wait under way, or the next one.
    func wake() {
        var one: UInt64 = 1
        _ = write(waker, &one, 8)
    }

    /// Hands over what has happened, after waiting until something has or `deadline` passes; nil waits for ever.
    func wait(until deadline: Duration?, _ body: (Event) -> Void) {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: EventQueue.eventsMax) { events in
            let count = epoll_wait(
                descriptor, events.baseAddress, Int32(EventQueue.eventsMax), EventQueue.milliseconds(until: deadline))
            guard count > 0 else { return }
            for event in events[..<Int(count)] {
                if event.data.u64 == EventQueue.wakerID {
                    var count: UInt64 = 0
                    _ = read(waker, &count, 8)
                }
                let endings = EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue
                body(
                    Event(
                        id: event.data.u64, isReadable: event.events & EPOLLIN.rawValue != 0,
                        hasEnded: event.events & endings != 0))
            }
        }
    }

    private static func milliseconds(until deadline: Duration?) -> Int32 {
        guard let deadline else { return -1 }
        let (seconds, attoseconds) = max(.zero, deadline - Sys.monotonicNow).components
        // Rounded up: a wait that ends too early would be begun again and again.
        return Int32(min(seconds, 3600) * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    private static func mask(_ interest: Interest) -> UInt32 {
        switch interest {
        case .nothing: EPOLLONESHOT.rawValue
        case .bytes: EPOLLONESHOT.rawValue | EPOLLIN.rawValue | EPOLLRDHUP.rawValue
        case .end: EPOLLONESHOT.rawValue | EPOLLRDHUP.rawValue
        }
    }

    private func control(_ operation: Int32, _ socket: Int32, _ id: UInt64, _ mask: UInt32) -> Int32 {
        var event = epoll_event()
        event.events = mask
        event.data.u64 = id
        return epoll_ctl(descriptor, operation, socket, &event)
    }
}
