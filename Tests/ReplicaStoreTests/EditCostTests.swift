import PartnerModel
import PropertyKit
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// What the acceptance of one edit costs, in what does not depend on the machine.
@Suite struct EditCostTests {
    /// Statements of both files, and what is done to their logs.
    private struct Cost: Equatable {
        var outboxStatements = 0
        var imageStatements = 0
        var outbox = FaultDisk.Figures()
        var image = FaultDisk.Figures()
    }

    private static func held(_ number: Int64) -> V1.Result {
        var held = result(number, .held)
        held.conflict = WireInteger(70 + number)
        return held
    }

    private func cost(_ replica: TestReplica, _ disk: FaultDisk, _ work: () throws -> Void) throws -> Cost {
        let image = try #require(replica.store.live)
        let name = "generation-\(image.number).db-wal"
        let statements = (replica.store.outbox.statementsTaken, image.connection.statementsTaken)
        let logs = (disk.figures(of: "outbox.db-wal"), disk.figures(of: name))
        try work()
        return Cost(
            outboxStatements: replica.store.outbox.statementsTaken - statements.0,
            imageStatements: image.connection.statementsTaken - statements.1,
            outbox: disk.figures(of: "outbox.db-wal").since(logs.0), image: disk.figures(of: name).since(logs.1))
    }

    @Test func `an edit forces one file once, writes five pages, and prepares nothing`() throws {
        let customers = (1...60 as ClosedRange<Int64>).map { PageRow.customer($0, name: "c\($0)") }
        let replica = try TestReplica.loaded([.partner(), .cycle()] + customers)
        let disk = FaultDisk(folder: replica.path)
        defer { disk.unmount() }
        try replica.reopen()
        for customer in 1...10 as ClosedRange<Int64> { _ = try replica.add(.setLabel("gold"), customer) }
        let prepared = replica.store.outbox.cachedTexts.count + (replica.store.live?.connection.cachedTexts.count ?? 0)
        var costs: [Cost] = []
        for customer in 11...50 as ClosedRange<Int64> {
            costs.append(try cost(replica, disk) { _ = try replica.add(.setLabel("gold"), customer) })
        }
        #expect(
            prepared == replica.store.outbox.cachedTexts.count + (replica.store.live?.connection.cachedTexts.count ?? 0)
        )
        #expect(costs.allSatisfy { $0.outbox.syncs == 1 && $0.image.syncs == 0 }, "\(costs[0])")
        #expect(costs.allSatisfy { $0.outboxStatements == 7 && $0.imageStatements == 14 }, "\(costs[0])")
        // Of each page its frame's head and itself: the edit, its number, two indexes; a leaf that is full takes one
        // more.
        let writes = costs.map(\.outbox.writes).sorted()
        #expect(writes[20] == 8 && writes.filter { $0 > 14 }.count <= 3, "\(writes)")
        #expect(costs.allSatisfy { $0.image.writes == 2 }, "\(costs[0])")
        replica.close()
    }

    @Test func `after a load too the image is not forced for an edit`() throws {
        let replica = try TestReplica.loaded()
        #expect(try replica.store.live?.connection.statement("PRAGMA synchronous").first { $0.int64(0) } == 1)
        #expect(try replica.store.outbox.statement("PRAGMA synchronous").first { $0.int64(0) } == 2)
    }

    @Test func `one more edit is counted without a look at the queue, also behind a held one`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        _ = try replica.push()
        try replica.record(EditCostTests.held(1))
        _ = try replica.store.outboxCounts()
        for step in 1...5 as ClosedRange<Int64> {
            _ = try replica.add(stack(5)[Int(step) - 1])
            let taken = replica.store.outbox.statementsTaken
            #expect(try replica.store.outboxCounts().behindPerson == step)
            #expect(replica.store.outbox.statementsTaken == taken, "step \(step)")
        }
    }

    @Test func `counts that are kept are those of the file, whatever happens`() throws {
        try checkProperty("counts", cases: 60) { choices in
            let replica = try TestReplica.loaded()
            var sequence: Int64 = 20
            for _ in 0..<choices.int(in: 5...25) {
                try EditCostTests.act(replica, &sequence, &choices)
                let fresh = try OutboxRows(connection: replica.store.outbox).counts()
                #expect(try replica.store.outboxCounts() == fresh)
            }
        }
    }

    private static func act(_ replica: TestReplica, _ sequence: inout Int64, _ choices: inout Choices) throws {
        let customer = choices.int64(in: 1...2)
        let intents: [EditIntent] = [
            budget(choices.int64(in: 1...900)), adjust(choices.int64(in: 1...9)),
            .setLabel("l\(choices.int(in: 0...9))"),
            .freeze(.account, reason: "late"),
        ]
        replica.clock.advance(seconds: choices.int64(in: 0...1))
        switch choices.int(in: 0...6) {
        case 0...2: _ = try? replica.add(choices.element(of: intents), customer)
        case 3:
            let drafts = [intents[0], intents[2]].map { EditDraft(customer: CustomerKey(customer), intent: $0) }
            _ = try? replica.store.add(drafts, link: choices.element(of: [.none, .group, .dependsOnFirst]))
        case 4:
            for number in try replica.push() {
                sequence += 1
                let code = choices.element(of: [ResultCode.applied, .held, .blocked, .needsStepUp, .rejected])
                guard code != .held else {
                    try replica.record(held(number.value))
                    continue
                }
                let isTransient = code == .blocked || code == .needsStepUp
                try replica.record(
                    result(
                        number.value, code, sequence: isTransient ? 0 : sequence,
                        version: code == .applied ? sequence : nil))
            }
        case 5:
            let open = try replica.store.openEdits()
            if !open.isEmpty { _ = try? replica.store.discard(choices.element(of: open).number) }
        default: try? replica.store.retryStepUps()
        }
    }
}
