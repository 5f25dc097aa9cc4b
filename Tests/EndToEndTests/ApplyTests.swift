import Diagnostics
import Glibc
import SQLiteKit
import TestKit
import Testing

/// Edits from a file, with real programs that end in between.
@Suite(.serialized) struct ApplyTests {
    /// How many edits the outbox has, and how many labels they ask for.
    private func labels(_ ana: Person) throws -> (edits: Int64, labels: Int64) {
        let outbox = try Connection(path: "\(ana.paths.state)/outbox.db", mode: .readWrite, durability: .reader)
        return try outbox.statement("SELECT count(*), count(DISTINCT edit ->> 'label') FROM edit").first {
            ($0.int64(0), $0.int64(1))
        } ?? (0, 0)
    }

    @Test func `a daemon that is killed in the middle of a file leaves each line once, after one more run`() throws {
        let folder = TemporaryDirectory()
        let world = World()
        world.seed(customers: 40, bills: 100)
        world.startServer()
        let ana = world.member("ana")
        ana.startDaemon()
        #expect(ana.sync())
        let customers = try ana.query("SELECT account_name FROM customers ORDER BY key")
        let count = 1_500
        let lines = (0..<count).map { "set-label,\(customers[$0 % customers.count]),l\($0)" }
        writeFile(folder.file("a.csv"), "kind,customer,label\n" + lines.joined(separator: "\n") + "\n")
        let apply = ChildProcess(
            ChildProcess.program("fieldbook"), ["apply", folder.file("a.csv")],
            environment: ["FIELDBOOK_HOME": ana.home])
        #expect(eventually { ((try? self.labels(ana).edits) ?? 0) > 0 })
        ana.killDaemon()
        let code = apply.wait()
        let kept = try labels(ana)
        #expect(kept.edits == kept.labels && kept.edits % 500 == 0, "\(kept)")
        #expect(code == 0 || kept.edits < count)
        if code != 0, kept.edits < count { #expect(apply.errors.contains("run this again"), "\(apply.errors)") }
        ana.startDaemon()
        let again = ana.run(["apply", folder.file("a.csv")])
        #expect(again.code == 0 && again.errors.contains("\(kept.edits) made already"), "\(again.errors)")
        #expect(try labels(ana) == (Int64(count), Int64(count)))
        #expect(ana.sync())
        #expect(world.difference(ana) == nil)
    }
}
