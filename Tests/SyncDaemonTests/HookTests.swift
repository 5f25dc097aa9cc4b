import Diagnostics
import Glibc
import Hooks
import LedgerStore
import LocalAPI
import PartnerModel
import SyncProtocol
import SyncServer
import TestKit
import Testing

/// Commands of a person's own in a real daemon against a real server: whatever they do, sync goes on.
@Suite struct HookTests {
    private let server: LiveServer
    private let home = Home()

    init() throws { server = try LiveServer() }

    private func script(_ text: String) -> String {
        let path = home.folder.file("hook")
        writeFile(path, "#!/bin/sh\n\(text)\n")
        chmod(path, 0o700)
        return path
    }

    /// A daemon in sync that runs a script on every event.
    private func daemon(_ text: String, more: [String: String] = [:]) throws -> RunningDaemon {
        let lines = ["all": script(text), "timeout": "1s"].merging(more) { $1 }
        let settings = Settings(variables: { name in
            lines.first { "FIELDBOOK_HOOKS_\($0.key.uppercased())" == name }?.value
        })
        let daemon = RunningDaemon(home, server, settings: settings)
        #expect(try home.client.waitForSync(seconds: 20).reached)
        return daemon
    }

    /// Others freeze a customer on the server.
    private func freeze(_ customer: Int, id: Int64) throws {
        let data = DataFolder(server.folder.file("data"))
        let ledger = try Ledger.open(path: data.ledgerFile(try data.onlyPartner()), forWriting: true)
        defer { ledger.close() }
        let key = server.customers[customer].value
        let freeze =
            "[{\"at\":\"1\",\"by\":\"ben\",\"cause\":\"manual\",\"id\":\"\(id)\","
            + "\"kind\":\"account\",\"reason\":\"late\"}]"
        _ = try ledger.write { writer in
            try writer.put(.freezes, key: key, subject: key, [.text(freeze), .text("account")])
        }
    }

    private func logged(_ words: String) -> Bool { eventually { self.home.log.contains(words) } }

    /// An edit goes to the server and comes back.
    private func syncs(_ major: Int64) throws -> Bool {
        let budget = Budget(amount: Money(major: major) ?? .zero, type: .monthly, onExhaustion: .manual)
        _ = try home.client.add(
            .setBudget(budget, validThrough: nil), customer: server.customers[0], dryRun: false)
        return try home.client.waitForSync(seconds: 20).reached
    }

    @Test func `a freeze by others comes to the command as JSON, and a first load brought none`() throws {
        try freeze(1, id: 900)
        let seen = home.folder.file("seen")
        let daemon = try daemon("cat >> \(seen)", more: ["timeout": "60s"])
        try freeze(0, id: 901)
        #expect(try home.client.waitForSync(seconds: 20).reached)
        #expect(eventually { readFile(seen).last == 0x0A })
        let lines = String(decoding: readFile(seen), as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 1)
        let event = try WireCoding.decode(HookEvent.self, from: String(lines.first ?? ""))
        #expect(event.event == .freeze && event.customer?.accountName == "account-0")
        #expect(event.customer?.key.value == server.customers[0].value && event.schemaVersion == 1)
        #expect(event.freezes?.map(\.by) == ["ben"] && event.freezes?.first?.reason == "late")
        #expect(daemon.end() == nil)
    }

    @Test(
        arguments: [
            ("exit 3", "ended=\"exit 3\""), ("sleep 1000", "ended=timeout"),
            ("trap '' TERM; while :; do sleep 1000; done", "ended=timeout"),
            ("cat /dev/zero", " bytes="),
            ("sleep 1000 & echo $! > \"$0.child\"; exit 0", "ended=\"exit 0\""),
            ("kill -9 $$", "ended=\"signal 9\""),
        ])
    func `a command that hangs, fails, floods or leaves a child is ended and logged, and sync goes on`(
        text: String, words: String
    ) throws {
        // What ends by itself may take its time on a busy machine.
        let isQuick = words.hasPrefix("ended=\"")
        let daemon = try daemon(text, more: ["timeout": isQuick ? "60s" : "1s"])
        try freeze(0, id: 901)
        #expect(try home.client.waitForSync(seconds: 20).reached)
        // While the command runs.
        #expect(try syncs(500) && syncs(600))
        #expect(logged(words), "\(home.log)")
        try freeze(1, id: 902)
        #expect(try syncs(700))
        #expect(eventually { self.home.log.split(separator: "\n").filter { $0.contains("event=hook ") }.count == 2 })
        if let child = pid_t(
            String(decoding: readFile(home.folder.file("hook.child")), as: UTF8.self).prefix { $0.isNumber })
        {
            #expect(eventually { kill(child, 0) != 0 || readFile("/proc/\(child)/cmdline").isEmpty })
        }
        #expect(daemon.end() == nil)
    }

    @Test func `a missing command and a line that can't be read are logged, and sync goes on`() throws {
        let daemon = try daemon(
            "exit 0", more: ["all": "/no/such/command", "timeout": "60s", "budget": "'open"])
        #expect(logged("event=hook-setting key=hooks.budget"))
        try freeze(0, id: 901)
        #expect(try syncs(500))
        #expect(logged("not started: No such file"))
        #expect(daemon.end() == nil)
    }

    @Test func `a daemon ends although a command hangs`() throws {
        let started = home.folder.file("started")
        let daemon = try daemon(
            "touch \(started); trap '' TERM; while :; do sleep 1000; done", more: ["timeout": "300s"])
        try freeze(0, id: 901)
        #expect(try home.client.waitForSync(seconds: 20).reached)
        #expect(eventually { SecureFile.exists(started) })
        #expect(daemon.end() == nil)
        #expect(home.log.contains("ended=stopped"))
    }

    @Test func `a token that is refused calls the command once`() throws {
        let daemon = try daemon("echo $FIELDBOOK_EVENT >> $0.seen", more: ["timeout": "60s"])
        for path in ["/sync/v1/hello", "/sync/v1/changes"] {
            server.spoil(path, .instead(status: 401, headers: ["Fieldbook"]))
        }
        for _ in 0..<3 { #expect(try home.client.waitForSync(seconds: 20).phase == "needs-login") }
        server.release()
        #expect(try home.client.waitForSync(seconds: 20).reached)
        #expect(logged("kind=login") && daemon.end() == nil)
        #expect(String(decoding: readFile(home.folder.file("hook.seen")), as: UTF8.self) == "login\n")
    }
}
