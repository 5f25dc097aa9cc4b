import Testing

@testable import SyncLab

/// What seeds draw. Nothing is run.
@Suite struct WorkloadTests {
    private static let stories = (1...400).map { Workload.scenario(seed: UInt64($0)) }

    private func share(_ holds: (Action) -> Bool) -> Int {
        WorkloadTests.stories.count { story in story.steps.contains { holds($0.action) } } * 100
            / WorkloadTests.stories.count
    }

    @Test func `rights change in a third of the worlds and more, and rest in others`() {
        let share = share { action in
            switch action {
            case .system(.role), .system(.disable), .revoke: true
            default: false
            }
        }
        #expect(share >= 40 && share <= 75, "\(share) of a hundred")
    }

    @Test func `each kind of change comes often enough to be met, and none drowns the rest`() {
        #expect(share { if case .system(.role) = $0 { true } else { false } } >= 33)
        #expect(share { if case .system(.disable) = $0 { true } else { false } } >= 15)
        #expect(share { if case .system(.manager) = $0 { true } else { false } } >= 33)
        #expect(share { if case .system(.leave) = $0 { true } else { false } } >= 15)
        let steps = WorkloadTests.stories.flatMap(\.steps)
        let edits = steps.count { if case .edit = $0.action { true } else { false } }
        #expect(edits * 100 / steps.count >= 20, "\(edits) edits of \(steps.count) steps")
    }
}
