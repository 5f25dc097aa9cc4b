package import Defects

/// Which planted bugs the checkers find, and how soon.
package enum Recall {
    /// What became of one planted bug.
    package struct Line: Sendable {
        package let defect: Defect
        /// Nil when no run found it.
        package let finding: Finding?
        /// Seeds run.
        package let seeds: Int
        /// A scenario that fails with the bug; nil when none was tried or none does.
        package var scenario: String?
    }

    /// The first run that broke a promise.
    package struct Finding: Sendable, Hashable {
        package let seed: UInt64
        /// The promises that were broken in that run.
        package let checkers: [String]
        package let why: String
    }

    /// Plants one defect and runs seeds from `first` until a promise is broken, at most `seedsMax`. A defect of a feature
    /// that is still to come is listed and never run.
    package static func line(of defect: Defect, first: UInt64 = 1, seedsMax: Int) throws -> Line {
        guard defect.missingFeature == nil else { return Line(defect: defect, finding: nil, seeds: 0) }
        for index in 0..<seedsMax {
            let seed = first + UInt64(index)
            let run = try Defect.$planted.withValue(defect) { try Lab.run(Workload.scenario(seed: seed), seed: seed) }
            let broken = run.verdicts.filter { if case .invalid = $0.verdict { true } else { false } }
            guard let told = broken.first else { continue }
            let finding = Finding(seed: seed, checkers: broken.map(\.name), why: "\(told.verdict)")
            return Line(defect: defect, finding: finding, seeds: index + 1)
        }
        return Line(defect: defect, finding: nil, seeds: seedsMax)
    }

    /// The first of some scenarios that fails with the defect planted; nil when all of them hold.
    package static func scenario(
        failingWith defect: Defect, among scenarios: [(name: String, folder: String, scenario: Scenario)]
    ) throws -> String? {
        for (name, folder, scenario) in scenarios {
            let runs = try Defect.$planted.withValue(defect) {
                try Lab.runAll(scenario, seed: 1, scenarioFolder: folder)
            }
            if runs.contains(where: { !$0.wrongs(strictly: false).isEmpty }) { return name }
        }
        return nil
    }

    /// The table of the docs, in the form of Markdown.
    package static func table(_ lines: [Line]) -> String {
        var text = "| planted bug | what is wrong | caught by | seeds | scenario |\n|---|---|---|---|---|\n"
        for line in lines {
            let caught: String
            switch (line.defect.missingFeature, line.finding) {
            case (let feature?, _): caught = "not yet: needs \(feature)"
            case (nil, let finding?): caught = finding.checkers.joined(separator: ", ")
            case (nil, nil): caught = "**missed**"
            }
            let seeds = line.defect.missingFeature == nil ? "\(line.seeds)" : "-"
            text +=
                "| `\(line.defect.rawValue)` | \(line.defect.summary) | \(caught) | \(seeds) | \(line.scenario ?? "-") |\n"
        }
        return text
    }
}
