import Diagnostics
import PartnerModel
import ReplicaStore
import SyncProtocol
import TestKit
import Testing

/// Edits from a CSV file: each line once.
@Suite struct ApplyCommandTests {
    private static let lines = [
        "kind,customer,amount,change,label,reason,group", "set-budget,Alpha,500,,,,", "set-label,account-2,,,gold,,",
        "adjust-budget,id-2,,+10,,,", "freeze,Beta,,,,late,g", "set-label,Beta,,,\"a, b\",,g", "clear-label,Alpha,,,,,",
    ]

    private func file(_ desk: OfflineDesk, _ lines: [String]) -> String { desk.file(lines.joined(separator: "\r\n")) }

    @Test func `each line becomes an edit of its own, and a second run makes no second one`() throws {
        let desk = try OfflineDesk()
        _ = desk.run("budget", "set", "Beta", "5")
        _ = desk.run("label", "set", "Alpha", "old")
        let path = file(desk, ApplyCommandTests.lines)
        let dry = desk.run("apply", path, "--dry-run")
        #expect(dry.code == 0 && dry.output.contains("line 2: would be saved: set budget to 500.00"), "\(dry)")
        #expect(dry.errors.contains("6 would be queued"))
        #expect(try desk.edits().count == 2)
        let first = desk.run("apply", path)
        #expect(first.code == 0 && first.output.contains("line 2: edit 3 saved"), "\(first)")
        let edits = try desk.edits()
        #expect(edits.count == 8 && edits[3].customerName == "Beta" && edits[4].customerName == "Beta")
        #expect(edits[5].wire.group?.value == 6 && edits[6].wire.group?.value == 6 && edits[2].wire.group == nil)
        let second = desk.run("apply", path)
        #expect(second.code == 0 && second.errors.contains("lines: 0 queued, 6 made already"), "\(second)")
        #expect(second.output.contains("line 4: already made as edit 5"), "\(second)")
        // A longer file makes what is new.
        let third = desk.run("apply", file(desk, ApplyCommandTests.lines + ["set-label,Gamma,,,new,,"]), "--json")
        #expect(third.output.contains("\"queued\": 1") && third.output.contains("\"madeAlready\": 6"), "\(third)")
        #expect(try desk.edits().count == 9)
    }

    @Test func `another series makes the same lines again`() throws {
        let desk = try OfflineDesk()
        let path = file(desk, ["kind,customer,label", "set-label,Alpha,a"])
        for series in [[], ["--series", "b"], ["--series", "b"], []] {
            #expect(desk.installation.run(["apply", path] + series).code == 0)
        }
        #expect(try desk.edits().count == 2)
    }

    @Test func `one wrong line keeps all from being queued unless it is told to keep going`() throws {
        let desk = try OfflineDesk()
        let lines = [
            "kind,customer,amount,label,reason,freeze_kind,until,percent", "set-label,Alpha,,a,,,,",
            "set-label,Nobody,,b,,,,", "set-budget,Alpha,0,,,,,", "freeze,Beta,,,r,account-and-resources,,",
            "set-discount,Gamma,,,,,next year,5", "set-label,Beta,,c,,,,",
        ]
        let path = file(desk, lines)
        let told = desk.run("apply", path)
        #expect(told.code == 65, "\(told)")
        for place in [":3: customer: ", ":4: amount: ", ":5: confirm: freezing resources", ":6: until: a day must be"] {
            #expect(told.errors.contains(place), "\(place): \(told.errors)")
        }
        #expect(told.errors.contains("nothing was queued") && told.errors.contains("4 wrong"), "\(told.errors)")
        #expect(try desk.edits().isEmpty)
        let going = desk.run("apply", path, "--keep-going")
        #expect(going.code == 65 && going.errors.contains("lines: 2 queued, 4 wrong"), "\(going)")
        #expect(try desk.edits().map(\.customerName) == ["Alpha", "Beta"])
        // The lines are mended, and only they are made.
        let mended = file(desk, [lines[0], lines[1], "set-budget,Alpha,7,,,,,", lines[6]])
        let last = desk.run("apply", mended)
        #expect(last.code == 0 && last.errors.contains("lines: 1 queued, 2 made already"), "\(last)")
    }

    @Test func `a key that was used for something else is told with the edit it made`() throws {
        let desk = try OfflineDesk()
        let header = "kind,customer,label,key"
        #expect(desk.run("apply", file(desk, [header, "set-label,Alpha,a,k1"])).code == 0)
        let other = desk.run("apply", file(desk, [header, "set-label,Alpha,b,k1"]))
        #expect(other.code == 65 && other.errors.contains(":2: key: it was used for another edit, 1"), "\(other)")
        #expect(try desk.edits().count == 1)
    }

    @Test func `a long file goes in several requests, and one that was cut short is gone on with`() throws {
        let desk = try OfflineDesk()
        let lines = (0..<1_200).map { "set-label,\(["Alpha", "Beta", "Gamma"][$0 % 3]),l\($0)" }
        let header = "kind,customer,label"
        #expect(desk.run("apply", file(desk, [header] + lines.prefix(700))).code == 0)
        let path = file(desk, [header] + lines)
        let whole = desk.run("apply", path)
        #expect(whole.code == 0 && whole.errors.contains("lines: 500 queued, 700 made already"), "\(whole.errors)")
        let reader = try ReplicaReader(directory: desk.installation.paths.state)
        let all = try reader.edits(all: true, limit: 5_000)
        #expect(all.count == 1_200 && Set(all.map(\.number)).count == 1_200)
    }

    @Test func `without a daemon nothing is queued and the way on is told`() throws {
        let desk = try OfflineDesk()
        _ = desk.run("daemon", "stop")
        let told = desk.run("apply", file(desk, ["kind,customer,label", "set-label,Alpha,a"]))
        #expect(told.code == 69 && told.errors.contains("fieldbook daemon start"), "\(told)")
    }
}
