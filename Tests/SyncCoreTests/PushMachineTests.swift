import PropertyKit
import SyncCore
import Testing

private func machine(in state: PushMachine.State) -> PushMachine {
    var chance = SeededGenerator(seed: 1)
    var machine = PushMachine()
    let path: [PushMachine.Event] =
        switch state {
        case .stopped: []
        case .unmet: [.started]
        case .idle: [.started, .greeted, .nothingToSend]
        case .sending: [.started, .greeted]
        case .backingOff: [.started, .greeted, .failed(.transient(retryAfter: nil))]
        case .needsLogin: [.started, .greeted, .failed(.unauthenticated)]
        }
    for event in path { _ = machine.step(event, using: &chance) }
    return machine
}

private let events: [(name: String, event: PushMachine.Event)] = [
    ("started", .started), ("stopped", .stopped), ("greeted", .greeted), ("poked", .poked), ("timer", .timerFired),
    ("nothing", .nothingToSend), ("progress", .exchanged(madeProgress: true)),
    ("no progress", .exchanged(madeProgress: false)),
    ("fail", .failed(.transient(retryAfter: nil))), ("401", .failed(.unauthenticated)), ("final", .failed(.final)),
]

/// State × event → next state, written by hand. A dash = nothing happens.
private let table: [PushMachine.State: [String]] = [
    //          started  stopped    greeted    poked      timer      nothing progress  no progress   fail          401           final
    .stopped: ["unmet", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"],
    .unmet: ["-", "stopped", "sending", "-", "-", "-", "-", "-", "-", "-", "-"],
    .idle: ["-", "stopped", "sending", "sending", "-", "-", "-", "-", "-", "-", "-"],
    .sending: ["-", "stopped", "-", "-", "-", "idle", "-", "backingOff", "backingOff", "needsLogin", "backingOff"],
    .backingOff: ["-", "stopped", "sending", "sending", "sending", "-", "-", "-", "-", "-", "-"],
    .needsLogin: ["-", "stopped", "sending", "sending", "sending", "-", "-", "-", "-", "-", "-"],
]

@Suite struct PushMachineTests {
    @Test(arguments: PushMachine.State.allCases)
    func `every state answers every event as the table says`(state: PushMachine.State) throws {
        let row = try #require(table[state])
        try #require(row.count == events.count)
        for (column, (name, event)) in events.enumerated() {
            var chance = SeededGenerator(seed: 7)
            var subject = machine(in: state)
            try #require(subject.state == state)
            _ = subject.step(event, using: &chance)
            let expected = row[column] == "-" ? "\(state)" : row[column]
            #expect("\(subject.state)" == expected, "\(state) × \(name)")
        }
    }

    @Test func `nothing is sent before the server was greeted`() {
        var chance = SeededGenerator(seed: 1)
        var subject = machine(in: .unmet)
        #expect(subject.step(.poked, using: &chance).isEmpty)
        #expect(subject.step(.greeted, using: &chance) == [.sendNext])
    }

    @Test func `an edit saved while a push is in flight is sent right after it`() {
        var chance = SeededGenerator(seed: 1)
        var subject = machine(in: .sending)
        #expect(subject.step(.poked, using: &chance).isEmpty)
        #expect(subject.step(.exchanged(madeProgress: true), using: &chance) == [.sendNext])
        #expect(subject.step(.nothingToSend, using: &chance).isEmpty)
        #expect(subject.state == .idle)
    }

    @Test func `a poke that comes before nothing to send is not lost`() {
        var chance = SeededGenerator(seed: 1)
        var subject = machine(in: .sending)
        _ = subject.step(.poked, using: &chance)
        #expect(subject.step(.nothingToSend, using: &chance) == [.sendNext])
    }

    @Test func `a refused token sets a slow timer and counts no try`() throws {
        var chance = SeededGenerator(seed: 1)
        var subject = machine(in: .sending)
        let effects = subject.step(.failed(.unauthenticated), using: &chance)
        guard case .wake(let delay) = try #require(effects.first) else { return }
        #expect(effects.count == 1 && delay >= .seconds(225) && delay <= .seconds(300) && subject.backoff.failures == 0)
    }

    @Test func `a failed push is tried again without a further edit`() {
        var chance = SeededGenerator(seed: 1)
        var subject = machine(in: .sending)
        let effects = subject.step(.failed(.transient(retryAfter: nil)), using: &chance)
        guard case .wake = effects.first else {
            Issue.record("no timer after a failed push")
            return
        }
        #expect(subject.step(.timerFired, using: &chance) == [.sendNext])
    }
}

@Suite struct BackoffTests {
    @Test func `delays stay between the floor and the growing ceiling`() throws {
        try checkProperty("backoff bounds") { choices in
            var chance = SeededGenerator(seed: UInt64(choices.int(in: 0...1_000_000)))
            var backoff = Backoff()
            for failure in 1...choices.int(in: 1...40) {
                let delay = backoff.next(retryAfter: nil, using: &chance)
                let ceiling = min(Backoff.capMilliseconds, Backoff.floorMilliseconds << min(failure, 20))
                try #require(delay >= .milliseconds(Backoff.floorMilliseconds) && delay <= .milliseconds(ceiling))
            }
            backoff.reset()
            try #require(backoff.failures == 0)
        }
    }

    @Test func `a server's wish is bounded by an hour`() {
        var chance = SeededGenerator(seed: 5)
        var backoff = Backoff()
        #expect(backoff.next(retryAfter: .seconds(1_000_000), using: &chance) == .seconds(3600))
    }
}
