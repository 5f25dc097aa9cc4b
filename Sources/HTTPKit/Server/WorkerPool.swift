import Synchronization
import ThreadKit

/// Threads that run jobs, as many as there are jobs up to a cap; past it jobs wait in order. A thread without a job
/// ends after a while.
final class WorkerPool: Sendable {
    typealias Job = @Sendable () -> Void

    private static let stackBytes = 512 * 1024
    private static let rest = Duration.seconds(5)

    /// Where a thread without a job waits for one.
    private final class Seat: Sendable {
        let job: Monitor<Job?>
        init(_ job: @escaping Job) { self.job = Monitor(job) }

        func take(until deadline: Duration?) -> Job? {
            job.wait(until: deadline) { job in
                defer { job = nil }
                return job
            }
        }
    }

    private struct State {
        var waiting: [Job] = []
        /// How many of `waiting` were taken.
        var taken = 0
        var seats: [Seat] = []
        var threads = 0
        var isClosed = false

        mutating func next() -> Job? {
            guard taken < waiting.count else { return nil }
            defer {
                taken += 1
                if taken == waiting.count {
                    waiting.removeAll(keepingCapacity: taken < 1024)
                    taken = 0
                } else if taken >= 1024, taken * 2 > waiting.count {
                    waiting.removeFirst(taken)
                    taken = 0
                }
            }
            return waiting[taken]
        }
    }

    private let threadsMax: Int
    private let state = Mutex(State())

    init(threadsMax: Int) { self.threadsMax = threadsMax }

    /// Whether a job would have to wait, or would soon.
    var isStrained: Bool { state.withLock { $0.threads - $0.seats.count > threadsMax / 2 } }

    /// Threads now, with and without a job.
    var threads: Int { state.withLock { $0.threads } }

    /// Has a job run. False when the system refuses the first thread, so that nobody would.
    func run(_ job: @escaping Job) -> Bool {
        let (seat, isToGrow): (Seat?, Bool) = state.withLock { state in
            // The last one to sit down is the warmest.
            if let seat = state.seats.popLast() { return (seat, false) }
            guard state.threads < threadsMax else {
                state.waiting.append(job)
                return (nil, false)
            }
            state.threads += 1
            return (nil, true)
        }
        if let seat {
            seat.job.withLock { $0 = job }
            return true
        }
        guard isToGrow else { return true }
        let first = Seat(job)
        guard let thread = WorkerThread(stackBytes: WorkerPool.stackBytes, { [self] in work(first) }) else {
            return state.withLock { state in
                state.threads -= 1
                if state.threads > 0 { state.waiting.append(job) }
                return state.threads > 0
            }
        }
        thread.detach()
        return true
    }

    /// Ends the threads that have no job, and every other one after its own.
    func close() {
        let seats = state.withLock { state in
            state.isClosed = true
            defer { state.seats.removeAll() }
            return state.seats
        }
        for seat in seats { seat.job.withLock { $0 = {} } }
    }

    /// A job is let go of before the next one is waited for: what it holds may be a connection.
    private func work(_ seat: Seat) {
        var job = seat.take(until: nil)
        while true {
            do {
                guard let now = job else { return }
                job = nil
                now()
            }
            job = next(seat)
        }
    }

    /// The next job; nil when the thread is to end, and is no longer counted.
    private func next(_ seat: Seat) -> Job? {
        let (found, isOver): (Job?, Bool) = state.withLock { state in
            if let job = state.next() { return (job, false) }
            if state.isClosed {
                state.threads -= 1
                return (nil, true)
            }
            state.seats.append(seat)
            return (nil, false)
        }
        if found != nil || isOver { return found }
        if let job = seat.take(until: Sys.monotonicNow + WorkerPool.rest) { return job }
        let hasLeft = state.withLock { state in
            guard let index = state.seats.firstIndex(where: { $0 === seat }) else { return false }
            state.seats.remove(at: index)
            state.threads -= 1
            return true
        }
        // Whoever took the seat away is about to lay a job on it.
        return hasLeft ? nil : seat.take(until: nil)
    }
}
