/// How long things took, counted into fixed bounds.
package struct Histogram: Sendable, Hashable {
    /// Upper bounds in seconds: from a reply out of memory to a page over a bad link.
    package static let bounds = [0.001, 0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 120]

    /// For each bound, what was longer than the one before and not longer than it.
    package private(set) var counts = [Int64](repeating: 0, count: bounds.count)
    /// All that was counted, past the last bound too.
    package private(set) var count: Int64 = 0
    /// The sum of all of it.
    package private(set) var seconds = 0.0

    package init() {}

    package mutating func observe(_ duration: Duration) {
        let (whole, attoseconds) = duration.components
        let taken = max(0, Double(whole) + Double(attoseconds) / 1e18)
        count += 1
        seconds += taken
        if let index = Histogram.bounds.firstIndex(where: { taken <= $0 }) { counts[index] += 1 }
    }
}
