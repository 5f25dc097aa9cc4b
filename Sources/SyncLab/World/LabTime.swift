import Diagnostics

/// The moment of a run, in microseconds since it began. The one clock of a world; every other is made of it.
///
/// `@unchecked Sendable`: a world lives on one thread.
final class LabTime: @unchecked Sendable {
    var now: Int64 = 0
}

/// The clock of one machine of the world: right, wrong by an offset, or stopped.
final class LabClock: WallClock, @unchecked Sendable {
    /// 2026-03-31T15:40:00Z, twenty minutes before a billing cycle ends in Beijing.
    static let start = Instant(seconds: CivilDate.days(year: 2026, month: 3, day: 31) * 86_400 + 15 * 3600 + 40 * 60)

    private let time: LabTime
    private var offset: Int64 = 0
    private var stoppedAt: Instant?

    init(_ time: LabTime) { self.time = time }

    func now() -> Instant { stoppedAt ?? Instant(microseconds: LabClock.start.microseconds + time.now + offset) }
    func monotonicNow() -> Duration { .microseconds(time.now) }

    func take(_ fault: ClockFault) {
        switch fault {
        case .jump(let seconds): offset += Int64(seconds) * 1_000_000
        case .stopped: stoppedAt = now()
        case .right: (offset, stoppedAt) = (0, nil)
        }
    }
}

/// Chance of one machine, drawn from a seed of its own.
final class LabChance: Chance, @unchecked Sendable {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Mix.word(state)
    }
}

/// Mixing of 64-bit words, for seeds that follow from one another and for the hash of a trace.
enum Mix {
    /// The finishing step of SplitMix64 (Steele, Lea, Flood 2014).
    static func word(_ value: UInt64) -> UInt64 {
        var word = value
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    static func of(_ seed: UInt64, _ parts: UInt64...) -> UInt64 {
        var mixed = seed
        for part in parts { mixed = word(mixed &+ 0x9E37_79B9_7F4A_7C15 ^ part) }
        return mixed
    }

    /// The FNV-1a hash of bytes (Fowler, Noll, Vo; 64 bits).
    static func bytes(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return hash
    }

    static func text(_ text: String) -> UInt64 { bytes(text.utf8) }
}
