import Glibc

/// A value behind a lock, with a condition to wait for.
///
/// `@unchecked Sendable`: `value` is touched only with `mutex` held.
package final class Monitor<Value: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var value: Value

    package init(_ value: Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Reads or changes the value; those who wait look again. They are woken once the lock is free, which they want
    /// next.
    package func withLock<Answer>(_ body: (inout Value) -> Answer) -> Answer {
        pthread_mutex_lock(mutex)
        let answer = body(&value)
        pthread_mutex_unlock(mutex)
        pthread_cond_broadcast(condition)
        return answer
    }

    /// Waits until `answer` gives something, and gives it; nil when `deadline` (monotonic clock; nil = none) passes.
    /// `answer` runs with the lock held and may change the value.
    package func wait<Answer>(until deadline: Duration?, _ answer: (inout Value) -> Answer?) -> Answer? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let found = answer(&value) { return found }
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            // A moment before the clock's beginning has passed; pthread_cond_timedwait(3p) would refuse it unwaited.
            let (seconds, attoseconds) = max(deadline, .zero).components
            var moment = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
            if pthread_cond_timedwait(condition, mutex, &moment) == ETIMEDOUT { return answer(&value) }
        }
    }
}
