import PartnerModel
import ReplicaStore
import SyncProtocol
import TestKit
import Testing

/// What a person is told while the old records of a customer that joined are on their way.
@Suite struct JoiningStatusTests {
    /// Customer 4 joins and brings 100,000 records, of which two are here.
    private func join(_ store: ReplicaStore) throws {
        let rows = [PageRow(.membership, 4, version: 11, ["j4", 100_000]), .customer(4, version: 11, name: "Delta")]
        var page = try ReceivedPage(
            pageBytes("feed/1", epoch: "e1", from: "c", to: "d", sequence: 11, .checkpoint, rows), kind: "feed/1",
            expectedCursor: "c", isWhole: true)
        _ = try store.applyFeedPage(&page)
        let bills = [PageRow.bill(900, customer: 4, units: 5), .bill(901, customer: 4, units: 6)]
        var old = try ReceivedPage(
            pageBytes("joined/1", epoch: "e1", from: "j4", to: "j5", sequence: 11, .more, bills), kind: "joined/1",
            expectedCursor: "j4", isWhole: true)
        #expect(try store.applyJoinedPage(&old) == 2)
    }

    @Test func `the old records of a customer that joined are told, and not as a first load`() throws {
        let desk = try OfflineDesk { try join($0) }
        let text = desk.run("status").output
        #expect(text.contains("old records   of 1 customer: 2 of 100000\n") && !text.contains("first load"), "\(text)")
        let json = desk.run("status", "--json").output
        for line in [
            "\"joining\": {", "\"customers\": 1", "\"recordsDone\": 2", "\"recordsTotal\": 100000",
            "\"loading\": false",
        ] { #expect(json.contains(line), "\(json)") }
        let sums = desk.run("bills", "sum", "--customer", "Delta")
        #expect(
            sums.code == 0 && sums.errors.contains("old records of 1 customer: 2 of 100000; their sums are not whole"))
        #expect(desk.run("customers", "show", "Delta").code == 0)
    }

    @Test func `without any the status does not speak of old records`() throws {
        let desk = try OfflineDesk()
        #expect(!desk.run("status").output.contains("old records"))
        #expect(desk.run("status", "--json").output.contains("\"joining\": null"))
        #expect(!desk.run("bills", "sum").errors.contains("old records"))
    }
}
