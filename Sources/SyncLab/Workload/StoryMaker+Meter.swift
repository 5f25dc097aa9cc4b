import PropertyKit

/// Links that cost by the byte, in some of the worlds. They are drawn apart, after everything else, so that the other
/// worlds stay what they were.
extension StoryMaker {
    mutating func meter() {
        chance = SeededGenerator(seed: Mix.of(seed, 401))
        guard percent(20) else { return }
        var changes: [Action] = []
        for name in names where percent(70) {
            let bytes = percent(25) ? nil : pick([1, 2_000, 6_000, 20_000, 60_000, 1_000_000])
            // From the beginning, so that the first load is metered too.
            if percent(60) {
                scenario.steps.insert(Scenario.Step(line: 0, action: .metered(name, dailyBytes: bytes)), at: 0)
            }
            for _ in 0..<pick(0...3) {
                changes.append(
                    pick([
                        .metered(name, dailyBytes: bytes), .metered(name, dailyBytes: nil), .unmetered(name),
                        .syncRecords(name), .syncRecords(name), .sync(name), .edit(name, wish()), .edit(name, wish()),
                    ]))
            }
            changes.append(.edit(name, wish()))
        }
        // The night, which gives another day's bytes.
        if percent(25) { changes.append(.wait(seconds: 34_000)) }
        guard let last = scenario.steps.lastIndex(where: { $0.action == .heal }) else { return }
        let first = scenario.steps.prefix { $0.action.isOfMeter }.count
        for action in changes {
            scenario.steps.insert(Scenario.Step(line: 0, action: action), at: pick(first...last))
        }
    }
}

extension Action {
    /// It says what a link costs.
    var isOfMeter: Bool {
        switch self {
        case .metered, .unmetered: true
        default: false
        }
    }
}
