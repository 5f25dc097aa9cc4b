import Glibc

/// Choices drawn for one case of a property, recorded so that a failure can be repeated and made smaller.
///
/// Every choice is one integer from 0 up; smaller means simpler. A replay gives recorded integers first and 0 after.
package struct Choices {
    /// What was drawn so far.
    package private(set) var drawn: [UInt64] = []
    private let replay: [UInt64]?
    private var generator: SeededGenerator

    /// Fresh choices of a seed.
    package init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        replay = nil
    }

    /// The choices of an earlier run.
    package init(replaying choices: [UInt64]) {
        generator = SeededGenerator(seed: 0)
        replay = choices
    }

    /// An integer from 0 to `limit`.
    private mutating func draw(upTo limit: UInt64) -> UInt64 {
        let value: UInt64
        if let replay {
            value = drawn.count < replay.count ? min(replay[drawn.count], limit) : 0
        } else {
            value = UInt64.random(in: 0...limit, using: &generator)
        }
        drawn.append(value)
        return value
    }

    /// An integer of the range; shrinks towards the lower bound.
    package mutating func int(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(draw(upTo: UInt64(range.upperBound - range.lowerBound)))
    }

    /// An integer of the range; shrinks towards the lower bound.
    package mutating func int64(in range: ClosedRange<Int64>) -> Int64 {
        let width = UInt64(bitPattern: range.upperBound &- range.lowerBound)
        return Int64(bitPattern: UInt64(bitPattern: range.lowerBound) &+ draw(upTo: width))
    }

    /// True in about `percent` of the cases; shrinks towards false.
    package mutating func bool(percent: Int = 50) -> Bool { draw(upTo: 99) >= UInt64(100 - percent) }

    /// One of a list that is not empty; shrinks towards the first.
    package mutating func element<Value>(of values: [Value]) -> Value {
        precondition(!values.isEmpty, "there is nothing to choose from")
        return values[int(in: 0...values.count - 1)]
    }

    /// Bytes, as many as the range allows.
    package mutating func bytes(count range: ClosedRange<Int>) -> [UInt8] {
        let count = int(in: range)
        return (0..<count).map { _ in UInt8(draw(upTo: 255)) }
    }

    /// A text of letters of several scripts, digits, spaces and quotes.
    package mutating func text(count range: ClosedRange<Int>) -> String {
        let letters = Array("ab Z09\"\\'/-_éßøжяЩ华为云客户اب日本語한국😀")
        let count = int(in: range)
        return String((0..<count).map { _ in element(of: letters) })
    }
}

/// Why a property does not hold: everything needed to see it again.
package struct PropertyFailure: Error, CustomStringConvertible {
    package let name: String
    package let seed: UInt64
    package let choices: [UInt64]
    package let cause: any Error

    package var description: String {
        "property '\(name)' fails with seed \(seed), shrunk to choices \(choices): \(cause); "
            + "repeat with FIELDBOOK_SEED=\(seed)"
    }
}

/// The seed that properties begin with: FIELDBOOK_SEED when it is a number, else a fixed one, so that a suite repeats
/// itself.
package var propertySeed: UInt64 { getenv("FIELDBOOK_SEED").flatMap { UInt64(String(cString: $0)) } ?? 20_261_121 }

/// Checks that `body` throws for none of `cases` drawn cases. A failing case is shrunk first. Case n has the seed plus n.
package func checkProperty(
    _ name: String, cases: Int = 200, seed: UInt64 = propertySeed, _ body: (inout Choices) throws -> Void
) throws {
    for index in 0..<cases {
        let caseSeed = seed &+ UInt64(index)
        var choices = Choices(seed: caseSeed)
        do { try body(&choices) } catch {
            let (smallest, cause) = shrink(choices.drawn, error, body)
            throw PropertyFailure(name: name, seed: caseSeed, choices: smallest, cause: cause)
        }
    }
}

/// Fewer choices first, then smaller ones from the left, as long as the body still fails. Bounded in tries.
private func shrink(
    _ choices: [UInt64], _ error: any Error, _ body: (inout Choices) throws -> Void
) -> ([UInt64], any Error) {
    var best = choices
    var cause = error
    var tries = 0
    let triesMax = 2_000
    func fails(_ candidate: [UInt64]) -> Bool {
        tries += 1
        var replay = Choices(replaying: candidate)
        do { try body(&replay) } catch {
            best = candidate
            cause = error
            return true
        }
        return false
    }
    var improved = true
    while improved, tries < triesMax {
        improved = false
        var width = best.count
        while width >= 1, tries < triesMax {
            var start = 0
            while start + width <= best.count, tries < triesMax {
                var candidate = best
                candidate.removeSubrange(start..<start + width)
                if fails(candidate) { improved = true } else { start += width }
            }
            width /= 2
        }
        for index in best.indices where index < best.count {
            var low: UInt64 = 0
            while low < best[index], tries < triesMax {
                var candidate = best
                candidate[index] = low + (best[index] - low) / 2
                if fails(candidate) { improved = true } else { low = candidate[index] + 1 }
            }
        }
    }
    return (best, cause)
}
