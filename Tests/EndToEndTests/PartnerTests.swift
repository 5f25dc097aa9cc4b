import SQLiteKit
import TestKit
import Testing

/// `fieldbook partner` over a real server, for those who see the partner's figures and those who don't.
@Suite(.serialized) struct PartnerTests {
    @Test func `state, range, quota and bills are shown to whom the items allow`() throws {
        let world = World()
        world.seed()
        world.expectServer(["admin", "quota", "100000", "81250.5"])
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let shown = ana.run(["partner"])
        #expect(shown.code == 0, "\(shown.errors)")
        for text in ["Test Partner", "active", "81250.50 of 100000.00 USD used (81.25 %)", "2026-11", "final"] {
            #expect(shown.output.contains(text), "\(shown.output)")
        }
        #expect(shown.errors.contains("more than 80 % of the consumption quota is used"))
        let records = try ana.query(
            """
            SELECT printf('%d %d.%08d %d', r.cycle, sum(payment_amount) / 100000000,
                sum(payment_amount) % 100000000, count(*))
            FROM bill_record r JOIN customer c ON c.key = r.customer
            WHERE association = 'reseller' GROUP BY r.cycle ORDER BY 1
            """)
        let sums = try ana.query(
            "SELECT printf('%d %s %d', key, payment, record_count) FROM partner_bills ORDER BY 1")
        #expect(sums == records && sums.count == 6, "\(sums) \(records)")
        #expect(try ana.query("SELECT count(*) FROM partner_bills WHERE status = 'estimate'") == ["1"])
        #expect(
            try ana.query("SELECT quota || '|' || used || '|' || currency FROM consumption_quota")
                == ["100000.00000000|81250.50000000|USD"])
        #expect(world.difference(ana) == nil)
        world.expectServer(["admin", "quota", "100000", "100000.01"])
        #expect(ana.sync() && ana.run(["partner"]).errors.contains("exceeded"))
        world.expectServer(["member", "role", "ana", "--role", "operator", "--items", "customers,bills"])
        #expect(ana.sync())
        let less = ana.run(["partner"])
        #expect(less.code == 0 && !less.output.contains("100000") && less.output.contains("2026-11"))
        #expect(less.errors.contains("it lacks the item quota") && !less.errors.contains("item bills"))
        #expect(try ana.query("SELECT count(*) FROM quota") == ["0"])
        #expect(ana.run(["partner", "--json"]).output.contains("\"missingItems\": [\n    \"quota\"\n  ]"))
        #expect(world.difference(ana) == nil)
    }
}
