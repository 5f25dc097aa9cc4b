import Glibc
import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// What the command line reads with: no statement walks a large table unless it is meant to.
@Suite struct QueryPlanTests {
    private static let largeTables: Set<String> = [
        "bill_record", "history", "resource", "coupon", "customer", "conflict", "edit",
    ]

    /// What a plan may do to large tables: a piece of the statement's text, how the step begins, and why it may be.
    private static let allowed: [(text: String, step: String, why: String)] = [
        (
            "NOT IN ('settled', 'discarded', 'combined')", "SCAN edit USING INDEX edit_open",
            "the index has the open edits alone"
        ),
        (
            "GROUP BY state", "SCAN edit USING COVERING INDEX edit_open",
            "the index has the open edits alone, and all that is counted"
        ),
        ("FROM edit ORDER BY number DESC LIMIT", "SCAN edit", "from the newest on, as many as are asked for"),
        ("FROM freezes f CROSS JOIN customer c", "USE TEMP B-TREE FOR ORDER BY", "sorts frozen customers alone"),
        ("WHERE q.status = 'pending'", "USE TEMP B-TREE FOR ORDER BY", "sorts customers with a request alone"),
        (
            "FROM customer ORDER BY name, key", "SCAN customer USING INDEX customer_name",
            "a list ends at its limit; a search looks for a part of a name in whatever script"
        ),
        ("SELECT count(*) FROM customer", "SCAN customer USING COVERING INDEX", "counts them"),
        ("FROM conflict  ORDER BY key LIMIT", "SCAN conflict", "as many as are asked for"),
        ("FROM conflict x", "SEARCH x USING INTEGER PRIMARY KEY (rowid>?)", "those that are decided too, past a key"),
        ("FROM history h JOIN customer c", "SEARCH h USING INTEGER PRIMARY KEY (rowid>?)", "past the mark alone"),
        ("FROM membership WHERE version >", "USE TEMP B-TREE FOR ORDER BY", "sorts customers that joined alone"),
        (
            "FROM history WHERE at < ? ORDER BY key DESC LIMIT 1", "SCAN history",
            "from the newest back to the moment asked for"
        ),
        ("ORDER BY k.expires, k.key", "SCAN k USING INDEX coupon_expires", "as many as are asked for"),
        (
            "WHERE k.customer = 1 ORDER BY k.expires", "USE TEMP B-TREE FOR ORDER BY",
            "sorts the coupons of a customer alone"
        ),
        ("r.key > ? AND 1", "SEARCH r USING INTEGER PRIMARY KEY (rowid>?)", "as many as are asked for"),
        (
            "r.key > ? AND r.customer = 1 ORDER", "USE TEMP B-TREE FOR ORDER BY",
            "sorts keys that an index gave, before a record is read"
        ),
        ("WHERE 1 GROUP BY", "SCAN r", "sums all bill records"),
        ("SELECT count(*) FROM bill_record r WHERE 1", "SCAN r USING COVERING INDEX", "counts what is exported"),
        ("SELECT count(*) FROM customer c WHERE 1", "SCAN c USING COVERING INDEX", "counts what is exported"),
        ("SELECT count(*) FROM coupon k WHERE 1", "SCAN k USING COVERING INDEX", "counts what is exported"),
        ("SELECT count(*) FROM history h WHERE 1", "SCAN h USING COVERING INDEX", "counts what is exported"),
        ("r.key > ?1 AND ?2 IS NOT NULL AND 1 ORDER BY", "SEARCH r USING INTEGER PRIMARY KEY (rowid>?)", "exports all"),
        ("c.key > ?1 AND ?2 IS NOT NULL AND 1 ORDER BY", "SEARCH c USING INTEGER PRIMARY KEY (rowid>?)", "exports all"),
        ("k.key > ?1 AND ?2 IS NOT NULL AND 1 ORDER BY", "SEARCH k USING INTEGER PRIMARY KEY (rowid>?)", "exports all"),
        ("h.key > ?1 AND ?2 IS NOT NULL AND 1 ORDER BY", "SEARCH h USING INTEGER PRIMARY KEY (rowid>?)", "exports all"),
    ]

    private typealias Call = (name: String, run: @Sendable (ReplicaReader) throws -> Void)

    /// Every reading method of `ReplicaReader`, in the ways that the commands call it.
    private static let calls: [Call] = {
        let (one, cycle) = (CustomerKey(1), BillingCycle("2026-11"))
        let customers: [CustomerKey?] = [nil, one]
        let cycles: [BillingCycle?] = [nil, cycle]
        return [
            ("identity", { _ = try $0.identity() }),
            ("outboxCounts", { _ = try $0.outboxCounts() }),
            ("imageState", { _ = try $0.imageState() }),
            ("undecidedConflictCount", { _ = try $0.undecidedConflictCount() }),
            ("pendingDecisions", { _ = try $0.pendingDecisions() }),
            ("editsThatNeedCodes", { _ = try $0.editsThatNeedCodes() }),
            ("edits", { for all in [false, true] { _ = try $0.edits(all: all) } }),
            ("edit", { _ = try $0.edit(EditNumber(1)) }),
            ("end", { _ = try $0.end(of: EditNumber(1)) }),
            ("combined", { _ = try $0.combined(into: EditNumber(1)) }),
            ("keptTraffic", { _ = try $0.keptTraffic() }),
            ("appliedLine", { _ = try $0.appliedLine("k") }),
            ("attention", { _ = try $0.attention(now: 1_790_000_000, limit: 5) }),
            ("rules", { _ = try $0.rules() }),
            ("partner", { _ = try $0.partner() }),
            ("pendingRequests", { _ = try $0.pendingRequests() }),
            ("customers", { for text in [nil, "alpha"] { _ = try $0.customers(matching: text, limit: 5) } }),
            ("customerCount", { _ = try $0.customerCount() }),
            ("resolveCustomer", { for text in ["id-1", "Alpha"] { _ = try $0.resolveCustomer(text) } }),
            ("customer", { _ = try $0.customer(one) }),
            ("accountName", { _ = try $0.accountName(of: one) }),
            ("conflicts", { for onlyOpen in [false, true] { _ = try $0.conflicts(onlyOpen: onlyOpen) } }),
            ("conflict", { reader in #expect(throws: StoreError.self) { try reader.conflict(ConflictKey(7)) } }),
            ("conflictLines", { for chosen in selections { _ = try $0.conflictLines(chosen, after: nil, limit: 5) } }),
            (
                "conflictRecords",
                { for chosen in selections { _ = try $0.conflictRecords(chosen, after: nil, limit: 5) } }
            ),
            ("history", { _ = try $0.history(of: one, limit: 5) }),
            ("newsMark", { _ = try $0.newsMark(at: 5) }),
            (
                "news",
                {
                    for mark in [try $0.newsMark(at: 5), nil] {
                        _ = try $0.news(since: mark, orFrom: 1_790_000_000, limit: 5)
                    }
                }
            ),
            ("coupons", { for customer in customers { _ = try $0.coupons(customer: customer, limit: 5) } }),
            (
                "bills",
                {
                    for customer in customers {
                        for cycle in cycles { _ = try $0.bills(customer: customer, cycle: cycle, limit: 5) }
                    }
                }
            ),
            (
                "billSums",
                {
                    for grouping in BillGrouping.allCases {
                        for customer in customers {
                            for cycle in cycles { _ = try $0.billSums(by: grouping, customer: customer, cycle: cycle) }
                        }
                    }
                }
            ),
            ("export", export),
        ]
    }()

    private static let selections: [ConflictSelection] = [false, true].flatMap { onlyOpen in
        [(nil, nil), (CustomerKey(1), nil), (nil, "ana")].map { customer, author in
            var chosen = ConflictSelection()
            chosen.onlyOpen = onlyOpen
            chosen.customer = customer
            chosen.author = author
            return chosen
        }
    }

    @Sendable private static func export(_ reader: ReplicaReader) throws {
        for kind in ExportKind.allCases {
            for customer in [nil, CustomerKey(1)] {
                for cycle in [nil, BillingCycle("2026-11")] where cycle == nil || [.bills, .focus].contains(kind) {
                    let export = try reader.export(ExportScope(kind, customer: customer, cycle: cycle))
                    _ = try export.count()
                    _ = try export.piece(after: .start, milliseconds: 10_000) { _ in true }
                }
            }
        }
    }

    /// The steps of a plan that walk a large table, or sort what a limit then cuts.
    private func walks(_ text: String, _ connection: Connection) throws -> [String] {
        var tables: [Substring: Substring] = [:]
        for match in text.matches(of: /\b(?:FROM|JOIN)\s+(\w+)(?:\s+([a-z]{1,2})\b)?/) {
            tables[match.2 ?? match.1] = match.1
        }
        return try connection.prepare("EXPLAIN QUERY PLAN " + text).rows { $0.text(3) }.filter { step in
            let words = step.split(separator: " ")
            if step.contains("TEMP B-TREE FOR") {
                return text.contains("LIMIT") && tables.values.contains { Self.largeTables.contains(String($0)) }
            }
            guard words.count > 1, let table = tables[words[1]], Self.largeTables.contains(String(table)) else {
                return false
            }
            return words[0] == "SCAN" || step.contains("(rowid>") || step.contains("(rowid<")
        }
    }

    @Test func `every reading method is looked at`() throws {
        var folder = #filePath
        for _ in 0..<3 { folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "" }
        let sources = "\(folder)/Sources/ReplicaStore"
        let elsewhere = ["Export/ReplicaReader+Export.swift", "Outbox/KeptTraffic.swift", "Outbox/AppliedLines.swift"]
        let own = try #require(opendir("\(sources)/Reader"))
        defer { closedir(own) }
        var files = elsewhere
        while let entry = readdir(own) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix("ReplicaReader") { files.append("Reader/\(name)") }
        }
        #expect(files.count > elsewhere.count + 5)
        var methods: Set<String> = []
        for file in files {
            let text = String(decoding: readFile("\(sources)/\(file)"), as: UTF8.self)
            for match in text.matches(of: /extension ReplicaReader \{|final class ReplicaReader \{/) {
                let rest = text[match.range.upperBound...]
                let body = rest[..<(rest.ranges(of: "\n}").first?.lowerBound ?? rest.endIndex)]
                for method in body.matches(of: /package func (\w+)/) { methods.insert(String(method.1)) }
            }
        }
        #expect(methods == Set(Self.calls.map(\.name)))
    }

    @Test func `no statement of the command line walks a large table that it need not walk`() throws {
        let replica = try TestReplica.loaded(
            TestReplica.standardRows + [.product(), .bill(50, customer: 1, units: 5), .coupon(80, customer: 1)])
        _ = try replica.add(budget(5))
        var found: [(step: String, text: String)] = []
        for call in Self.calls {
            let reader = try replica.reader()
            try call.run(reader)
            let image = try reader.read { $0 }
            for connection in [reader.outboxRows.connection, image] {
                for text in connection.cachedTexts {
                    for step in try walks(text, connection) { found.append((step, text)) }
                }
            }
        }
        let strangers = found.filter { walk in
            !Self.allowed.contains { walk.text.contains($0.text) && walk.step.hasPrefix($0.step) }
        }
        #expect(strangers.isEmpty, "\(strangers.map { "\($0.step): \($0.text)" }.joined(separator: "\n"))")
        for rule in Self.allowed {
            let isUsed = found.contains { $0.text.contains(rule.text) && $0.step.hasPrefix(rule.step) }
            #expect(isUsed, "no statement is like that any more: \(rule)")
        }
    }
}
