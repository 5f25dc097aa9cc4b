#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Full-jitter exponential backoff: the n-th delay is drawn evenly from the floor to min(cap, base × 2^n).
///
/// Source of the form: the "full jitter" variant of exponential backoff; bounds 1 s and 5 min.
package struct Backoff: Sendable, Hashable {
    package static let floorMilliseconds: Int64 = 1_000
    package static let capMilliseconds: Int64 = 300_000

    /// Failures since the last success.
    package private(set) var failures = 0

    package init() {}

    /// The delay after one more failure. A server's `retryAfter` outranks our own draw and is bounded by one hour.
    package mutating func next(
        retryAfter: Duration?, using chance: inout some RandomNumberGenerator
    ) -> Duration {
        failures += 1
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .brokenBackoff { return .milliseconds(1) }
        #endif
        let shift = min(failures, 20)
        let ceiling = min(Backoff.capMilliseconds, Backoff.floorMilliseconds << shift)
        let drawn = Duration.milliseconds(Int64.random(in: Backoff.floorMilliseconds...ceiling, using: &chance))
        guard let retryAfter else { return drawn }
        return min(max(retryAfter, drawn), .seconds(3600))
    }

    /// A success or a new link: begin again.
    package mutating func reset() { failures = 0 }
}

/// A delay of `interval` less up to a quarter, so that many agents do not come at once.
package func jittered(_ interval: Duration, using chance: inout some RandomNumberGenerator) -> Duration {
    let milliseconds = interval.components.seconds * 1000 + interval.components.attoseconds / 1_000_000_000_000_000
    return .milliseconds(milliseconds - Int64.random(in: 0...max(0, milliseconds / 4), using: &chance))
}
