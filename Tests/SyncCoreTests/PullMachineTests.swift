import PropertyKit
import SyncCore
import Testing

private typealias Machine = PullMachine
private let limits = PullMachine.Limits()

/// A machine brought into each state by events alone.
private func machine(in state: PullMachine.State) -> PullMachine {
    var chance = SeededGenerator(seed: 1)
    var machine = PullMachine()
    let path: [PullMachine.Event] =
        switch state {
        case .stopped: []
        case .greeting: [.started]
        case .planning: [.started, .greeted(.snapshotPlan)]
        case .loading: [.started, .greeted(.snapshotPage)]
        case .following: [.started, .greeted(.feedPage)]
        case .standingBy: [.started, .greeted(.load)]
        case .resting: [.started, .greeted(.feedPage), .pageKept(.nothing), .held(.unheld), .pageKept(.nothing)]
        case .holding: [.started, .greeted(.feedPage), .pageKept(.nothing)]
        case .backingOff: [.started, .failed(.transient(retryAfter: nil))]
        case .needsLogin: [.started, .failed(.unauthenticated)]
        case .blocked: [.started, .failed(.final)]
        }
    for event in path { _ = machine.step(event, limits: limits, using: &chance) }
    return machine
}

private let events: [(name: String, event: PullMachine.Event)] = [
    ("started", .started), ("stopped", .stopped), ("poked", .poked), ("timer", .timerFired),
    ("greeted plan", .greeted(.snapshotPlan)), ("greeted feed", .greeted(.feedPage)),
    ("plan", .planReceived(.snapshotPage)),
    ("plan load", .planReceived(.load)), ("page load", .pageKept(.load)),
    ("page more", .pageKept(.feedPage)), ("page end", .pageKept(.nothing)), ("page later", .pageKept(.later)),
    ("fail", .failed(.transient(retryAfter: nil))),
    ("401", .failed(.unauthenticated)), ("resync", .failed(.resyncRequired)), ("final", .failed(.final)),
    ("nudged", .nudged), ("held", .held(.news)),
]

/// State × event → next state, written by hand. A dash = nothing happens.
private let table: [PullMachine.State: [String]] = [
    //            started     stopped    poked        timer        gr. plan    gr. feed     plan       plan load      page load     page more    page end  page later fail          401           resync        final    nudged    held
    .stopped: ["greeting", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"],
    .greeting: [
        "-", "stopped", "-", "-", "planning", "following", "-", "-", "-", "-", "-", "-", "backingOff", "needsLogin",
        "greeting", "blocked", "-", "-",
    ],
    .planning: [
        "-", "stopped", "-", "-", "-", "-", "loading", "standingBy", "-", "-", "-", "-", "backingOff", "needsLogin",
        "greeting", "blocked", "-", "-",
    ],
    .loading: [
        "-", "stopped", "-", "-", "-", "-", "-", "-", "standingBy", "following", "holding", "resting", "backingOff",
        "needsLogin", "greeting", "blocked", "-", "-",
    ],
    .following: [
        "-", "stopped", "-", "-", "-", "-", "-", "-", "standingBy", "-", "holding", "resting", "backingOff",
        "needsLogin", "greeting", "blocked", "-", "-",
    ],
    .standingBy: [
        "-", "stopped", "-", "-", "-", "-", "-", "-", "-", "following", "holding", "resting", "backingOff",
        "needsLogin", "greeting", "blocked", "-", "-",
    ],
    .resting: [
        "-", "stopped", "following", "holding", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "following",
        "-",
    ],
    .backingOff: [
        "-", "stopped", "greeting", "greeting", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "greeting",
        "-",
    ],
    .needsLogin: [
        "-", "stopped", "greeting", "greeting", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "greeting",
        "-",
    ],
    .blocked: [
        "-", "stopped", "greeting", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "greeting", "-",
    ],
    .holding: [
        "-", "stopped", "following", "following", "-", "-", "-", "-", "standingBy", "following", "-", "resting",
        "resting", "needsLogin", "greeting", "blocked", "-", "following",
    ],
]

@Suite struct PullMachineTests {
    @Test(arguments: PullMachine.State.allCases)
    func `every state answers every event as the table says`(state: PullMachine.State) throws {
        let row = try #require(table[state])
        try #require(row.count == events.count)
        for (column, (name, event)) in events.enumerated() {
            var chance = SeededGenerator(seed: 7)
            var subject = machine(in: state)
            try #require(subject.state == state)
            _ = subject.step(event, limits: limits, using: &chance)
            let expected = row[column] == "-" ? "\(state)" : row[column]
            #expect("\(subject.state)" == expected, "\(state) × \(name)")
        }
    }

    @Test func `a state with work left always holds an exchange or a timer`() throws {
        try checkProperty("no orphan work") { choices in
            var chance = SeededGenerator(seed: UInt64(choices.int(in: 0...1_000_000)))
            var subject = PullMachine()
            var hasExchange = false
            var hasTimer = false
            _ = subject.step(.started, limits: limits, using: &chance)
            hasExchange = true
            for _ in 0..<choices.int(in: 1...60) {
                let event = events[choices.int(in: 1...events.count - 1)].event
                let isReply =
                    switch event {
                    case .greeted, .planReceived, .pageKept, .failed: true
                    // It says how the reply came; what is in it comes next.
                    default: false
                    }
                if isReply, !hasExchange { continue }
                if event == .timerFired, !hasTimer { continue }
                let before = subject.state
                let effects = subject.step(event, limits: limits, using: &chance)
                if event == .timerFired { hasTimer = false }
                if isReply, before != subject.state || !effects.isEmpty { hasExchange = false }
                for effect in effects {
                    switch effect {
                    case .sayHello, .requestPlan, .fetchSnapshotPage, .fetchFeedPage, .holdFeedPage: hasExchange = true
                    case .letGo: hasExchange = false
                    case .wake: hasTimer = true
                    case .forgetImage, .reportCheckpoint: break
                    }
                }
                if subject.state == .stopped { return }
                // What stands by waits for the load lane, which holds one or the other.
                if subject.state == .blocked || subject.state == .standingBy { continue }
                try #require(hasExchange || hasTimer, "\(subject.state) after \(event)")
            }
        }
    }

    @Test func `a poke during an exchange leads to one more look before resting`() {
        var chance = SeededGenerator(seed: 3)
        var subject = machine(in: .following)
        #expect(subject.step(.poked, limits: limits, using: &chance).isEmpty)
        let effects = subject.step(.pageKept(.nothing), limits: limits, using: &chance)
        #expect(effects == [.reportCheckpoint, .fetchFeedPage])
        #expect(subject.state == .following)
    }

    @Test func `a resync forgets the image and begins anew at once, for it is no failure`() {
        var chance = SeededGenerator(seed: 3)
        var subject = machine(in: .following)
        _ = subject.step(.poked, limits: limits, using: &chance)
        let effects = subject.step(.failed(.resyncRequired), limits: limits, using: &chance)
        #expect(effects == [.forgetImage, .sayHello] && subject.state == .greeting)
        #expect(subject.backoff.failures == 0 && subject.resyncBackoff.failures == 0)
    }

    @Test func `a second resync before a checkpoint waits, and one after it does not`() {
        var chance = SeededGenerator(seed: 3)
        var subject = machine(in: .following)
        _ = subject.step(.failed(.resyncRequired), limits: limits, using: &chance)
        for event in [PullMachine.Event.greeted(.snapshotPlan), .planReceived(.snapshotPage), .pageKept(.feedPage)] {
            _ = subject.step(event, limits: limits, using: &chance)
        }
        var again = subject
        let effects = subject.step(.failed(.resyncRequired), limits: limits, using: &chance)
        #expect(effects.first == .forgetImage && effects.count == 2 && subject.state == .backingOff)
        // Being asked to sync does not make it the first time again.
        _ = subject.step(.poked, limits: limits, using: &chance)
        _ = subject.step(.failed(.resyncRequired), limits: limits, using: &chance)
        #expect(subject.state == .backingOff)
        for event in [PullMachine.Event.pageKept(.nothing), .timerFired, .failed(.resyncRequired)] {
            _ = again.step(event, limits: limits, using: &chance)
        }
        #expect(again.state == .greeting)
    }

    @Test func `resyncs that never reach a checkpoint are asked for ever more slowly`() throws {
        var chance = SeededGenerator(seed: 3)
        var subject = machine(in: .following)
        for _ in 0..<20 {
            _ = subject.step(.failed(.resyncRequired), limits: limits, using: &chance)
            if subject.state == .backingOff { _ = subject.step(.timerFired, limits: limits, using: &chance) }
            _ = subject.step(.greeted(.snapshotPlan), limits: limits, using: &chance)
            _ = subject.step(.planReceived(.snapshotPage), limits: limits, using: &chance)
            _ = subject.step(.pageKept(.feedPage), limits: limits, using: &chance)
            try #require(subject.state == .following)
        }
        #expect(subject.resyncBackoff.failures == 19 && subject.backoff.failures == 0)
        _ = subject.step(.pageKept(.nothing), limits: limits, using: &chance)
        #expect(subject.resyncBackoff.failures == 0 && !subject.hasBegunAnew)
    }

    @Test func `a server's wish for quiet outranks our own delay`() {
        var chance = SeededGenerator(seed: 3)
        var subject = machine(in: .following)
        let effects = subject.step(.failed(.transient(retryAfter: .seconds(400))), limits: limits, using: &chance)
        #expect(effects == [.wake(after: .seconds(400))])
    }
}
