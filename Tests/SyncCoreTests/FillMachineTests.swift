import PropertyKit
import SyncCore
import Testing

/// A machine brought into each state by events alone.
private func machine(in state: FillMachine.State) -> FillMachine {
    var chance = SeededGenerator(seed: 1)
    var machine = FillMachine()
    let path: [FillMachine.Event] =
        switch state {
        case .stopped: []
        case .idle: [.started]
        case .fetching: [.started, .poked]
        case .backingOff: [.started, .poked, .failed(.transient(retryAfter: nil))]
        }
    for event in path { _ = machine.step(event, using: &chance) }
    return machine
}

private let events: [(name: String, event: FillMachine.Event)] = [
    ("started", .started), ("stopped", .stopped), ("poked", .poked), ("urged", .urged), ("timer", .timerFired),
    ("page came", .pageCame), ("page", .pageKept),
    ("nothing left", .nothingLeft), ("fail", .failed(.transient(retryAfter: nil))), ("local", .failed(.local)),
    ("401", .failed(.unauthenticated)), ("resync", .failed(.resyncRequired)), ("final", .failed(.final)),
]

/// State × event → next state and what is done, written by hand. A dash = nothing happens; `+` = fetch, `~` = wake.
private let table: [FillMachine.State: [String]] = [
    //         started  stopped    poked        urged        timer        page came    page         nothing  fail           local          401     resync   final
    .stopped: ["idle", "stopped", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"],
    .idle: ["-", "stopped", "fetching+", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"],
    .fetching: [
        "-", "stopped", "-", "-", "-", "fetching+", "fetching+", "idle", "backingOff~", "backingOff~", "idle", "idle",
        "idle",
    ],
    .backingOff: ["-", "stopped", "-", "fetching+", "fetching+", "-", "backingOff", "-", "-", "-", "-", "-", "-"],
]

@Suite struct FillMachineTests {
    @Test(arguments: FillMachine.State.allCases)
    func `every state answers every event as the table says`(state: FillMachine.State) throws {
        let row = try #require(table[state])
        try #require(row.count == events.count)
        for (column, (name, event)) in events.enumerated() {
            var chance = SeededGenerator(seed: 7)
            var subject = machine(in: state)
            try #require(subject.state == state)
            let before = subject
            let effects = subject.step(event, using: &chance)
            let done = effects.map { effect in
                switch effect {
                case .fetchPage: "+"
                case .wake: "~"
                }
            }
            let found = "\(subject.state)\(done.joined())"
            let isSo = row[column] == "-" ? subject == before && effects.isEmpty : found == row[column]
            #expect(isSo, "\(state) × \(name)")
        }
    }

    @Test func `it never has two pages in flight, and what backs off holds a timer`() throws {
        try checkProperty("one page at a time") { choices in
            var chance = SeededGenerator(seed: UInt64(choices.int(in: 0...1_000_000)))
            var subject = FillMachine()
            var (inFlight, timers) = (0, 0)
            _ = subject.step(.started, using: &chance)
            for _ in 0..<choices.int(in: 1...60) {
                let event = choices.element(of: events).event
                let isReply =
                    switch event {
                    case .pageCame, .pageKept, .nothingLeft, .failed: true
                    default: false
                    }
                if isReply, inFlight == 0 { continue }
                if event == .timerFired, timers == 0 { continue }
                if isReply { inFlight = 0 }
                if event == .timerFired { timers -= 1 }
                // Its timer runs on and finds nothing to do; the next one takes its place.
                if event == .urged, !subject.isPausedByServer { timers = 0 }
                if event == .stopped { (inFlight, timers) = (0, 0) }
                for effect in subject.step(event, using: &chance) {
                    switch effect {
                    case .fetchPage: inFlight += 1
                    case .wake: timers += 1
                    }
                }
                try #require(inFlight == (subject.state == .fetching ? 1 : 0), "\(subject.state) after \(event)")
                try #require(timers == (subject.state == .backingOff ? 1 : 0), "\(subject.state) after \(event)")
            }
        }
    }

    @Test func `failures are asked again ever more slowly, and a page that comes begins anew`() {
        var chance = SeededGenerator(seed: 3)
        var subject = machine(in: .fetching)
        for count in 1...8 {
            _ = subject.step(.failed(.transient(retryAfter: nil)), using: &chance)
            #expect(subject.backoff.failures == count)
            _ = subject.step(.timerFired, using: &chance)
        }
        _ = subject.step(.pageKept, using: &chance)
        #expect(subject.backoff.failures == 0)
        _ = subject.step(.failed(.local), using: &chance)
        #expect(subject.backoff.failures == 1)
    }

    @Test func `a page that came and is not kept is no progress, one that is kept late is`() {
        var chance = SeededGenerator(seed: 3)
        var subject = machine(in: .fetching)
        for count in 1...8 {
            #expect(subject.step(.pageCame, using: &chance) == [.fetchPage])
            _ = subject.step(.failed(.local), using: &chance)
            #expect(subject.backoff.failures == count)
            if count < 8 { _ = subject.step(.timerFired, using: &chance) }
        }
        #expect(subject.step(.pageKept, using: &chance).isEmpty && subject.state == .backingOff)
        #expect(subject.backoff.failures == 0)
    }

    @Test func `a checkpoint does not cut a delay short`() {
        var chance = SeededGenerator(seed: 3)
        var subject = machine(in: .backingOff)
        #expect(subject.step(.poked, using: &chance).isEmpty)
        #expect(subject.step(.timerFired, using: &chance) == [.fetchPage])
    }

    @Test func `a server's wish for quiet outranks our own delay`() {
        var chance = SeededGenerator(seed: 3)
        var subject = machine(in: .fetching)
        let effects = subject.step(.failed(.transient(retryAfter: .seconds(400))), using: &chance)
        #expect(effects == [.wake(after: .seconds(400))])
    }
}
