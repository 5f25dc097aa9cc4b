import Diagnostics
import Glibc
import PartnerModel
import ReplicaStore
import SyncProtocol
import TestKit
import Testing

@testable import fieldbook

/// What a report holds, and what it must not.
@Suite struct BugReportTests {
    /// A home full of marks: every text and every number of every row, what edits ask and why, and whatever names
    /// somebody.
    private final class MarkedHome {
        let installation: Installation
        let paths: Paths
        var marks: [String] = []

        private func text() -> String {
            marks.append("mrk\(marks.count)q")
            return marks[marks.count - 1]
        }

        private func number() -> Int64 {
            let number = 731_400_000 + Int64(marks.count)
            marks.append("\(number)")
            return number
        }

        init() throws {
            installation = try Installation(isSetUp: false)
            let root = installation.paths
            let name = "pmrk-memrk"
            marks = ["pmrk", "memrk", "hostmrk", "fbt_tokenmrk", "settingmrk", "Namemrk", "rsnmrk", "456787", "msgmrk"]
            try SecureFile.makeFolder("\(root.stateRoot)/users")
            try SecureFile.makeFolder("\(root.configRoot)/users/\(name)")
            try UserFolders(root).setCurrent(name)
            paths = root.of(user: name)
            writeFile(
                paths.settingsFile,
                "[server]\nurl = http://hostmrk.invalid:1\ncolour = settingmrk\n[hooks]\nall = settingmrk\ntimeout = 12s\n"
            )
            writeFile(paths.tokenFile, "fbt_tokenmrk\n")
            try fill()
            try writeLog()
        }

        private func rows() -> [PageRow] {
            var rows: [PageRow] = []
            var keys: [String: Int64] = [:]
            for entity in Entity.snapshotOrder {
                if entity == .customer { rows.append(.customer(7_311_001, name: "Namemrk", source: text())) }
                let key = number()
                keys[entity.name] = key
                // A record names entries that are there.
                rows.append(
                    PageRow(
                        entity, key, version: 1,
                        entity.columns.map { column in
                            if entity == .billRecord, let named = keys[column.name] { return .integer(named) }
                            return column.kind == .text ? .text(text()) : .integer(number())
                        }))
            }
            return rows
        }

        private func fill() throws {
            let store = try ReplicaStore(directory: paths.state, clock: SystemClock(), chance: SystemChance())
            let hello = V1.Hello(
                software: "t", partner: "pmrk", partnerName: "Namemrk Ltd", member: "memrk", role: "administrator",
                scope: 1, epoch: "e1", epochOrdinal: 1, lineage: [], head: 1, lowWatermark: 0, serverTime: 1,
                rulesVersion: 1)
            _ = try store.meet(hello, server: "http://hostmrk.invalid:1")
            try store.beginLoad(V1.SnapshotPlan(cursor: "a", sequence: 1, rows: []), epoch: "e1")
            let bytes = try pageBytes("snapshot/1", epoch: "e1", from: "a", to: "b", sequence: 1, .last, rows())
            let page = try ReceivedPage(bytes, kind: "snapshot/1", expectedCursor: "a", isWhole: true)
            _ = try store.staging?.take(page, at: 1)
            let end = try ReceivedPage(
                pageBytes("feed/1", epoch: "e1", from: "b", to: "c", sequence: 10, .checkpoint, []), kind: "feed/1",
                expectedCursor: "b", isWhole: true)
            _ = try store.staging?.take(end, at: SystemClock().now().seconds)
            _ = try store.finishLoad()
            marks.append("7311001")
            let customer = CustomerKey(7_311_001)
            let drafts: [EditIntent] = [
                .setBudget(OfflineDesk.budget(456_787), validThrough: nil), .freeze(.account, reason: "rsnmrk"),
                .setLabel("settingmrk"),
            ]
            for draft in drafts { _ = try store.add([EditDraft(customer: customer, intent: draft)], link: .none) }
            let sent = try #require(try store.nextPush()).edits.map { $0.number.value }
            let results = sent.map { number -> V1.Result in
                var result = V1.Result(number: number, code: .rejected, epoch: "e1", sequence: 11, baseWasIntact: true)
                result.message = "msgmrk of memrk: 456787 is too much"
                return result
            }
            _ = try store.record(V1.Results(epoch: "e1", results: results), sent: sent.map { EditNumber($0) })
            store.close()
        }

        /// The older file in text, the newer one in JSON.
        private func writeLog() throws {
            for (path, format) in [
                (paths.daemonLog + LogFile.olderSuffix, Logger.Format.text), (paths.daemonLog, .json),
            ] {
                try writeLog(path, format)
            }
        }

        private func writeLog(_ path: String, _ format: Logger.Format) throws {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            defer { close(descriptor) }
            let log = Logger(program: "fieldbookd", level: .trace, format: format, descriptor: descriptor)
            let event = format == .json ? "push-failed" : "exchange-failed"
            for mark in marks {
                log.log(
                    .info, event, [("lane", "pull"), ("what", "cannot greet the server"), ("why", mark)])
                log.log(
                    .error, mark, [(mark, mark), ("count", mark), ("event", "to '\(mark) the server' and \(mark)")])
            }
            let lines = marks.map { "fieldbookd: cannot use /home/\($0)/token: \($0)@example.com says \($0)\n" }
            let bytes = Array(lines.joined().utf8)
            #expect(write(descriptor, bytes, bytes.count) == bytes.count)
        }
    }

    private func report(_ home: MarkedHome, chance: UInt64 = 1) -> [UInt8] {
        BugReport(home.paths, clock: SystemClock(), chance: CountingChance(seed: chance)) { _ in nil }.archive()
    }

    @Test func `no name, id, amount, reason, address or secret of a full replica is in the report`() throws {
        let home = try MarkedHome()
        let file = home.installation.folder.file("report.tar")
        let outcome = home.installation.run(["bugreport", file])
        #expect(outcome.code == 0 && outcome.errors.contains("sent nowhere"), "\(outcome.errors)")
        let text = String(decoding: readFile(file), as: UTF8.self)
        #expect(home.marks.count > 150)
        #expect(home.marks.filter { text.contains($0) } == [])
        #expect(!text.contains("mrk"))
        for path in [home.installation.folder.path, home.installation.home] { #expect(!text.contains(path)) }
        // What helps is still there.
        for words in [
            "\"kind\":\"set-budget\"", "\"state\":\"dead\"", "\"code\":\"rejected\"", "\"customer\": 2",
            "why=\"[...]\"", "what=\"cannot greet the server\"", "event=exchange-failed",
            "program=fieldbookd event=push-failed lane=pull", "timeout = 12",
            "\"schema\": ", "\"phase\": null", "\"dead\": 3",
        ] { #expect(text.contains(words), "\(words)") }
    }

    @Test func `the report is a tar file that tar lists, for its owner alone, and replaces nothing unasked`() throws {
        let installation = try Installation()
        let file = installation.folder.file("report.tar")
        #expect(installation.run(["bugreport", file]).code == 0)
        #expect(SecureFile.isPrivate(file))
        let tar = ChildProcess("/bin/tar", ["tvf", file])
        #expect(tar.wait() == 0 && tar.errors.isEmpty, "\(tar.errors)")
        for name in [
            "README.txt", "versions.json", "doctor.json", "status.json", "settings.txt", "replica.json",
            "edits.jsonl", "log.txt",
        ] { #expect(tar.output.contains(" \(name)\n"), "\(tar.output)") }
        #expect(tar.output.split(separator: "\n").allSatisfy { $0.hasPrefix("-rw-------") })
        #expect(installation.run(["bugreport", file]).code == 65)
        #expect(installation.run(["bugreport", file, "--force"]).code == 0)
        let whole = ChildProcess("/bin/tar", ["xOf", file, "README.txt"])
        #expect(whole.wait() == 0 && whole.output == BugReport.readme)
    }

    @Test func `a file of any length ends at a whole block, and its bytes come back`() throws {
        for length in [0, 1, 511, 512, 513, 2048] {
            let folder = TemporaryDirectory()
            var tar = TarWriter(seconds: 1_795_000_000)
            tar.add("a", [UInt8](repeating: 65, count: length))
            tar.add("b", text: "end")
            #expect(tar.finished.count % 512 == 0)
            writeFile(folder.file("x.tar"), tar.finished)
            let read = ChildProcess("/bin/tar", ["xOf", folder.file("x.tar")])
            #expect(read.wait() == 0 && read.output == String(repeating: "A", count: length) + "end")
        }
    }

    @Test func `a customer has one pseudonym in a report and another in the next`() throws {
        let home = try MarkedHome()
        func pseudonyms(_ bytes: [UInt8]) -> Set<String> {
            let text = String(decoding: bytes, as: UTF8.self)
            let lines = text.split(separator: "\n").filter { $0.contains("\"customer\":\"c-") }
            #expect(lines.count == 3)
            return Set(lines.compactMap { $0.split(separator: "\"").first { $0.hasPrefix("c-") }.map(String.init) })
        }
        let (first, second) = (pseudonyms(report(home)), pseudonyms(report(home, chance: 2)))
        #expect(first.count == 1 && second.count == 1 && first != second)
    }
}

/// What of a text passes.
@Suite struct RedactorTests {
    private let redactor: Redactor

    init() {
        let paths = Paths { $0 == "HOME" ? "/home/eva" : nil }
        redactor = Redactor(paths, home: "/home/eva", names: ["server"], chance: CountingChance())
    }

    @Test(
        arguments: [
            ("the daemon does not take the token", "the daemon does not take the token"),
            ("this replica belongs to mona, the token to ana", "this replica belongs to [...] the token to [...]"),
            ("its schema is 9, this build knows 7", "its schema is 9, this build knows 7"),
            ("used 450 of 500", "used [...] of [...]"), ("status 503", "status 503"), ("the server", "the [...]"),
            ("cannot find 'the daemon' now", "cannot find [...] now"), ("mail ana@example.com", "[...]"),
            ("'an open quotation hides the rest", "[...]"),
            ("cannot connect to 10.1.2.3:80", "cannot connect to [...]"),
            ("since 2026-11-21T02:46:25Z (version 0.1.0)", "since 2026-11-21T02:46:25Z (version 0.1.0)"),
            ("/home/eva/.config/fieldbook/token is there", "CONFIG/token is there"),
            ("/home/eva/Secret/x and /srv/acme/log", "~/[...]/[...] and /[...]/[...]/[...]"),
            ("/home/eva/.local/state/fieldbook/users/p-mona/outbox.db", "STATE/users/[...]/outbox.db"),
            ("Müller Maschinenbau 华云", "[...]"), ("", ""),
        ])
    func `a sentence keeps our words`(text: String, shown: String) { #expect(redactor.text(text) == shown) }

    @Test(
        arguments: [
            (
                "time=2026-11-21T02:46:25Z level=info program=fieldbookd event=results final=3 held=0",
                "time=2026-11-21T02:46:25Z level=info program=fieldbookd event=results final=3 held=0"
            ),
            ("time=mona event=ana count=450 x", "time=\"[...]\" event=\"[...]\" count=450 [...]"),
            (
                "time=2026-11-21T02:46:25Z path=\"/home/eva/Acme \\\"x\\\" y\" why=\"not found\"",
                "time=2026-11-21T02:46:25Z path=\"~/[...] [...]\" why=\"not found\""
            ),
        ])
    func `a line of the log keeps its words and counts`(line: String, shown: String) {
        #expect(redactor.line(line) == shown)
    }
}
