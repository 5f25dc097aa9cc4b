import ConflictRules
import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

@Suite struct HistoryTests {
    private func row(
        _ key: Int64, customer: Int64 = 1, replica: String? = nil, edit: Int64? = nil, after: RegisterState? = nil,
        note: String? = nil
    ) throws -> PageRow {
        let before = try WireCoding.text(V1.State(.budget(nil)))
        return PageRow(
            .history, key, version: 20 + key,
            [
                .integer(customer), .integer(1_000 + key), "budget", "mona", "applied", .text(before),
                .text(try after.map { try WireCoding.text(V1.State($0)) } ?? before), "compare-and-set", 2,
                RowField(replica), RowField(edit), RowField(note),
            ])
    }

    @Test func `the newest of a customer's history comes in the server's order, the newest last`() throws {
        let standing = RegisterState.budget(TestReplica.monthly(300))
        let rows = [
            try row(1), try row(2, after: standing, note: "raise"), try row(3, customer: 2),
            try row(4, replica: "other", edit: 1),
        ]
        let reader = try TestReplica.loaded(TestReplica.standardRows + rows).reader()
        let all = try reader.history(of: CustomerKey(1), limit: 9)
        #expect(all.lines.map(\.at) == [1_001, 1_002, 1_004] && all.untold.isEmpty)
        #expect(all.lines[1].after == standing && all.lines[1].note == "raise" && all.lines[1].rulesVersion == 2)
        #expect(all.lines[2].edit == EditNumber(1) && !all.lines[2].isOwn)
        #expect(try reader.history(of: CustomerKey(1), limit: 2).lines.map(\.at) == [1_002, 1_004])
        #expect(try reader.history(of: CustomerKey(3), limit: 2).lines.isEmpty)
    }

    @Test func `what was asked for is read, and a row of an older server has none`() throws {
        let asked = RegisterState.budget(TestReplica.monthly(500))
        var fields = try row(1).fields
        fields.append(.text(try WireCoding.text(V1.State(asked))))
        let replica = try TestReplica.loaded(
            TestReplica.standardRows + [PageRow(.history, 1, version: 21, fields)])
        try replica.feed(sequence: 22, [try row(2)], form: .plain)
        let reader = try replica.reader()
        #expect(try reader.history(of: CustomerKey(1), limit: 9).lines.map(\.asked) == [asked, nil])
    }

    @Test func `an image of an older build opens with its records, which asked for nothing`() throws {
        let folder = TemporaryDirectory()
        let connection = try Connection(path: folder.file("image.db"), mode: .create, durability: .normal)
        defer { connection.close() }
        func migrate(_ migrations: ArraySlice<Migration>) throws {
            try Migrator.apply(
                Array(migrations), to: connection, file: "image", applicationID: ImageSchema.applicationID)
        }
        try migrate(ImageSchema.migrations.prefix(2))
        try connection.execute(
            "INSERT INTO history VALUES (1, 2, 3, 4, 'budget', 'a', 'held', '{}', '{}', 'r', 2, NULL, NULL, 'n')")
        try migrate(ImageSchema.migrations[...])
        let rows = try connection.statement("SELECT note, asked FROM history").rows { ($0.text(0), $0.optionalText(1)) }
        #expect(rows.count == 1 && rows[0].0 == "n" && rows[0].1 == nil)
    }

    @Test func `own edits stand in it from the first moment and once only`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        _ = try replica.add(adjust(100))
        _ = try replica.add(budget(5), 2)
        #expect(try replica.reader().history(of: CustomerKey(1), limit: 9).untold.map(\.number.value) == [1, 2])
        let own = replica.store.identity.replica
        try replica.feed(sequence: 12, [try row(5, replica: own, edit: 1)])
        let history = try replica.reader().history(of: CustomerKey(1), limit: 9)
        #expect(history.lines.map(\.isOwn) == [true] && history.untold.map(\.number.value) == [2])
        // Told of long ago is told of, however few lines are asked for.
        try replica.feed(sequence: 13, [try row(6), try row(7)])
        #expect(try replica.reader().history(of: CustomerKey(1), limit: 1).untold.map(\.number.value) == [2])
    }

    @Test func `a state in words of another build hides nothing else`() throws {
        var fields = try row(1).fields
        fields[5] = "{\"register\":\"colour\"}"
        let reader = try TestReplica.loaded(
            TestReplica.standardRows + [PageRow(.history, 1, version: 3, fields), try row(2)]
        ).reader()
        let lines = try reader.history(of: CustomerKey(1), limit: 9).lines
        #expect(lines.map { $0.before == nil } == [true, false] && lines[0].author == "mona")
    }

    @Test func `rules and predictions are read as they were kept`() throws {
        let replica = try TestReplica.loaded()
        let edit = try replica.add(budget(500))
        let expected = try replica.reader().edit(edit.number).prediction
        #expect(expected?.code == .applied && expected?.rule == "compare-and-set" && expected?.rulesVersion == 2)
        #expect(try replica.reader().rules().version == 2)
        // One in words of another build hides nothing else.
        try replica.store.outbox.execute("UPDATE edit SET prediction = '{\"code\":\"guessed\"}'")
        #expect(try replica.reader().edit(edit.number).prediction == nil)
    }
}
