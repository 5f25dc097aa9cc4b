import Diagnostics

/// Chance handed in, in the form that the standard library draws from.
struct ChanceGenerator: RandomNumberGenerator {
    let source: any Chance
    mutating func next() -> UInt64 { source.next() }
}
