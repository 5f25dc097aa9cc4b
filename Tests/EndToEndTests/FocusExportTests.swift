import Glibc
import TestKit
import Testing

/// FOCUS in, over a replica, out again and into another server: nothing is different to the eighth decimal.
@Suite(.serialized) struct FocusExportTests {
    /// What a record is, without the keys that each server gives.
    private static let records = """
        SELECT json_array(r.bill_id, c.source_id, c.name, r.cycle, r.bill_type, r.charging_mode, r.consume_time,
            r.usage_type, r.usage_amount, r.usage_unit, r.currency, r.official_amount, r.discount_amount,
            r.payment_amount, r.debt_amount, p.product_id, p.name, p.service_code, p.service_name,
            p.resource_type_name, g.code, g.name, s.resource_id, s.name)
        FROM bill_record r JOIN customer c ON c.key = r.customer LEFT JOIN product p ON p.key = r.product
        LEFT JOIN region g ON g.key = r.region LEFT JOIN resource s ON s.key = r.resource ORDER BY r.bill_id
        """

    private func check(_ file: String, records: Int) throws {
        let folder = TemporaryDirectory()
        let exported = folder.file("out.csv")
        let first = World()
        first.expectServer(["import", "focus", file])
        first.startServer()
        let ana = first.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let told = ana.run(["export", "bills", exported, "--format", "focus"])
        #expect(told.code == 0 && told.output.hasPrefix("\(records) records written"), "\(told)")
        // The server that it came from finds nothing new in it.
        let again = first.server(["import", "focus", exported])
        #expect(again.output.contains("0 bill records added, 0 changed, \(records) unchanged"), "\(again)")
        let second = World()
        let into = second.server(["import", "focus", exported, "--strict"])
        #expect(into.output.contains("\(records) bill records added"), "\(into)")
        #expect(into.output.contains("0 values rounded"), "\(into)")
        second.startServer()
        let ben = second.member("ben")
        ben.startDaemon()
        #expect(ben.sync())
        let (mine, theirs) = (try ana.query(Self.records), try ben.query(Self.records))
        #expect(mine.count == records && mine == theirs)
        #expect(ana.run(["bills", "sum", "--json"]).output.contains("\"payment\""))
        #expect(ben.run(["export", "bills", folder.file("third.csv"), "--format", "focus"]).code == 0)
        #expect(try amounts(folder.file("third.csv")) == amounts(exported))
    }

    /// The lines of a file without what each server and import gives: account and age.
    private func amounts(_ file: String) throws -> [String] {
        let python = ChildProcess(
            "/usr/bin/env",
            [
                "python3", "-c",
                """
                import csv, sys
                for line in csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8"), strict=True):
                    for name in ("BillingAccountId", "BillingAccountName", "x_CycleAsOf"): del line[name]
                    print(sorted(line.items()))
                """, file,
            ])
        guard python.wait() == 0 else {
            print("skipped: python3 is not there to read the file independently")
            return []
        }
        return python.output.split(separator: "\n").map(String.init).sorted()
    }

    @Test func `generated charges come back as they were`() throws {
        let folder = TemporaryDirectory()
        let header =
            "BilledCost,ListCost,BillingPeriodStart,BillingCurrency,ChargeCategory,ChargePeriodStart,SubAccountId,"
            + "SubAccountName,ServiceName,ServiceCategory,ChargeDescription,SkuPriceId,RegionId,RegionName,ResourceId,"
            + "ResourceName,ResourceType,ConsumedQuantity,ConsumedUnit\n"
        var text = header
        let categories = ["Usage", "Purchase", "Tax", "Credit", "Adjustment"]
        for index in 0..<300 {
            let sign = index % 7 == 0 ? "-" : ""
            text +=
                "\(sign)\(index).\(index * 7919 % 1_000_000_007)1,\(index).00000001,2024-\(index % 2 == 0 ? "09" : "12")-01,"
            text += "USD,\(categories[index % 5]),2024-09-0\(1 + index % 9) 0\(index % 10):00:00,acc-\(index % 9),"
            text += "\"Name, \"\"\(index % 9)\"\"\",Service \(index % 4),\(index % 3 == 0 ? "Compute" : "Made up"),"
            text += "\"two\nlines \(index % 11)\",\(index % 11 == 0 ? "" : "sku-\(index % 11)"),"
            text +=
                index % 5 == 0
                ? ",,,,," : "r\(index % 3),Region \(index % 3),res-\(index % 20),名 \(index % 20),Type \(index % 11),"
            text += "\(index).5,Hours\n"
        }
        writeFile(folder.file("in.csv"), text)
        try check(folder.file("in.csv"), records: 300)
    }

    @Test func `real charges come back as they were`() throws {
        var folder = #filePath
        for _ in 0..<4 { folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "" }
        let sample = "\(folder)/shared/data/focus_sample.csv"
        guard access(sample, R_OK) == 0 else {
            return print("skipped: shared/data/focus_sample.csv is not beside the repository")
        }
        try check(sample, records: 1000)
    }
}
