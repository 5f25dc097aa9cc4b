import PropertyKit
import SyncCore
import SyncProtocol
import Testing

private let limits = PullMachine.Limits()

/// At a checkpoint the server holds a request until there is something new; where it does not, the feed is polled.
@Suite struct PullHoldTests {
    private var chance = SeededGenerator(seed: 5)
    private var machine = PullMachine()

    @discardableResult
    private mutating func step(
        _ events: PullMachine.Event..., limits: PullMachine.Limits = limits
    ) -> [PullMachine.Effect] {
        var effects: [PullMachine.Effect] = []
        for event in events { effects = machine.step(event, limits: limits, using: &chance) }
        return effects
    }

    /// A held request is answered, and its page ends at a checkpoint.
    private mutating func answer(_ held: PullMachine.Held) -> [PullMachine.Effect] {
        step(.held(held), .pageKept(.nothing))
    }

    private func wait(_ effects: [PullMachine.Effect]) -> Duration? {
        for case .wake(let delay) in effects { return delay }
        return nil
    }

    @Test mutating func `a checkpoint is followed by a held request, with a timer beyond its time`() throws {
        let effects = step(.started, .greeted(.feedPage), .pageKept(.nothing))
        #expect(machine.state == .holding && effects.first == .reportCheckpoint)
        guard case .holdFeedPage(let seconds) = effects[1] else { return #expect(Bool(false), "\(effects)") }
        #expect((22...30).contains(seconds) && wait(effects) == .seconds(seconds + 15))
    }

    @Test mutating func `news and a time that is out are followed by the next held request at once`() {
        step(.started, .greeted(.feedPage), .pageKept(.nothing))
        for held in [PullMachine.Held.news, .waited, .news] {
            let effects = answer(held)
            #expect(machine.state == .holding && effects.count == 3, "\(held)")
        }
    }

    @Test mutating func `a server that holds nothing is asked once a rest`() {
        step(.started, .greeted(.feedPage), .pageKept(.nothing))
        for _ in 0..<3 {
            let effects = answer(.unheld)
            #expect(machine.state == .resting && effects.count == 2)
            #expect(wait(effects).map { $0 > .seconds(20) } == true)
            step(.timerFired)
            #expect(machine.state == .holding)
        }
    }

    @Test mutating func `a feed that never rests is asked ever more slowly, and at once again after a quiet time`() {
        step(.started, .greeted(.feedPage), .pageKept(.nothing))
        for count in 1...250 {
            let effects = answer(.news)
            if count <= 20 {
                #expect(machine.state == .holding)
            } else {
                let pause = Duration.milliseconds(count <= 200 ? 50 : 500)
                #expect(machine.state == .resting && wait(effects) == pause, "\(count)")
                step(.timerFired)
            }
        }
        for held in [PullMachine.Held.waited, .news] {
            _ = answer(held)
            #expect(machine.state == .holding)
        }
    }

    @Test mutating func `a sync that is asked for lets go of what is held and looks at once`() {
        step(.started, .greeted(.feedPage), .pageKept(.nothing))
        #expect(step(.poked) == [.letGo, .fetchFeedPage] && machine.state == .following)
    }

    @Test mutating func `what is about to come is waited for two seconds, and then looked for`() {
        step(.started, .greeted(.feedPage), .pageKept(.nothing))
        #expect(step(.nudged) == [.wake(after: .seconds(2))] && machine.state == .holding)
        #expect(step(.nudged) == [])
        var answered = machine
        #expect(step(.timerFired) == [.letGo, .fetchFeedPage])
        // A later hold has its own timer again.
        _ = answered.step(.held(.news), limits: limits, using: &chance)
        // The answer may be from before: one more look, and then the rest.
        let again = answered.step(.pageKept(.nothing), limits: limits, using: &chance)
        #expect(again == [.reportCheckpoint, .fetchFeedPage] && answered.state == .following)
        let effects = answered.step(.pageKept(.nothing), limits: limits, using: &chance)
        #expect(wait(effects).map { $0 > .seconds(30) } == true)
    }

    @Test mutating func `a held request that is lost is no failure before a plain one fails`() {
        step(.started, .greeted(.feedPage), .pageKept(.nothing))
        step(.failed(.transient(retryAfter: nil)))
        #expect(step(.timerFired) == [.fetchFeedPage] && machine.state == .following)
        var other = machine
        _ = other.step(.pageKept(.nothing), limits: limits, using: &chance)
        #expect(other.state == .holding)
        step(.failed(.transient(retryAfter: nil)))
        #expect(machine.state == .backingOff)
    }

    @Test mutating func `after a connection's end a plain request follows within two seconds, and not at once`() throws
    {
        var delays: Set<Duration> = []
        for seed in 1...20 as ClosedRange<UInt64> {
            (chance, machine) = (SeededGenerator(seed: seed), PullMachine())
            step(.started, .greeted(.feedPage), .pageKept(.nothing))
            #expect(!machine.isDoubtful)
            let effects = step(.failed(.transient(retryAfter: nil)))
            let delay = try #require(wait(effects))
            #expect(effects.count == 1 && machine.state == .resting && machine.isDoubtful)
            #expect((.seconds(1)...Duration.seconds(2)).contains(delay))
            delays.insert(delay)
            #expect(step(.timerFired) == [.fetchFeedPage] && !machine.isDoubtful)
            step(.pageKept(.nothing))
            #expect(machine.state == .holding && !machine.isDoubtful)
        }
        #expect(delays.count > 10)
    }

    @Test mutating func `who asks, or waits for something new, does not wait for a lost request`() {
        step(.started, .greeted(.feedPage), .pageKept(.nothing), .failed(.transient(retryAfter: nil)))
        var asked = machine
        #expect(asked.step(.poked, limits: limits, using: &chance) == [.fetchFeedPage])
        #expect(step(.nudged) == [.fetchFeedPage])
        step(.pageKept(.nothing), .nudged)
        #expect(step(.failed(.transient(retryAfter: nil))) == [.fetchFeedPage] && machine.state == .following)
    }

    @Test mutating func `a server's wish for quiet is obeyed while holding`() {
        step(.started, .greeted(.feedPage), .pageKept(.nothing))
        #expect(step(.failed(.transient(retryAfter: .seconds(90)))) == [.wake(after: .seconds(90))])
    }

    @Test(arguments: [PullMachine.Event.failed(.transient(retryAfter: nil)), .timerFired])
    mutating func `where held requests are lost again and again ever more rests go without`(lost: PullMachine.Event) {
        step(.started, .greeted(.feedPage), .pageKept(.nothing))
        var rests: [Int] = []
        for _ in 0..<9 {
            step(lost)
            if machine.isDoubtful { step(.timerFired) }
            step(.pageKept(.nothing))
            var count = 0
            while machine.state == .resting {
                count += 1
                step(.timerFired)
                if machine.state == .following { step(.pageKept(.nothing)) }
            }
            #expect(machine.state == .holding)
            rests.append(count)
        }
        #expect(rests == [0, 1, 2, 4, 8, 16, 32, 64, 64])
        // One that is answered clears the count.
        _ = answer(.waited)
        step(lost)
        if machine.isDoubtful { step(.timerFired) }
        step(.pageKept(.nothing))
        #expect(machine.state == .holding)
    }

    @Test mutating func `without holding the feed is polled, and a change of it acts from the next rest on`() {
        let plain = PullMachine.Limits(holds: false)
        step(.started, .greeted(.feedPage), .pageKept(.nothing), limits: plain)
        #expect(machine.state == .resting)
        #expect(step(.timerFired, limits: plain) == [.fetchFeedPage])
        step(.pageKept(.nothing))
        #expect(machine.state == .holding)
        step(.held(.unheld), .pageKept(.nothing))
        #expect(step(.timerFired, limits: plain) == [.fetchFeedPage])
    }

    @Test mutating func `a long interval is held in pieces that a server takes`() {
        let slow = PullMachine.Limits(restInterval: .seconds(3600))
        let effects = step(.started, .greeted(.feedPage), .pageKept(.nothing), limits: slow)
        #expect(effects.contains(.holdFeedPage(seconds: ProtocolLimits.waitSecondsMax)))
    }
}
