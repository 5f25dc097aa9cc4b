import Foundation
import SQLiteKit
import TestKit
import Testing

/// A month is closed: the vendor's file comes once more with all its charges, of which few have another price.
@Suite(.serialized) struct CloseOfCycleTests {
    private static let charges = 4_000

    /// The month's file; of a hundred charges one has another price when the month is closed.
    private func month(isClosed: Bool) -> String {
        let header =
            "Id,SubAccountId,BilledCost,ListCost,BillingPeriodStart,BillingCurrency,ChargeCategory,ChargePeriodStart,"
            + "ServiceName,ConsumedQuantity,ConsumedUnit,RegionId"
        let lines = (0..<Self.charges).map { number in
            let cents = number * 37 % 900 + (isClosed && number % 100 == 0 ? 11 : 10)
            return "charge-\(number),account-\(number * 7 % 20),\(cents / 100).\(cents % 100 + 100),20,"
                + "2026-11-01T00:00:00Z,USD,Usage,2026-11-\(number % 20 + 10)T00:00:00Z,"
                + "Service \(number % 9),\(number % 50).\(number),Hours,region-\(number % 4)"
        }
        return ([header] + lines).joined(separator: "\n")
    }

    /// Bytes that the person's daemon has received since its start, as its status says.
    private func received(_ person: Person) throws -> Int {
        struct Status: Decodable {
            struct Lane: Decodable {
                struct Carriage: Decodable { let bytesReceived: Int }
                let sinceStart: Carriage
            }
            let traffic: [Lane]
        }
        let status = try JSONDecoder().decode(Status.self, from: Data(person.run(["status", "--json"]).output.utf8))
        return status.traffic.reduce(0) { $0 + $1.sinceStart.bytesReceived }
    }

    @Test func `what is sent at a close is only what differs, and that is little beside a reload`() throws {
        let world = World()
        let file = world.folder.file("month.csv")
        writeFile(file, month(isClosed: false))
        world.expectServer(["import", "focus", file, "--cycle", "2026-11"])
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        #expect(try ana.query("SELECT status FROM cycle") == ["estimate"])
        let known = try ana.cursorState().appliedSequence
        let before = try received(ana)

        writeFile(file, month(isClosed: true))
        world.expectServer(["import", "focus", file, "--cycle", "2026-12"])
        #expect(ana.sync())
        let closing = try received(ana) - before
        let newer = try ["bill_record", "cycle", "customer", "product", "region", "partner_bill"].map { table in
            try ana.query("SELECT count(*) FROM \(table) WHERE version > \(known)")[0]
        }
        #expect(newer == ["\(Self.charges / 100)", "1", "0", "0", "0", "1"])
        #expect(try ana.query("SELECT status FROM cycle") == ["final"])
        #expect(world.difference(ana) == nil)

        let bo = world.member("bo")
        bo.startDaemon()
        #expect(bo.sync())
        let reload = try received(bo)
        #expect(closing * 100 <= reload * 3, "\(closing) of \(reload) bytes")
    }
}
