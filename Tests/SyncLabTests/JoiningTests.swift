import Diagnostics
import LedgerStore
import PartnerModel
import ReplicaStore
import SyncEngine
import SyncLab
import SyncServer
import TestKit
import Testing

@Suite struct JoiningTests {
    @Test func `a customer joins over 50 kbit in the second, and nobody waits for its old records`() throws {
        var bench = JoiningBench(records: 3_000)
        bench.customers = 200
        let figures = try bench.run(clock: SystemClock())
        #expect(figures.pollsToRegisters == 1 && figures.secondsToRegisters <= 31)
        #expect((1...2).contains(figures.pollsToFreeze) && figures.secondsToResult < 60)
        // Both were done long before the old records had come.
        #expect(figures.recordsMissingThen > 1_000)
        #expect(figures.secondsToAll > figures.secondsToRegisters + figures.secondsToFreeze)
        #expect(figures.oldRecords.bytesDown < 3_100 * 256 && figures.oldRecords.bytesDown > 3_000 * 64)
        #expect(figures.joining.bytesDown < figures.oldRecords.bytesDown + 32_768)
        #expect(figures.fileBytesJoined > figures.fileBytesBefore)
        #expect(figures.leaving.requests == 1 && figures.leaving.bytesDown < 16_384 && figures.rowsAfter == 0)
        #expect(figures.emptyPoll.requests == 1 && figures.emptyPollStatements <= 6)
        #expect(figures.emptyPoll.bytesUp + figures.emptyPoll.bytesDown < 1_024)
    }

    @Test func `while old records come the status says so and how many, and is in sync after the last`() throws {
        let folder = TemporaryDirectory()
        let office = try Office(folder: folder.path)
        defer { office.close() }
        let plan = SeedPlan(
            customers: 10, bills: 50, coupons: 0, largest: 900, seed: 1, openCycle: SeedPlan.defaultCycle)
        try office.ledger.write { try Seeder(plan: plan, writer: $0).run() }
        let customer = try #require(try office.ledger.read { try $0.customer(id: "acct-1-0") })
        let desk = try office.desk("xu", role: .manager, speed: 6_250)
        desk.start()
        try office.settle()
        #expect(desk.status.phase == .inSync && desk.status.joining == nil)
        try office.carryOut(.manager(customer, "xu"))
        try office.run(atMost: 600) { desk.status.joining?.recordsDone ?? 0 > 0 }
        let joining = try #require(desk.status.joining)
        #expect(desk.status.phase == .joining && desk.status.loadRowsTotal == nil)
        #expect(joining.customers == 1 && joining.recordsTotal >= 900 && joining.recordsDone < joining.recordsTotal)
        #expect(try desk.reader().imageState()?.joining == joining)
        try office.settle()
        #expect(desk.status.phase == .inSync && desk.status.joining == nil)
    }
}
