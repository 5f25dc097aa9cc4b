import Diagnostics

/// A moment by which what a test waits for has come, unless it never comes.
enum Moment {
    static var soon: Duration { SystemClock().monotonicNow() + .seconds(90) }
}
