/// A repeatable generator: xoshiro256** seeded through SplitMix64 (Blackman and Vigna, public domain algorithms).
///
/// Generated data and kept seeds depend on its output; it never changes.
package struct SeededGenerator: RandomNumberGenerator, Sendable, Hashable {
    private var s0: UInt64
    private var s1: UInt64
    private var s2: UInt64
    private var s3: UInt64

    /// The generator of a seed; every seed is valid.
    package init(seed: UInt64) {
        var mix = seed
        func next() -> UInt64 {
            mix &+= 0x9E37_79B9_7F4A_7C15
            var value = mix
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
        s0 = next()
        s1 = next()
        s2 = next()
        s3 = next()
    }

    /// The next number of the sequence.
    package mutating func next() -> UInt64 {
        let result = SeededGenerator.rotate(s1 &* 5, 7) &* 9
        let shifted = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = SeededGenerator.rotate(s3, 45)
        return result
    }

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
}
