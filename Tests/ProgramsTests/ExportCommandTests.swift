import Diagnostics
import PartnerModel
import ReplicaStore
import TestKit
import Testing

/// `fieldbook export` without a network: forms, care for what reads it, and what it refuses.
@Suite struct ExportCommandTests {
    /// Customers whose names and labels are what careless readers trip over.
    private func desk() throws -> OfflineDesk {
        try OfflineDesk { store in
            for (customer, label) in [(Int64(1), "=1+1,\"x\""), (2, "@a"), (3, "Ὀλυμπία \u{202E}x")] {
                _ = try store.add(EditDraft(customer: CustomerKey(customer), intent: .setLabel(label)))
            }
            _ = try store.add(
                EditDraft(customer: CustomerKey(1), intent: .setBudget(OfflineDesk.budget(500), validThrough: nil)))
        }
    }

    /// The columns of a line of which no cell has a comma, by name.
    private func cells(_ csv: String, _ line: Int) -> [String: String] {
        let lines = csv.split(separator: "\r\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        return Dictionary(zip(lines[0], lines[line]).map { (String($0), String($1)) }, uniquingKeysWith: { $1 })
    }

    @Test func `CSV has what is confirmed and what is pending apart, exactly as it is`() throws {
        let desk = try desk()
        let path = desk.installation.folder.file("c.csv")
        let told = desk.run("export", "customers", path)
        #expect(told.code == 0 && told.output == "3 records written to \(path)\n", "\(told)")
        let csv = String(decoding: readFile(path), as: UTF8.self)
        #expect(csv.hasPrefix("key,customer_id,source_id,account_name,name,") && csv.hasSuffix("\r\n"))
        #expect(
            csv.contains(",\"=1+1,\"\"x\"\"\",") && csv.contains(",@a,") && csv.contains(",Ὀλυμπία \u{202E}x,"))
        let beta = cells(csv, 2)
        #expect(beta["name"] == "Beta" && beta["label"] == "" && beta["label_pending"] == "@a")
        #expect(beta["budget_pending"] == "" && csv.contains(",@a,\"saved here, not sent\","))
        #expect(csv.contains(",100.00000000,monthly,manual,list price,500.00000000,\"saved here, not sent\","))
    }

    @Test func `a spreadsheet's formulas are made texts when that is asked for`() throws {
        let desk = try desk()
        let safe = desk.run("export", "customers", "--safe-for-spreadsheets").output
        #expect(safe.contains(",\"'=1+1,\"\"x\"\"\",") && safe.contains(",'@a,"), "\(safe)")
        #expect(desk.run("export", "customers").output.contains(",@a,"))
    }

    @Test func `JSON lines have sorted keys, exact text and nothing that drives a terminal`() throws {
        let desk = try desk()
        let lines = desk.run("export", "customers", "-", "--format", "jsonl").output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0].contains("\"budget\":\"100.00000000\"") && lines[0].contains("\"former\":false"))
        #expect(lines[0].contains("\"freezesDocument\":[{") && lines[0].contains("\"labelPending\":\"=1+1,\\\"x\\\"\""))
        #expect(lines[2].contains("\"labelPending\":\"Ὀλυμπία \\u202ex\""), "\(lines[2])")
        let keys = lines[1].dropFirst().split(separator: ",\"").compactMap { $0.split(separator: "\"").first }
        #expect(keys == keys.sorted() && keys.contains("schemaVersion"), "\(keys)")
    }

    @Test func `one customer is exported alone, and what has no rows has its header`() throws {
        let desk = try desk()
        let one = desk.run("export", "customers", "--customer", "Beta").output
        #expect(one.split(separator: "\r\n").count == 2 && cells(one, 1)["name"] == "Beta")
        for what in ["bills", "coupons", "history"] {
            let told = desk.run("export", what)
            #expect(told.code == 0 && told.output.hasSuffix("\r\n"), "\(told)")
            #expect(told.output.split(separator: "\r\n").count == 1)
        }
        #expect(desk.run("export", "customers", "--customer", "Nobody").code == 65)
    }

    @Test(arguments: [
        ["partners"], ["focus"], ["customers", "--cycle", "2026-11"], ["bills", "--show-personal"],
        ["customers", "--format", "focus"], ["bills", "--format", "xml"], ["bills", "--cycle", "2026-13"],
        ["bills", "--format", "jsonl", "--safe-for-spreadsheets"], ["bills", "--json"],
    ])
    func `what cannot be meant is refused with the way to the help`(words: [String]) throws {
        let desk = try OfflineDesk()
        let told = desk.installation.run(["export"] + words)
        #expect(told.code == 64 && told.errors.contains("fieldbook export --help"), "\(told)")
        #expect(told.output.isEmpty)
    }

    @Test func `a file in a program's words tells what was written`() throws {
        let desk = try desk()
        let path = desk.installation.folder.file("c.csv")
        let told = desk.run("export", "customers", path, "--json")
        #expect(told.output.contains("\"records\": 3") && told.output.contains("\"format\": \"csv\""), "\(told)")
        #expect(told.output.contains("\"bytes\": \(readFile(path).count)"))
        _ = desk.run("daemon", "stop")
        #expect(desk.run("export", "customers", path, "--force").code == 0)
    }
}
