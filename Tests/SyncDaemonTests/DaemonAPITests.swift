import Diagnostics
import Glibc
import HTTPKit
import LocalAPI
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncDaemon

/// Every route of the local interface, over its socket, before a real engine and a real server.
@Suite struct DaemonAPITests {
    private let server: LiveServer
    private let home = Home()
    private let daemon: RunningDaemon

    init() throws {
        server = try LiveServer()
        daemon = RunningDaemon(home, server)
        #expect(try home.client.waitForSync(seconds: 20).reached)
    }

    private func budget(_ major: Int64) -> EditIntent {
        .setBudget(
            Budget(amount: Money(major: major) ?? .zero, type: .monthly, onExhaustion: .manual), validThrough: nil)
    }

    @Test func `status tells what runs, since when, and how it stands`() throws {
        let status = try home.client.status()
        #expect(status.apiVersion == Local.version && status.software == SoftwareVersion.text)
        #expect(status.processID == Int(getpid()) && status.phase == "in-sync" && status.server == server.address)
        #expect(status.problem == nil && status.loadRowsTotal == nil)
        let times = [status.startedAt, status.lastContactAt, status.lastCheckpointAt].map {
            $0.flatMap { Instant(rfc3339: $0) }
        }
        #expect(times.allSatisfy { $0 != nil })
        #expect((status.residentBytes?.value ?? 0) > 1 << 20)
        #expect(daemon.end() == nil)
        #expect(try home.client.statusIfRunning() == nil)
    }

    @Test func `an edit is checked dry, taken with a number, and stacked on the one before`() throws {
        let dry = try home.client.add(budget(500), customer: server.customers[0], dryRun: true)
        #expect(dry.number == nil && dry.after.register == "budget")
        #expect(try home.edits() == [])
        server.spoil("/sync/v1/push", .instead(status: 503, headers: ["Fieldbook"]))
        let first = try home.client.add(budget(500), customer: server.customers[0], dryRun: false)
        #expect(
            first.number?.value == 1 && first.predecessor == nil && first.after == dry.after
                && first.before == dry.before)
        let second = try home.client.add(budget(600), customer: server.customers[0], dryRun: false)
        #expect(second.number?.value == 2 && second.predecessor?.value == 1 && second.before == first.after)
        server.release()
        #expect(try home.client.waitForSync(seconds: 20).reached)
        #expect(try home.budget(of: server.customers[0]) == "600.00000000")
    }

    @Test func `what breaks a limit is refused with its code and kept nowhere`() throws {
        let refused = [
            try #require(throws: UserError.self) {
                try home.client.add(budget(5), customer: server.customers[2], dryRun: false)
            },
            try #require(throws: UserError.self) {
                try home.client.add(budget(0), customer: server.customers[0], dryRun: false)
            },
            try #require(throws: UserError.self) {
                try home.client.add(budget(5), customer: CustomerKey(.max), dryRun: false)
            },
            try #require(throws: UserError.self) { try home.client.discard(EditNumber(99)) },
            try #require(throws: UserError.self) { try home.client.resend(EditNumber(.max)) },
        ]
        for error in refused {
            #expect(error.exitCode == .refused && !error.why.isEmpty && !error.next.isEmpty, "\(error)")
        }
        #expect("\(refused[0])".contains("CBC.99005024"), "\(refused[0])")
        #expect(try home.edits() == [])
        #expect(try home.client.status().phase == "in-sync")
    }

    @Test func `a code is answered when its fate is known, at once when the server is away, and logged nowhere`() throws
    {
        let unknown = try #require(throws: UserError.self) {
            try home.client.confirm(EditNumber(99), code: "271828")
        }
        #expect(unknown.why == "it does not wait to be sent")
        server.stop()
        #expect(try home.client.waitForSync(seconds: 20).phase == "offline")
        let away = try #require(throws: UserError.self) { try home.client.confirm(EditNumber(1), code: "271828") }
        #expect(away.why == "the server cannot be reached now" && !away.next.isEmpty)
        #expect(!home.log.contains("271828"))
    }

    @Test func `an edit that never left is discarded, one that is done can't be`() throws {
        server.stop()
        #expect(try home.client.waitForSync(seconds: 20).phase == "offline")
        #expect(try home.client.add(budget(500), customer: server.customers[0], dryRun: false).number?.value == 1)
        #expect(try home.client.add(budget(7), customer: server.customers[1], dryRun: false).number?.value == 2)
        // While a connection is tried, the edit counts as sent.
        #expect(eventually { (try? home.client.discard(EditNumber(1))) != nil })
        #expect(try home.edits().first == "1 discarded -")
        try server.start()
        #expect(try home.client.waitForSync(seconds: 20).reached)
        #expect(try home.edits() == ["1 discarded -", "2 settled applied"])
        #expect(try home.budget(of: server.customers[0]) == "-")
        let done = try #require(throws: UserError.self) { try home.client.discard(EditNumber(2)) }
        #expect(done.exitCode == .refused && !done.next.isEmpty)
        #expect(throws: UserError.self) { try home.client.resend(EditNumber(2)) }
    }

    @Test func `a sync that is asked for begins at once, and one waited for is told when time is over`() throws {
        let polls = server.count("/sync/v1/changes")
        try home.client.sync()
        #expect(server.isAsked("/sync/v1/changes", times: polls + 1))
        server.spoil("/sync/v1/push", .instead(status: 503, headers: ["Fieldbook"]))
        _ = try home.client.add(budget(500), customer: server.customers[0], dryRun: false)
        let reply = try home.client.waitForSync(seconds: 1)
        #expect(!reply.reached && reply.phase == "failing", "\(reply)")
    }

    @Test(arguments: [(401, "needs-login"), (403, "blocked"), (503, "failing")])
    func `a refusal of the server ends a wait with its reason`(status: Int, phase: String) throws {
        for path in ["/sync/v1/hello", "/sync/v1/changes"] {
            server.spoil(path, .instead(status: status, headers: ["Fieldbook"]))
        }
        let reply = try home.client.waitForSync(seconds: 20)
        #expect(!reply.reached && reply.phase == phase, "\(reply)")
        #expect(reply.problem?.why.isEmpty == false && reply.problem?.next.isEmpty == false)
        #expect(try home.client.status().problem == reply.problem)
        server.release()
        #expect(try home.client.waitForSync(seconds: 20).reached)
    }

    @Test func `a body too large is refused and the next request served`() throws {
        let error = try #require(throws: UserError.self) {
            try home.client.add(
                .freeze(.account, reason: String(repeating: "x", count: 1_100_000)), customer: server.customers[0],
                dryRun: false)
        }
        #expect(error.exitCode == .refused && error.why.contains("1048576"), "\(error)")
        #expect(
            try home.client.add(.freeze(.account, reason: "late"), customer: server.customers[0], dryRun: false)
                .number?.value == 1)
    }

    @Test func `an engine that has ended is told as stopping, and nothing is done`() {
        let loop = EngineLoop()
        loop.close()
        let api = DaemonAPI(loop: loop, clock: SystemClock(), startedAt: Instant(seconds: 0))
        let draft = Local.Draft(budget(5), customer: CustomerKey(1))
        for answer in [
            api.add([draft], link: nil, dryRun: false).map(\.value), api.resend(EditNumber(1), as: nil, dryRun: false),
            api.undo(EditNumber(1), dryRun: false),
        ] {
            guard case .failure(let refusal) = answer else {
                Issue.record("an edit was taken")
                continue
            }
            #expect(
                refusal.failure.exitCode == ExitCode.notYet.rawValue
                    && refusal.failure.next.contains("fieldbook edits list"))
        }
        #expect(!api.waitForSync(seconds: 600).reached)
    }
}
