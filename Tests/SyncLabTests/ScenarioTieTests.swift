import SyncProtocol
import Testing

@testable import SyncLab

/// Edits asked for at once, undone, and changes put off, as scenarios say them.
@Suite struct ScenarioTieTests {
    private func run(_ steps: String, order: [String] = []) throws -> LabRun {
        let head = """
            scenario "x"
            customer acme reseller budget 500
            customer beta reseller budget 100
            member ann administrator

            """
        let run = try Lab.run(try ScenarioParser.parse(head + steps), seed: 1, order: order)
        #expect(run.wrongs(strictly: false) == [])
        return run
    }

    @Test func `tied edits are numbered in their order, each of them accepted`() throws {
        let run = try run("ann linked budget acme 700 and label acme \"a\" and adjust acme +5\nann undo 9\nsettle\n")
        #expect(run.asked["ann"] == [.accepted(1), .accepted(2), .accepted(3)])
        let accepted = run.history.events.count { if case .accepted = $0.what { true } else { false } }
        #expect(accepted == 3)
        let judged = run.history.events.flatMap { event -> [V1.Edit] in
            if case .judged(let judged) = event.what { judged.edits } else { [] }
        }
        #expect(judged.map { $0.dependsOn?.value } == [nil, 1, 1] && judged.allSatisfy { $0.group == nil })
    }

    @Test func `edits together are one group`() throws {
        let run = try run("ann together budget acme 700 and label acme \"a\"\nsettle\nexpect edit ann 2 applied\n")
        let judged = run.history.events.flatMap { event -> [V1.Edit] in
            if case .judged(let judged) = event.what { judged.edits } else { [] }
        }
        #expect(judged.map { $0.group?.value } == [1, 1] && judged.allSatisfy { $0.dependsOn == nil })
    }

    @Test func `tied edits of which one is refused at once are all refused, and each takes a number`() throws {
        let refused = try run("ann together budget acme 700 and unfreeze acme account\nann label acme \"a\"\nsettle\n")
        #expect(
            refused.asked["ann"] == [
                .refused(code: "FB.NOT_FROZEN"), .refused(code: "FB.NOT_FROZEN"), .accepted(1),
            ])
        let apart = try run("ann linked budget acme 700 and budget beta 200\nsettle\nexpect budget acme 500\n")
        #expect(apart.asked["ann"] == [.refused(code: "refused"), .refused(code: "refused")])
    }

    @Test func `an undoing takes a number, or none when there is nothing of that number`() throws {
        let run = try run(
            "ann budget acme 700\nsettle\nann undo 1\nann undo 7\nsettle\nexpect edit ann 2 applied\n"
                + "expect budget acme 500\n"
        )
        #expect(run.asked["ann"] == [.accepted(1), .accepted(2)])
    }

    @Test func `what is put off happens in the system's turn, in its order, with its time`() throws {
        let steps = """
            ann offline
            later wait 2h
            later system budget acme 900
            later system budget acme 800
            expect budget acme 500
            reconnect ann system in both orders
            expect budget acme 800
            settle

            """
        for order in [["ann", "system"], ["system", "ann"]] {
            let run = try run(steps, order: order)
            #expect(run.seconds >= 7200)
        }
    }
}
