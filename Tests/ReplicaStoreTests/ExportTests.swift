import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// Rows for an export: all of them, in order, of one state, with a state that is held no longer than is asked.
@Suite struct ExportTests {
    private static let rows: [PageRow] =
        TestReplica.standardRows + [.cycle(202_610, "2026-10", status: "final"), .product()]
        + (0..<30).map {
            .bill(100 + $0, customer: 1 + $0 % 3, units: 7 * $0, cycle: $0 % 2 == 0 ? 202_611 : 202_610)
        }

    private func ids(_ export: Export, pausing every: Int? = nil) throws -> [String] {
        let place = try #require(export.columns.first { ["bill_id", "x_BillId"].contains($0.name) })
        guard case .stored(let column) = place.source else { return [] }
        var found: [String] = []
        var next: ExportPlace? = .start
        while let after = next {
            var taken = 0
            next = try export.piece(after: after, milliseconds: 10_000) { row in
                row.withText(column) { found.append(String(decoding: $0, as: UTF8.self)) }
                taken += 1
                return taken != every
            }.next
        }
        return found
    }

    @Test(arguments: [ExportKind.bills, .focus])
    func `an export that pauses at any row has the same rows as one that does not`(kind: ExportKind) throws {
        let reader = try TestReplica.loaded(ExportTests.rows).reader()
        for customer in [nil, CustomerKey(2)] {
            for cycle in [nil, BillingCycle("2026-10")] {
                let export = try reader.export(ExportScope(kind, customer: customer, cycle: cycle))
                let whole = try ids(export)
                #expect(whole.count == 30 / (customer == nil ? 1 : 3) / (cycle == nil ? 1 : 2))
                #expect(Set(whole).count == whole.count)
                #expect(try export.count() == Int64(whole.count))
                for every in [1, 2, 7] { #expect(try ids(export, pausing: every) == whole) }
            }
        }
    }

    @Test func `an export needs no sort, and walks an index where one customer or cycle is asked for`() throws {
        let replica = try TestReplica.loaded(ExportTests.rows)
        let connection = try replica.plain(replica.imageFile)
        for (isOne, condition, index) in [
            (false, "1", ""), (true, "r.customer = 2", "bill_record_customer"),
            (false, "r.customer = 2 AND r.cycle = 202610", "bill_record_customer"),
            (false, "r.cycle = 202610", "bill_record_cycle"),
        ] {
            for table in [
                ExportTable.bills(ofOneCustomer: isOne), .focus(ofOneCustomer: isOne, partner: "p", partnerName: nil),
            ] {
                let plan = try connection.prepare("EXPLAIN QUERY PLAN " + table.query(where: condition))
                    .rows { $0.text(3) }.joined(separator: "; ")
                #expect(!plan.contains("TEMP B-TREE") && plan.contains(index), "\(condition): \(plan)")
            }
        }
    }

    @Test func `the mark moves when the image does and not otherwise`() throws {
        let replica = try TestReplica.loaded(ExportTests.rows)
        let export = try replica.reader().export(ExportScope(.bills))
        func mark() throws -> ExportMark { try export.piece(after: .start, milliseconds: 10_000) { _ in false }.mark }
        let first = try mark()
        #expect(try mark() == first)
        try replica.feed(sequence: 11, [.bill(500, customer: 1, units: 1, version: 11)])
        let second = try mark()
        #expect(second != first)
        _ = try replica.add(.setLabel("x"))
        #expect(try mark() == second)
    }

    @Test func `what is pending stands beside what is confirmed, and contacts are masked`() throws {
        let contact = PageRow(.contact, 1, version: 3, ["13912345678", "0086", "ana@example.com"])
        let replica = try TestReplica.loaded(ExportTests.rows + [contact])
        _ = try replica.add(.setBudget(TestReplica.monthly(500), validThrough: nil))
        _ = try replica.add(.setLabel("gold"), 2)
        func cells(_ showsPersonal: Bool) throws -> [[String?]] {
            var found: [[String?]] = []
            let export = try replica.reader().export(ExportScope(.customers, showsPersonal: showsPersonal))
            _ = try export.piece(after: .start, milliseconds: 10_000) { row in
                found.append(row.added)
                return true
            }
            return found
        }
        let masked = try cells(false)
        #expect(masked.count == 3 && masked[0][0] == "+86 *** **78" && masked[0][1] == "a***@example.com")
        #expect(masked[0][2] == "500.00000000" && masked[0][3] == "saved here, not sent")
        #expect(masked[1][10] == "gold" && masked[2].allSatisfy { $0 == nil })
        #expect(try cells(true)[0][0] == "+86 13912345678")
    }
}
