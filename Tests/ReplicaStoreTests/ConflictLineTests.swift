import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// Lists of conflicts, which glance at documents instead of decoding them.
@Suite struct ConflictLineTests {
    private static let money = Money(units: 12_345_670_000_000)

    private static func row(
        _ key: Int64, _ intent: EditIntent, theirs: RegisterState, customer: Int64 = 1, by author: String = "ana",
        status: String = "open"
    ) throws -> PageRow {
        var edit = V1.Edit(number: key, kind: "", customer: customer, base: 3, deviceTime: 50)
        edit.setIntent(intent)
        edit.before = V1.State(theirs)
        let state = try WireCoding.text(V1.State(theirs))
        return PageRow(
            .conflict, key, version: 20 + key,
            [
                .integer(customer), .text(intent.register.rawValue), "r", .integer(key), .text(status),
                .text(try WireCoding.text(edit)), .text(state), .text(state), 9, .text(author), "mona", "hold", 2,
                1_000,
                nil, nil, nil, nil, nil, 605_800, "theirs", nil, 900, nil,
            ])
    }

    private static func freezes(_ kinds: FreezeKind...) -> RegisterState {
        .freezes(
            kinds.enumerated().map {
                Freeze(
                    id: Int64($0.offset), kind: $0.element, cause: .manual, reason: "\"kind\":\"x\"", author: "amount",
                    at: Timestamp(seconds: 1))
            })
    }

    private static let discount = Discount(
        percent: BasisPoints(1250), validFrom: Timestamp(seconds: 1), validUntil: Timestamp(seconds: 2))
    private static let request = AssociationRequest(
        purpose: .disassociate, status: .pending, reason: "amount", requestedAt: Timestamp(seconds: 1))

    private static let cases: [(EditIntent, RegisterState, mine: String, theirs: String)] = [
        (
            .setBudget(TestReplica.monthly(500), validThrough: nil), .budget(TestReplica.monthly(300)), "500.00",
            "300.00"
        ),
        (.adjustBudget(delta: Money(units: -50), validThrough: nil), .budget(nil), "-0.0000005", ""),
        (
            .setBudget(Budget(amount: money, type: .oneTime, onExhaustion: .freeze), validThrough: nil),
            .budget(Budget(amount: money, type: .monthly, onExhaustion: .manual)), "123456.70", "123456.70"
        ),
        (.freeze(.account, reason: "late \"kind\": \\ {["), freezes(), "account", ""),
        (
            .freeze(.accountAndResources, reason: "amount"), freezes(.account, .accountAndResources, .account),
            "account-and-resources", "account-and-resources"
        ),
        (.unfreeze(.account, reason: "paid", seen: [1, 2]), freezes(.account), "account", "account"),
        (.setDiscount(discount), .discount(discount), "12.5", "12.5"),
        (.cancelDiscount, .discount(nil), "", ""),
        (.assignManager("mo\"na"), .manager("b\\en"), "mo\"na", "b\\en"),
        (.setLabel("é\u{1B}[2J"), .label("华云"), "é\u{1B}[2J", "华云"),
        (.decideRequest(approve: true), .request(request), "approve", "pending"),
    ]

    @Test func `a line says of every kind what the documents say`() throws {
        let rows = try Self.cases.enumerated().map {
            try Self.row(Int64($0.offset) + 1, $0.element.0, theirs: $0.element.1)
        }
        let reader = try TestReplica.loaded(TestReplica.standardRows + rows).reader()
        let lines = try reader.conflictLines(ConflictSelection(), after: nil, limit: 99)
        #expect(lines.count == Self.cases.count)
        for (line, expected) in zip(lines, Self.cases) {
            #expect(line.kind == expected.0.kind && line.register == expected.0.register.rawValue)
            #expect(line.mine == expected.mine && line.theirs == expected.theirs, "\(expected.0)")
            #expect(line.customerName == "Alpha" && line.isOpen && line.heldAt == 1_000 && line.deadline == 605_800)
            let detail = try reader.conflict(line.key)
            #expect(detail.mine == expected.0 && detail.theirs == expected.1 && detail.fallback == "theirs")
            #expect(detail.theirsAt == 900 && detail.facts == nil)
        }
    }

    @Test func `a conflict that this build cannot read is listed and exported all the same`() throws {
        let good = try Self.row(1, budget(500), theirs: .budget(nil))
        var fields = good.fields
        fields[5] = "{\"kind\":\"paint\",\"amount\""
        fields[1] = "colour"
        let reader = try TestReplica.loaded(
            TestReplica.standardRows + [good, PageRow(.conflict, 2, version: 9, fields)]
        ).reader()
        let lines = try reader.conflictLines(ConflictSelection(), after: nil, limit: 9)
        #expect(lines.map(\.kind) == [.setBudget, nil] && lines[1].register == "colour")
        let records = try reader.conflictRecords(ConflictSelection(), after: nil, limit: 9)
        #expect(records.map { $0.detail == nil } == [false, true] && records[1].intent.contains("paint"))
    }

    @Test func `a selection is by state, customer and author`() throws {
        let none = RegisterState.budget(nil)
        let rows = [
            try Self.row(1, budget(5), theirs: none), try Self.row(2, budget(5), theirs: none, customer: 2),
            try Self.row(3, budget(5), theirs: none, by: "ben"),
            try Self.row(4, budget(5), theirs: none, status: "decided"),
        ]
        let reader = try TestReplica.loaded(TestReplica.standardRows + rows).reader()
        func keys(_ change: (inout ConflictSelection) -> Void) throws -> [Int64] {
            var selection = ConflictSelection()
            change(&selection)
            let records = try reader.conflictRecords(selection, after: nil, limit: 9).map(\.key)
            #expect(try reader.conflictLines(selection, after: nil, limit: 9).map(\.key) == records)
            return records.map(\.value)
        }
        #expect(try keys { _ in } == [1, 2, 3])
        #expect(try keys { $0.onlyOpen = false } == [1, 2, 3, 4])
        #expect(try keys { $0.customer = CustomerKey(1) } == [1, 3])
        #expect(try keys { $0.author = "ben" } == [3])
        #expect(
            try keys {
                $0.onlyOpen = false
                $0.customer = CustomerKey(1)
                $0.author = "ana"
            } == [1, 4])
    }

    @Test func `ten thousand conflicts are read in pieces, each once and in order`() throws {
        let replica = try TestReplica.loaded()
        let one = try Self.row(1, budget(500), theirs: .budget(TestReplica.monthly(300)))
        try replica.feed(sequence: 30, [one])
        try replica.store.live?.connection.write { transaction in
            try transaction.execute(
                """
                WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
                INSERT INTO conflict SELECT i, version, customer, register, replica, edit, status, intent, base, theirs,
                    theirs_version, mine_by, theirs_by, rule, rules_version, held_at, choice, decided_by, decided_at,
                    outcome, outcome_version, deadline, fallback, facts, theirs_at, decision_reason
                FROM n, conflict WHERE key = 1
                """)
        }
        let reader = try replica.reader()
        var seen: [Int64] = []
        while true {
            let lines = try reader.conflictLines(
                ConflictSelection(), after: seen.last.map { ConflictKey($0) }, limit: 700)
            #expect(lines.allSatisfy { $0.mine == "500.00" && $0.theirs == "300.00" })
            seen += lines.map(\.key.value)
            if lines.count < 700 { break }
        }
        #expect(seen == Array(1...10_000))
    }

    @Test(arguments: ["", "{", "{\"a\":", "{\"a\":\"b", "{\"a\":\"\\", "[1,2", "x", "{\"a\":1}}", "{\"a\":1} "])
    func `a glance at cut bytes ends well and says so`(text: String) {
        let isWhole = Array(text.utf8).withUnsafeBytes { JSONGlance.members(of: $0) { _, _, _ in } }
        #expect(!isWhole)
    }
}
