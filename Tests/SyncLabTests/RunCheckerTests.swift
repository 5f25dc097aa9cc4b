import SyncCore
import SyncEngine
import SyncProtocol
import Testing

@testable import SyncLab

/// The checkers of a run as a whole: tokens, queues, requests, status.
@Suite struct RunCheckerTests {
    private func request(_ agent: Int, account: String?, replica: String?) -> History.What {
        .request(
            agent: agent,
            RequestMark(
                lane: .push, path: "/sync/v1/push", account: account, replica: replica, ownReplica: "r", edits: []))
    }

    @Test func `S11: a queue goes out under its own replica and its own member's token`() {
        expectValid(
            OwnQueueOwnToken(), [request(0, account: "ann", replica: "r"), request(0, account: nil, replica: "r")])
        // A page may be asked for with any token.
        expectValid(OwnQueueOwnToken(), [request(0, account: "ben", replica: nil)])
        expectViolation(
            OwnQueueOwnToken(), [request(0, account: "ben", replica: "r")], at: 1,
            "ann sends its queue with the token of ben")
        expectViolation(
            OwnQueueOwnToken(), [request(1, account: "ben", replica: "other")], at: 1, "ben sends for the replica other"
        )
    }

    @Test func `L2: every queue is empty at the end, or says whom it waits for`() {
        let checker = QueuesDrain()
        let end = History.What.ended(settled: true)
        expectValid(checker, [.outbox(.edit(1, "settled"), .edit(2, "dead")), .status(), end])
        for state in ["saved", "sent", "waiting", "resulted"] {
            expectViolation(
                checker, [.outbox(.edit(1, state)), .status(), end], at: 3, "edit 1 of ann is still \(state)")
        }
        expectValid(
            checker,
            [
                .outbox(.edit(1, "held"), .edit(2, "saved", after: 1), .edit(3, "saved", after: 2)),
                .status(.needsPerson), end,
            ])
        expectViolation(
            checker, [.outbox(.edit(1, "held"), .edit(2, "saved")), .status(.needsPerson), end], at: 3, "edit 2")
        expectValid(checker, [.outbox(.edit(1, "saved")), .status(.needsLogin), end])
        expectValid(checker, [.outbox(.edit(1, "saved")), .status(.stopped), end])
        expectViolation(checker, [.outbox(.edit(1, "saved")), .status(.blocked), end], at: 3, "edit 1")
        expectValid(
            checker, [request(0, account: "ben", replica: nil), .outbox(.edit(1, "saved")), .status(.blocked), end])
        let unknown = Verdict.unknown(why: "the run did not settle at its end")
        #expect(checker.check(HistoryMaker.history([.outbox(.edit(1, "saved")), .status()])) == unknown)
        #expect(checker.check(HistoryMaker.history([end, .accepted(agent: 0, number: 2, payload: 1)])) == unknown)
    }

    @Test func `L3: requests need reasons`() {
        let request = request(0, account: "ann", replica: nil)
        let resting = [History.What](repeating: request, count: NoHotLoop.restingMax)
        expectValid(NoHotLoop(), resting)
        expectViolation(NoHotLoop(), resting + [request], at: 201, "ann asked 201 times in an hour with 0 reasons")
        let more = [History.What](repeating: request, count: NoHotLoop.perReason)
        expectValid(NoHotLoop(), [.stimulus(agent: 0)] + resting + more)
        expectViolation(NoHotLoop(), [.stimulus(agent: 1)] + resting + more, at: 202, "0 reasons")
        expectViolation(
            NoHotLoop(), [.healed] + resting + more + [request], at: 242, "241 times in an hour with 1 reasons")
        // A commit without rows is no news to anybody.
        expectViolation(NoHotLoop(), [.truth(1, [])] + resting + [request], at: 202, "0 reasons")
        expectValid(NoHotLoop(), [.truth(1, [.row(.budget, 7, 1)])] + resting + [request])
        // An hour later the count begins anew.
        expectValid(NoHotLoop(), resting + [History.What](repeating: .healed, count: 3600) + resting)
    }

    @Test func `L5: the status counts what there is`() {
        let checker = StatusIsTrue()
        expectValid(checker, [.outbox(.edit(1, "settled"), .edit(2, "discarded")), .status()])
        let three: [History.What] = [.outbox(.edit(1, "held"), .edit(2, "saved", after: 1), .edit(3, "dead"))]
        expectValid(checker, three + [.status(.needsPerson, unsettled: 2, held: 1, dead: 1)])
        for (unsettled, held, dead) in [(1, 1, 1), (2, 0, 1), (2, 1, 0), (3, 1, 1)] {
            expectViolation(
                checker, three + [.status(.needsPerson, unsettled: unsettled, held: held, dead: dead)], at: 2,
                "it counts \(unsettled) open, \(held) held, \(dead) dead; there are 2, 1, 1")
        }
        // Before the first look it says nothing yet.
        expectValid(checker, three + [.status(.starting)])
    }

    @Test func `L5: in sync, sending and needs-person mean what they say`() {
        let checker = StatusIsTrue()
        let one: [History.What] = [.outbox(.edit(1, "saved"))]
        expectViolation(checker, one + [.status(unsettled: 1)], at: 2, "ann says in-sync: 1 edits are open and 0 dead")
        expectViolation(
            checker, [.status(pull: .following, flights: (true, false))], at: 1,
            "ann says in-sync: the pull side is following")
        expectViolation(checker, [.status(hasProblem: true)], at: 1, "the last exchange failed")
        expectViolation(checker, [.status(.needsPerson)], at: 1, "nothing waits for a person")
        expectViolation(checker, [.status(.sending)], at: 1, "nothing is to be sent")
        expectViolation(
            checker, one + [.status(.sending, unsettled: 1, timers: (false, false))], at: 2, "nothing is under way")
        expectValid(checker, one + [.status(.sending, unsettled: 1, push: .sending, flights: (false, true))])
    }

    @Test func `L5: no state is without what will end it`() {
        let checker = StatusIsTrue()
        for pull in [.greeting, .planning, .loading, .following] as [PullMachine.State] {
            expectViolation(
                checker, [.status(.syncing, pull: pull)], at: 1, "the pull side is \(pull) without an exchange")
            expectValid(checker, [.status(.syncing, pull: pull, flights: (true, false))])
        }
        for pull in [.resting, .backingOff, .needsLogin] as [PullMachine.State] {
            expectViolation(
                checker, [.status(.offline, pull: pull, timers: (false, false))], at: 1,
                "the pull side is \(pull) without a timer")
        }
        expectViolation(
            checker, [.status(.loading, pull: .standingBy)], at: 1, "the pull side waits for a load that rests")
        expectViolation(
            checker, [.status(.loading, pull: .standingBy, load: .fetching)], at: 1,
            "a load is fetched without an exchange")
        expectViolation(
            checker, [.status(.loading, pull: .standingBy, load: .backingOff)], at: 1,
            "a load backs off without a timer")
        expectValid(checker, [.status(.loading, pull: .standingBy, load: .fetching, isLoadUnderWay: true)])
        expectValid(checker, [.status(.blocked, pull: .blocked, timers: (false, false))])
        expectViolation(
            checker, [.status(.syncing, push: .sending)], at: 1, "the push side is sending without an exchange")
        expectViolation(
            checker, [.status(.syncing, push: .backingOff)], at: 1, "the push side backs off without a timer")
        expectValid(checker, [.status(.syncing, push: .backingOff, timers: (true, true))])
    }

    @Test func `L5: what a metered link keeps back is said, and never called in sync`() {
        let checker = StatusIsTrue()
        var metering = Metering()
        metering.isMetered = true
        expectViolation(
            checker, [.status(.metered, load: .fetching, metering: metering)], at: 1, "nothing is kept back")
        metering.recordsWait = true
        expectValid(checker, [.status(.metered, metering: metering)])
        for phase in [EngineStatus.Phase.inSync, .needsPerson] {
            expectViolation(checker, [.status(phase, metering: metering)], at: 1, "a metered link keeps something back")
        }
    }

    @Test func `L6: bill records go over a metered link when asked for or when the feed needs them, decisions always`()
    {
        let checker = KeepsToAllowance()
        func page(_ lane: Lane, _ path: String) -> History.What {
            .request(
                agent: 0,
                RequestMark(lane: lane, path: path, account: "ann", replica: nil, ownReplica: "r", edits: []))
        }
        let (part, joined) = (page(.load, "/sync/v1/snapshot/rows"), page(.fill, "/sync/v1/joined"))
        let metered = History.What.link(agent: 0, isMetered: true)
        let wrong = "fetches bill records over a metered link"
        expectValid(checker, [part, joined, metered, page(.pull, "/sync/v1/changes"), page(.fill, "/sync/v1/push")])
        expectViolation(checker, [metered, part], at: 2, wrong)
        expectViolation(checker, [metered, joined], at: 2, wrong)
        expectViolation(checker, [.recordsAsked(agent: 0), metered, .status(.metered), part], at: 4, wrong)
        expectValid(checker, [metered, .recordsAsked(agent: 0), part, .link(agent: 0, isMetered: false), joined])
        let standing = MachineStep.pull(from: .greeting, on: .greeted(.load), to: .standingBy)
        expectValid(checker, [metered, .step(agent: 0, standing), part])
        let label: [History.What] = [metered, .outbox(.edit(1, "saved", register: "label"))]
        expectValid(checker, label + [.status(.metered, unsettled: 1)])
        let freeze: [History.What] = [metered, .outbox(.edit(1, "saved", register: "freezes"))]
        expectViolation(checker, freeze + [.status(.metered, unsettled: 1)], at: 3, "waits although it may go")
        expectValid(checker, freeze + [.status(.sending, unsettled: 1, push: .sending)])
        expectValid(checker, [.outbox(.edit(1, "held"), .edit(2, "saved", after: 1)), metered, .status(.needsPerson)])
    }

    @Test func `every promise has a checker of its own name, and a moment is told in hours`() {
        let names = Checkers.all.map(\.name)
        #expect(Set(names).count == names.count && names.count == 19)
        #expect(Checkers.all.allSatisfy { !$0.promise.isEmpty })
        #expect("\(Verdict.invalid(at: 3_723_004_999, why: "x"))" == "violated at 1:02:03.004: x")
        #expect(Verdict.unknown(why: "x") != .valid)
    }
}
