import Diagnostics
import Glibc
import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

@Suite struct FileTests {
    private func mode(_ path: String) -> mode_t {
        var info = stat()
        return lstat(path, &info) == 0 ? info.st_mode & 0o777 : 0
    }

    private func open(_ replica: TestReplica) throws {
        _ = try ReplicaStore(directory: replica.path, clock: replica.clock, chance: replica.chance)
    }

    @Test func `every file is for its owner alone`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(5))
        #expect(mode(replica.path) == 0o700)
        for name in [
            "outbox.db", "outbox.db-wal", "outbox.db-shm", "generation-2.db", "generation-2.db-wal",
            "generation-2.db-shm",
        ] {
            #expect(mode("\(replica.path)/\(name)") == 0o600, "\(name)")
        }
    }

    @Test(arguments: ["outbox.db", "generation-2.db"])
    func `a newer schema is refused and the file stays as it was`(name: String) throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(5))
        replica.store.close()
        let file = "\(replica.path)/\(name)"
        let newer = try Connection(path: file, mode: .readWrite, durability: .full)
        try newer.execute("PRAGMA user_version = 99")
        newer.close()
        let before = readFile(file)
        #expect(code { try open(replica) } == .schemaTooNew)
        #expect(code { _ = try replica.reader() } == .schemaTooNew)
        #expect(readFile(file) == before)
        #expect(try replica.texts(replica.outboxFile, "SELECT number FROM edit") == ["1"])
    }

    @Test func `a replica that the daemon has not brought up to date is told so, not misread`() throws {
        let replica = try TestReplica.loaded()
        try replica.store.outbox.execute("PRAGMA user_version = 1")
        let error = try #require(throws: StoreError.self) { try replica.reader() }
        #expect(error.code == .badState && error.next.contains("daemon start"))
    }

    @Test func `a newer schema of a load that is under way is refused too`() throws {
        let replica = try TestReplica.loaded()
        try replica.store.forgetImage()
        try replica.begin("e1", rows: 5)
        try replica.snapshot(end: .more, [.partner()])
        replica.store.close()
        let file = "\(replica.path)/generation-3.db"
        let newer = try Connection(path: file, mode: .readWrite, durability: .full)
        try newer.execute("PRAGMA user_version = 99")
        newer.close()
        let before = readFile(file)
        #expect(code { try open(replica) } == .schemaTooNew)
        #expect(readFile(file) == before)
    }

    @Test(arguments: ["outbox.db", "generation-2.db"])
    func `junk in place of a file is refused and kept`(name: String) throws {
        let replica = try TestReplica.loaded()
        replica.store.close()
        let file = "\(replica.path)/\(name)"
        let junk =
            [UInt8]("this is not a database, it is a letter to somebody. ".utf8) + [UInt8](repeating: 7, count: 5000)
        for suffix in ["-wal", "-shm"] { unlink(file + suffix) }
        writeFile(file, junk)
        #expect(code { try open(replica) } == .corrupt)
        #expect(code { _ = try replica.reader() } == .corrupt)
        #expect(readFile(file) == junk)
    }

    @Test(arguments: ["outbox.db", "generation-2.db"])
    func `another program's database is refused and kept`(name: String) throws {
        let replica = try TestReplica.loaded()
        replica.store.close()
        let file = "\(replica.path)/\(name)"
        for suffix in ["", "-wal", "-shm"] { unlink(file + suffix) }
        let other = try Connection(path: file, mode: .create, durability: .full)
        try other.execute("PRAGMA application_id = 77; PRAGMA user_version = 1; CREATE TABLE mine (x)")
        other.close()
        #expect(code { try open(replica) } == .corrupt)
        #expect(try replica.texts(file, "SELECT name FROM sqlite_schema") == ["mine"])
    }

    @Test func `a folder without a replica is told apart from a broken one`() throws {
        let folder = TemporaryDirectory()
        #expect(code { _ = try ReplicaReader(directory: folder.path) } == .notFound)
        let replica = try TestReplica()
        #expect(try replica.reader().imageState() == nil)
        #expect(code { _ = try replica.reader().customerCount() } == .notFound)
    }
}

@Suite struct PlanTests {
    /// How SQLite would run the statements that a connection has run.
    private func plans(_ connection: Connection, mentioning word: String) throws -> [String] {
        try connection.cachedTexts.filter { $0.contains(word) && !$0.contains("EXPLAIN") }.map { text in
            try connection.prepare("EXPLAIN QUERY PLAN " + text).rows { $0.text(3) }.joined(separator: "; ")
        }
    }

    @Test func `the lookups that are run for every view use their index`() throws {
        let replica = try TestReplica.loaded(
            TestReplica.standardRows + [.product(), .bill(50, customer: 1, units: 5), .coupon(80, customer: 1)])
        let reader = try replica.reader()
        let (one, cycle) = (CustomerKey(1), try #require(BillingCycle("2026-11")))
        func plan(_ word: String, _ run: () throws -> Void) throws -> [String] {
            try run()
            return try reader.read { try plans($0, mentioning: word) }
        }
        let expected: [(word: String, index: String, run: () throws -> Void)] = [
            (
                "r.customer = 1 ORDER", "bill_record_customer",
                { _ = try reader.bills(customer: one, cycle: nil, limit: 9) }
            ),
            (
                "r.cycle = 202611 ORDER", "bill_record_c",
                { _ = try reader.bills(customer: nil, cycle: cycle, limit: 9) }
            ),
            (
                "WHERE r.customer = 1 GROUP", "bill_record_customer",
                { _ = try reader.billSums(by: .cycle, customer: one, cycle: nil) }
            ),
            (
                "WHERE r.customer = 1 AND", "bill_record_customer (customer=? AND cycle=?)",
                { _ = try reader.billSums(by: .cycle, customer: one, cycle: cycle) }
            ),
            (
                "WHERE r.cycle = 202611 GROUP", "bill_record_cycle",
                { _ = try reader.billSums(by: .product, customer: nil, cycle: cycle) }
            ),
            ("k.customer = 1", "coupon_customer", { _ = try reader.coupons(customer: one, limit: 9) }),
            ("customer_id = ?", "customer_id", { _ = try reader.resolveCustomer("id-1") }),
            ("account_name = ?", "customer_account", { _ = try reader.resolveCustomer("account-1") }),
            ("status = 'open' ORDER", "conflict_open", { _ = try reader.conflicts(onlyOpen: true) }),
            (
                "x.status = 'open' ORDER", "conflict_open (status=? AND key>?)",
                { _ = try reader.conflictLines(ConflictSelection(), after: nil, limit: 9) }
            ),
            ("FROM history WHERE customer", "history_customer", { _ = try reader.history(of: one, limit: 9) }),
            ("FROM budget", "INTEGER PRIMARY KEY", { _ = try reader.customer(one) }),
        ]
        for (word, index, run) in expected {
            let found = try plan(word, run)
            #expect(!found.isEmpty && found.allSatisfy { $0.contains(index) }, "\(word): \(found)")
        }
        let pending = try replica.plain(replica.imageFile)
        let view = try pending.prepare("EXPLAIN QUERY PLAN SELECT * FROM customers WHERE customer_id = 'x'").rows {
            $0.text(3)
        }
        #expect(!view.contains { $0.hasPrefix("SCAN") }, "\(view)")
    }

    @Test func `open edits are found without a look at the settled ones`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(5))
        _ = try replica.push()
        _ = try replica.store.outboxCounts()
        _ = try replica.store.ackable()
        _ = try replica.add(budget(6))
        let plans = try plans(replica.store.outbox, mentioning: "NOT IN ('settled', 'discarded'")
        #expect(plans.count >= 4)
        for plan in plans { #expect(plan.contains("edit_open") || plan.contains("edit_customer"), "\(plan)") }
        // One more edit looks at the edits of its customer alone, and counts without a look at each.
        let counts = try self.plans(replica.store.outbox, mentioning: "min(saved_at)")
        #expect(!counts.isEmpty && counts.allSatisfy { $0.contains("COVERING INDEX edit_open") }, "\(counts)")
        let own = try self.plans(replica.store.outbox, mentioning: "AND customer = ?")
        #expect(!own.isEmpty && own.allSatisfy { $0.contains("SEARCH edit USING INDEX edit_customer (customer=?)") })
    }
}
