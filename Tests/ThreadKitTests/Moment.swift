import Diagnostics

/// Moments of the monotonic clock, which deadlines are given in.
enum Moment {
    static var now: Duration { SystemClock().monotonicNow() }
    /// Late enough for a loaded machine; waited for only when something is broken.
    static var soon: Duration { now + .seconds(90) }
}

enum Sizes {
    static let stackBytes = 256 * 1024
}
