/// The hazards of the domain as a table: what meets what, in both orders, and what the rules make of it.
package struct HazardTable: Sendable {
    /// Hazards of coupons that are issued and reclaimed, which this product does not edit.
    package static let leftOut: Set<Int> = [19, 20, 21]
    package static let hazards = 1...24

    /// One story in one order.
    struct Row {
        let hazard: Int
        let title: String
        let first: String
        let second: String
        let scenario: String
    }

    private var rows: [Row] = []
    /// Stories that do not hold, a line each.
    package private(set) var failures: [String] = []

    package init() {}

    /// Runs a scenario in each of its orders and adds a line for each. One of no hazard adds nothing.
    package mutating func take(
        _ scenario: Scenario, name: String, scenarioFolder: String = ".", seed: UInt64 = 1
    ) throws {
        guard let hazard = scenario.hazard else { return }
        for run in try Lab.runAll(scenario, seed: seed, scenarioFolder: scenarioFolder) {
            for wrong in run.wrongs(strictly: false) { failures.append("\(name): \(wrong)") }
            let cells =
                run.order.isEmpty
                ? ["-", HazardTable.cells(scenario, run).joined(separator: "; ")]
                : run.order.map { HazardTable.cell($0, scenario, run) }
            rows.append(
                Row(
                    hazard: hazard, title: scenario.title, first: cells.first ?? "",
                    second: cells.dropFirst().joined(separator: "; "), scenario: name))
        }
    }

    /// Hazards that no scenario shows.
    package var missing: [Int] {
        HazardTable.hazards.filter { number in
            !HazardTable.leftOut.contains(number) && !rows.contains { $0.hazard == number }
        }
    }

    /// The table in the form of Markdown, by hazard and name.
    package var text: String {
        var text = "| hazard | what meets what | first | then | scenario |\n|---|---|---|---|---|\n"
        var titled: Set<String> = []
        for row in rows.enumerated().sorted(by: { ($0.element.hazard, $0.offset) < ($1.element.hazard, $1.offset) }) {
            let row = row.element
            // The second order of a story stands below the first and needs no names again.
            let isNew = titled.insert(row.scenario).inserted
            text += "| \(isNew ? "\(row.hazard)" : "") | \(isNew ? row.title : "") | \(row.first) | \(row.second) | "
            text += (isNew ? "`\(row.scenario)`" : "") + " |\n"
        }
        return text
    }

    // MARK: Cells

    /// The cells of all members that edit.
    private static func cells(_ scenario: Scenario, _ run: LabRun) -> [String] {
        let names = scenario.members.map(\.name).filter { !numbers(of: $0, in: scenario).isEmpty }
        return names.map { cell($0, scenario, run) }
    }

    private static func cell(_ name: String, _ scenario: Scenario, _ run: LabRun) -> String {
        guard name != Scenario.system else {
            let changes = scenario.steps.compactMap { step -> String? in
                guard case .later(let action) = step.action else { return nil }
                return action.text
            }
            return changes.joined(separator: "; ")
        }
        let fates = numbers(of: name, in: scenario).compactMap { Fate.of($0, by: name, in: run) }
        return "\(name): " + fates.map { "\($0.kind) \($0.text)" }.joined(separator: "; ")
    }

    /// Which edits of a member meet what the others do: those between the first line that takes somebody offline
    /// and the one that brings somebody back.
    static func numbers(of name: String, in scenario: Scenario) -> [Int] {
        var numbers: [Int] = []
        var (count, isApart) = (0, false)
        for action in scenario.steps.map(\.action) {
            if case .offline = action { isApart = true }
            if action.bringsBack { break }
            guard action.member == name else { continue }
            let made =
                switch action {
                case .edit, .decide, .resend, .undo: 1
                case .edits(_, let wishes, _): wishes.count
                default: 0
                }
            if isApart { numbers += (0..<made).map { count + 1 + $0 } }
            count += made
        }
        return numbers
    }
}

extension Action {
    fileprivate var bringsBack: Bool {
        switch self {
        case .online, .bothOrders: true
        default: false
        }
    }
}
