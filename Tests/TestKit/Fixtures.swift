package import Diagnostics
import Synchronization

/// A clock that stands until it is moved.
package final class FixedClock: WallClock {
    private let state: Mutex<(wall: Int64, monotonic: Duration)>

    package init(seconds: Int64 = 1_795_000_000) { state = Mutex((seconds * 1_000_000, .seconds(1000))) }

    package func now() -> Instant { Instant(microseconds: state.withLock { $0.wall }) }
    package func monotonicNow() -> Duration { state.withLock { $0.monotonic } }

    /// Moves both clocks on.
    package func advance(seconds: Int64) {
        state.withLock { state in
            state.wall += seconds * 1_000_000
            state.monotonic += .seconds(seconds)
        }
    }
}

/// Chance that repeats itself.
package final class CountingChance: Chance {
    private let state: Mutex<UInt64>
    package init(seed: UInt64 = 1) { state = Mutex(seed) }
    package func next() -> UInt64 {
        state.withLock { value in
            value = value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return value ^ value >> 33
        }
    }
}
