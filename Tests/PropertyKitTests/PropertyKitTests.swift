import PropertyKit
import Testing

@Suite struct PropertyKitTests {
    @Test func `the generator's first numbers are pinned, because generated data depends on them`() {
        var generator = SeededGenerator(seed: 42)
        #expect(
            [generator.next(), generator.next(), generator.next()] == [
                1_546_998_764_402_558_742, 6_990_951_692_964_543_102, 12_544_586_762_248_559_009,
            ])
    }

    @Test func `the same seed gives the same choices`() {
        var first = Choices(seed: 5)
        var second = Choices(seed: 5)
        for _ in 0..<50 { #expect(first.int(in: -1000...1000) == second.int(in: -1000...1000)) }
        #expect(first.text(count: 1...20) == second.text(count: 1...20))
    }

    @Test func `a failing property is shrunk to its smallest case`() throws {
        do {
            try checkProperty("no number reaches 100") { choices in
                let numbers = (0..<choices.int(in: 0...20)).map { _ in choices.int(in: 0...1000) }
                struct Large: Error {}
                if numbers.contains(where: { $0 >= 100 }) { throw Large() }
            }
            Issue.record("the planted failure was not found")
        } catch let failure as PropertyFailure {
            #expect(failure.choices == [1, 100])
            #expect(failure.description.contains("seed"))
        }
    }

    @Test func `a replay of choices gives them again`() {
        var drawn = Choices(seed: 9)
        let values = (0..<10).map { _ in drawn.int(in: 0...500) }
        var again = Choices(replaying: drawn.drawn)
        #expect((0..<10).map { _ in again.int(in: 0...500) } == values)
    }
}
