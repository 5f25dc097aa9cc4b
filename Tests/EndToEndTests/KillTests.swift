import Diagnostics
import Glibc
import TestKit
import Testing

/// SIGKILL at random moments. FIELDBOOK_KILLS sets how many, FIELDBOOK_SEED the moments; `tools/torture` runs many.
@Suite(.serialized) struct KillTests {
    @Test func `kills at random moments of load and push lose and double nothing`() throws {
        let kills = Paths.variable("FIELDBOOK_KILLS").flatMap { Int($0) } ?? 20
        var chance = Paths.variable("FIELDBOOK_SEED").flatMap { UInt64($0) } ?? 20_261_121
        let story = "\(kills) kills with seed \(chance)"
        func draw(_ limit: UInt64) -> Int {
            chance = chance &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((chance >> 33) % limit)
        }
        let world = World()
        world.seed(bills: 6000)
        world.startServer()
        let ana = world.member("ana")
        var accepted = 0
        for round in 0..<kills {
            ana.startDaemon()
            usleep(UInt32(draw(60_000)))
            // The first third of the kills hits the first load, later ones mostly pushes and checkpoints.
            if round >= kills / 3 {
                #expect(eventually { (try? ana.resellers().isEmpty) == false }, "\(story)")
                let customers = try ana.resellers()
                for _ in 0...draw(3)
                where ana.run(["budget", "set", customers[draw(5)], "\(100 + accepted)"]).code == 0 { accepted += 1 }
                usleep(UInt32(draw(40_000)))
            }
            ana.killDaemon()
            let cursors = try ana.cursorState()
            #expect(cursors.rowsBeyondApplied == 0, "a cursor leads its rows: \(story)")
        }
        ana.startDaemon()
        #expect(ana.sync(), "\(story)")
        let edits = try ana.edits()
        #expect(edits.count == accepted && accepted >= kills / 3, "\(story)")
        #expect(edits.map(\.number) == Array(1...Int64(accepted)), "\(story)")
        #expect(
            edits.allSatisfy { $0.state == "settled" && ($0.result == "applied" || $0.result == "noop") },
            "\(story): \(edits)")
        let actions = try world.historyActions()
        #expect(actions.filter { $0 == "applied" || $0 == "noop" }.count == accepted, "\(story)")
        #expect(world.difference(ana) == nil, "\(story)")
    }
}
