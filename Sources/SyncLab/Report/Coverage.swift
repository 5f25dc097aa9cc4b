import SyncCore
import SyncEngine
import SyncProtocol

/// What runs have reached: states and events of the machines, faults, result codes, edit kinds.
package struct Coverage: Sendable {
    /// Cells with how often each was reached, in a fixed order. Pairs that the engine can't produce are left out: a reply's
    /// event in a state that has no such exchange, a start of what runs, anything but a start of what does not.
    package private(set) var cells: [(group: String, cell: String, count: Int)] = []
    private var index: [String: Int] = [:]
    private var impossible: Set<Int> = []

    package init() {
        for state in PullMachine.State.allCases {
            for event in Coverage.pullEvents { add("pull", "\(state) × \(event)") }
        }
        for state in PushMachine.State.allCases {
            for event in Coverage.pushEvents { add("push", "\(state) × \(event)") }
        }
        for lane in ["fill", "load"] {
            for state in FillMachine.State.allCases {
                for event in Coverage.fillEvents { add(lane, "\(state) × \(event)") }
            }
        }
        impossible = Set(cells.indices.filter { Coverage.isImpossible(cells[$0].group, cells[$0].cell) })
        for fault in Coverage.faults { add("fault", fault) }
        for code in ResultCode.allCases { add("result", code.rawValue) }
        for kind in [
            "set-budget", "adjust-budget", "freeze", "unfreeze", "set-discount", "cancel-discount", "decide-conflict",
        ] { add("edit", kind) }
        for phase in EngineStatus.Phase.allCases { add("phase", phase.rawValue) }
    }

    private static let pullEvents = [
        "started", "stopped", "poked", "timerFired", "greeted", "planReceived", "pageKept", "failed", "nudged", "held",
    ]
    private static let pushEvents = [
        "started", "stopped", "greeted", "poked", "timerFired", "nothingToSend", "exchanged", "failed",
    ]
    private static let fillEvents = [
        "started", "stopped", "poked", "urged", "timerFired", "pageKept", "nothingLeft", "failed", "pageCame",
    ]
    private static let faults = [
        "network refuse", "network drop", "network lose-reply", "network cut", "network cut-request", "network delay",
        "network delay-reply",
        "network duplicate",
        "network stale", "network portal", "network junk", "network status", "offline", "sleep", "kill", "power-loss",
        "server stop", "server kill",
        "server power-loss", "disk full", "disk error", "clock jump", "clock stopped", "token-revoked", "uses-token-of",
        "hold-reader", "metered", "unmetered", "sync-records", "system role", "system disable", "system enable",
        "system manager", "system leave",
        "system join",
    ]

    private mutating func add(_ group: String, _ cell: String) {
        index["\(group)/\(cell)"] = cells.count
        cells.append((group, cell, 0))
    }

    /// Where the cells of the machines begin; they stand by state and event.
    private let pullBase = 0
    private let pushBase = PullMachine.State.allCases.count * Coverage.pullEvents.count

    private let fillBase =
        PullMachine.State.allCases.count * Coverage.pullEvents.count
        + PushMachine.State.allCases.count * Coverage.pushEvents.count
    private var loadBase: Int { fillBase + FillMachine.State.allCases.count * Coverage.fillEvents.count }

    private mutating func hit(base: Int, _ offset: Int) { cells[base + offset].count += 1 }

    private mutating func hit(_ group: String, _ cell: String) {
        if let position = index["\(group)/\(cell)"] { cells[position].count += 1 }
    }

    /// Adds what a run of a scenario reached.
    package mutating func take(_ run: LabRun, of scenario: Scenario) {
        for step in scenario.steps {
            let words = step.action.text.split(separator: " ").map(String.init)
            let start = step.action.member == nil ? 0 : 1
            guard words.count > start else { continue }
            hit("fault", words[start])
            if words.count > start + 1 { hit("fault", words[start] + " " + words[start + 1]) }
        }
        for event in run.history.events {
            switch event.what {
            case .step(_, .pull(let state, let event, _)):
                hit(base: pullBase, state.ordinal * Coverage.pullEvents.count + Coverage.ordinal(event))
            case .step(_, .push(let state, let event, _)):
                hit(base: pushBase, state.ordinal * Coverage.pushEvents.count + Coverage.ordinal(event))
            case .step(_, .fill(let state, let event, _)):
                hit(base: fillBase, state.ordinal * Coverage.fillEvents.count + Coverage.ordinal(event))
            case .step(_, .load(let state, let event, _)):
                hit(base: loadBase, state.ordinal * Coverage.fillEvents.count + Coverage.ordinal(event))
            case .status(_, let status): hit("phase", status.phase.rawValue)
            case .judged(let judged):
                for result in judged.told ?? [] { hit("result", result.code.rawValue) }
                for edit in judged.edits { hit("edit", edit.kind) }
            default: break
            }
        }
    }

    /// The cells of a group that can be reached.
    package func possible(_ group: String) -> [(cell: String, count: Int)] {
        cells.indices.filter { cells[$0].group == group && !impossible.contains($0) }.map {
            (cells[$0].cell, cells[$0].count)
        }
    }

    private static func isImpossible(_ group: String, _ cell: String) -> Bool {
        let words = cell.split(separator: " ").map(String.init)
        guard words.count == 3, case (let state, let event) = (words[0], words[2]) else { return false }
        if state == "stopped" { return event != "started" }
        switch (group, event) {
        case (_, "started"): return true
        case ("pull", "greeted"): return state != "greeting"
        case ("pull", "planReceived"): return state != "planning"
        case ("pull", "held"): return state != "holding"
        case ("pull", "pageKept"): return !["loading", "following", "standingBy", "holding"].contains(state)
        case ("pull", "failed"):
            return !["greeting", "planning", "loading", "following", "standingBy", "holding"].contains(state)
        case ("pull", "timerFired"): return state == "blocked" || state == "standingBy"
        case ("push", "exchanged"), ("push", "nothingToSend"), ("push", "failed"): return state != "sending"
        case ("push", "timerFired"): return state == "unmet"
        case ("fill", "pageCame"): return true
        case ("fill", "pageKept"), ("fill", "nothingLeft"), ("fill", "failed"), ("load", "pageCame"),
            ("load", "nothingLeft"), ("load", "failed"):
            return state != "fetching"
        case ("fill", "timerFired"): return state != "backingOff"
        // A load that a metered link keeps back looks now and then whether it may go on.
        case ("load", "timerFired"): return state == "fetching"
        default: return false
        }
    }

    static func ordinal(_ event: PullMachine.Event) -> Int {
        switch event {
        case .started: 0
        case .stopped: 1
        case .poked: 2
        case .timerFired: 3
        case .greeted: 4
        case .planReceived: 5
        case .pageKept: 6
        case .failed: 7
        case .nudged: 8
        case .held: 9
        }
    }

    static func ordinal(_ event: PushMachine.Event) -> Int {
        switch event {
        case .started: 0
        case .stopped: 1
        case .greeted: 2
        case .poked: 3
        case .timerFired: 4
        case .nothingToSend: 5
        case .exchanged: 6
        case .failed: 7
        }
    }

    static func ordinal(_ event: FillMachine.Event) -> Int {
        switch event {
        case .started: 0
        case .stopped: 1
        case .poked: 2
        case .urged: 3
        case .timerFired: 4
        case .pageKept: 5
        case .nothingLeft: 6
        case .failed: 7
        case .pageCame: 8
        }
    }
}

extension CaseIterable where Self: Equatable {
    /// Place among all cases.
    var ordinal: Int { Self.allCases.enumerated().first { $0.element == self }?.offset ?? 0 }
}
