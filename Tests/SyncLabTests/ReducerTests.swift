import Defects
import Testing

@testable import SyncLab

@Suite struct ReducerTests {
    @Test func `a failing seed becomes a short story that fails for the same reason`() throws {
        try Defect.$planted.withValue(.blindOverwrite) {
            let seed = try #require(Recall.line(of: .blindOverwrite, seedsMax: 30).finding?.seed)
            let scenario = Workload.scenario(seed: seed)
            let failure = try #require(Reducer.failure(of: Lab.run(scenario, seed: seed)))
            #expect(failure == .promise("model"))
            let small = try #require(Reducer.reduce(scenario, seed: seed, runsMax: 60))
            #expect(small.steps.count * 2 < scenario.steps.count && small.members.count <= scenario.members.count)
            // What is printed is read back, and fails alike.
            let read = try ScenarioParser.parse(small.text)
            #expect(read.steps.map(\.action) == small.steps.map(\.action))
            let again = try Lab.run(read, seed: seed)
            #expect(Reducer.failure(of: again) == failure)
        }
        // Without the bug the short story holds.
        #expect(Reducer.reduce(Workload.scenario(seed: 1), seed: 1, runsMax: 1) == nil)
    }

    private static let story = """
        scenario "the expectation is wrong"
        customer acme reseller budget 500 bills 3
        customer blue referral
        member ann administrator
        member ben operator
        member two administrator account ann
        wait 64s
        ben offline
        ann network delay 1s push times 4
        ann budget acme 700 one-time this-cycle
        ann power-loss at-write 900
        system usage acme 5
        two sync
        ben online
        settle
        expect budget acme 600

        """

    @Test func `only what the failure needs is left`() throws {
        let scenario = try ScenarioParser.parse(ReducerTests.story)
        let small = try #require(Reducer.reduce(scenario, seed: 1))
        #expect(small.customers.map(\.name) == ["acme"] && small.customers[0].bills == 0)
        #expect(small.members.count == 1 && small.steps.map(\.action.text) == ["expect budget acme 600"])
    }

    @Test func `the folder of a scenario's files is kept, tries are bounded, and what holds is not reduced`() throws {
        let scenario = try ScenarioParser.parse(ReducerTests.story)
        #expect(Reducer.reduce(scenario, seed: 1, runsMax: 0) == scenario)
        var good = scenario
        good.steps.removeLast()
        #expect(Reducer.reduce(good, seed: 1) == nil)
        var focus = scenario
        focus.focus = "absent.json"
        #expect(Reducer.reduce(focus, seed: 1, scenarioFolder: "/nowhere") == nil)
    }

    @Test func `values are made smaller one by one`() {
        #expect(Action.wait(seconds: 64).smaller == .wait(seconds: 32) && Action.wait(seconds: 1).smaller == nil)
        #expect(Action.network("a", .drop, nil, count: 5).smaller == .network("a", .drop, nil, count: 2))
        #expect(
            Action.kill("a", atWrite: 9).smaller == .kill("a", atWrite: 4)
                && Action.kill("a", atWrite: nil).smaller == nil)
        #expect(Action.powerLoss("a", atWrite: nil).smaller == .kill("a", atWrite: nil))
        #expect(Action.serverPowerLoss(atWrite: 3).smaller == .serverKill(atWrite: 3))
        let budget = { (cents: Int64, cycle: Bool) in
            Action.edit("a", .budget("c", cents: cents, type: nil, action: nil, thisCycle: cycle))
        }
        #expect(
            budget(70_001, true).smaller == budget(70_001, false)
                && budget(70_001, false).smaller == budget(70_000, false))
        #expect(budget(70_000, false).smaller == nil)
        // Nothing grows smaller for ever.
        for start in [
            Action.wait(seconds: 1_000_000), .network("a", .junk, nil, count: 10_000),
            .system(.bills("c", count: 5000)),
        ] {
            var action: Action? = start
            var tries = 0
            while let next = action?.smaller { (action, tries) = (next, tries + 1) }
            #expect(tries < 25)
        }
    }

    @Test func `every name that an action says is known, so that its owner can be dropped`() {
        #expect(Action.useToken("a", of: "b").names == ["a", "b"])
        #expect(Action.edit("a", .cancelDiscount("c")).names == ["a", "c"])
        #expect(Action.system(.rename("c", "x")).names == ["c"] && Action.system(.closeCycle).names == [])
        #expect(Action.bothOrders(["a", "b"]).names == ["a", "b"])
        #expect(Action.expect(.sees("a", customer: "c", cents: nil), first: "b").names == ["a", "c", "b"])
        #expect(Action.heal.names == [])
    }
}
