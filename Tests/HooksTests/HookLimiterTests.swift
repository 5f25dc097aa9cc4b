import Diagnostics
import Testing

@testable import Hooks

/// How many events of a kind are let through, and what stands for the others.
@Suite struct HookLimiterTests {
    private func event(_ kind: HookKind, _ seconds: Int64 = 0) -> HookEvent {
        HookEvent(kind, at: Instant(seconds: seconds))
    }

    @Test func `ten a minute pass, the newest stands for the rest, and kinds do not count for each other`() {
        var limiter = HookLimiter()
        let passed = (0..<25).filter { limiter.take(event(.conflict, $0), at: .seconds(100)) }
        #expect(Array(passed) == Array(0..<10))
        let other = limiter.take(event(.login), at: .seconds(101))
        #expect(other)
        #expect(limiter.nextDue == .seconds(160))
        let early = limiter.takeDue(at: .seconds(159))
        #expect(early.isEmpty)
        let due = limiter.takeDue(at: .seconds(160))
        #expect(due.map(\.event) == [.conflict] && due.map(\.summarised) == [15])
        #expect(due.map(\.at) == [Instant(seconds: 24).rfc3339])
        #expect(limiter.nextDue == nil)
        // The summary was the first of a new minute.
        let after = (0..<20).filter { limiter.take(event(.conflict, $0), at: .seconds(161)) }
        #expect(after.count == 9)
    }

    @Test func `after a quiet minute all is as at first`() {
        var limiter = HookLimiter()
        let first = (0..<10).filter { _ in limiter.take(event(.budget), at: .zero) }
        #expect(first.count == 10 && limiter.nextDue == nil)
        let second = (0..<12).filter { _ in limiter.take(event(.budget), at: .seconds(60)) }
        #expect(second.count == 10)
    }
}
