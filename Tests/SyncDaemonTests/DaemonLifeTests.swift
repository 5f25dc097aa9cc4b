import Diagnostics
import Glibc
import LocalAPI
import PartnerModel
import SyncProtocol
import TestKit
import Testing
import ThreadKit

@testable import SyncDaemon

/// A real daemon against a real server: what it keeps over its end, and what it says.
@Suite struct DaemonLifeTests {
    private let server: LiveServer
    private let home = Home()

    init() throws { server = try LiveServer() }

    private func budget(_ major: Int64) -> EditIntent {
        .setBudget(
            Budget(amount: Money(major: major) ?? .zero, type: .monthly, onExhaustion: .manual), validThrough: nil)
    }

    private func adjust(_ major: Int64) -> EditIntent {
        .adjustBudget(delta: Money(major: major) ?? .zero, validThrough: nil)
    }

    private func syncs() throws -> Bool { try home.client.waitForSync(seconds: 20).reached }

    @Test func `a daemon loads, takes edits, brings them to the server and knows it all after a restart`() throws {
        let daemon = RunningDaemon(home, server)
        #expect(try syncs())
        #expect(try home.query("SELECT count(*) FROM customers") == ["3"])
        #expect(try home.query("SELECT count(*) FROM bill_records") == ["3"])
        #expect(try home.client.add(budget(500), customer: server.customers[0], dryRun: false).number?.value == 1)
        #expect(try syncs())
        #expect(try home.edits() == ["1 settled applied"])
        #expect(daemon.end() == nil)
        #expect(access(home.paths.socket, F_OK) != 0)
        #expect(home.log.contains("event=started") && home.log.contains("event=stopped"))
        #expect(!home.log.contains(server.token))

        let again = RunningDaemon(home, server)
        #expect(try home.client.add(adjust(25), customer: server.customers[0], dryRun: false).number?.value == 2)
        #expect(try syncs())
        #expect(try home.edits() == ["1 settled applied", "2 settled applied"])
        #expect(try home.budget(of: server.customers[0]) == "525.00000000")
        // The image was kept: one plan for both.
        #expect(server.count("/sync/v1/snapshot") == 1)
        #expect(again.end() == nil)
    }

    @Test func `an edit whose push is in flight at the end is neither lost nor done twice`() throws {
        let daemon = RunningDaemon(home, server)
        #expect(try syncs())
        _ = try home.client.add(budget(500), customer: server.customers[0], dryRun: false)
        #expect(try syncs())
        let pushes = server.count("/sync/v1/push")
        server.spoil("/sync/v1/push", .hold)
        _ = try home.client.add(adjust(25), customer: server.customers[0], dryRun: false)
        #expect(server.isAsked("/sync/v1/push", times: pushes + 1))
        // One more while the first is on its way.
        _ = try home.client.add(adjust(5), customer: server.customers[0], dryRun: false)
        let began = SystemClock().monotonicNow()
        #expect(daemon.end() == nil)
        #expect(SystemClock().monotonicNow() - began < .seconds(5), "the end waited for the server")
        #expect(try home.edits() == ["1 settled applied", "2 sent -", "3 saved -"])
        server.release()

        let again = RunningDaemon(home, server)
        #expect(try syncs())
        #expect(try home.edits() == ["1 settled applied", "2 settled applied", "3 settled applied"])
        #expect(try home.budget(of: server.customers[0]) == "530.00000000")
        #expect(again.end() == nil)
    }

    @Test func `a server that is gone is told, and edits reach it when it is back`() throws {
        let daemon = RunningDaemon(home, server)
        #expect(try syncs())
        server.stop()
        let reply = try home.client.waitForSync(seconds: 20)
        #expect(!reply.reached && reply.phase == "offline")
        #expect(reply.problem?.why.contains(server.address) == true)
        #expect(try home.client.add(budget(7), customer: server.customers[1], dryRun: false).number?.value == 1)
        #expect(eventually { (try? home.client.status())?.nextAttemptAt != nil })
        try server.start()
        #expect(try syncs())
        #expect(try home.edits() == ["1 settled applied"])
        let status = try home.client.status()
        #expect(status.problem == nil && status.phase == "in-sync")
        #expect(daemon.end() == nil)
    }

    @Test func `a second daemon on the same replica is refused with the first one's process, which goes on`() throws {
        let daemon = RunningDaemon(home, server)
        let second = RunningDaemon(home, server: server.address, token: server.token).failure()
        #expect(second?.exitCode == .failed)
        #expect(second?.why == "another one (process \(getpid())) has this replica")
        #expect(second?.next.contains("fieldbook daemon stop") == true)
        #expect(try home.client.status().processID == Int(getpid()))
        #expect(try syncs())
        #expect(daemon.end() == nil)
    }

    @Test func `a daemon of another replica does not take the socket of one that runs`() throws {
        let other = Home()
        let (mine, theirs) = (sharing(home.folder), sharing(other.folder))
        #expect(mine.socket == theirs.socket && mine.state != theirs.state)
        let daemon = RunningDaemon(home, server: server.address, token: server.token, paths: mine)
        let client = LocalAPIClient(socket: mine.socket)
        #expect(eventually { (try? client.statusIfRunning()) != nil })
        let refused = RunningDaemon(other, server: server.address, token: server.token, paths: theirs).failure()
        #expect(
            refused?.exitCode == .failed && refused?.why == "another process listens there",
            "\(String(describing: refused))")
        #expect(try client.statusIfRunning() != nil)
        #expect(daemon.end() == nil)
    }

    /// A state folder below `folder`, beside the runtime folder of `home`.
    private func sharing(_ folder: TemporaryDirectory) -> Paths {
        Paths { [home] name in
            switch name {
            case "XDG_STATE_HOME": folder.path
            case "XDG_RUNTIME_DIR": home.folder.file("shared")
            default: nil
            }
        }
    }

    @Test func `one who waits for a sync is told of the end at once`() throws {
        // A request that is held would pass for the one of who waits.
        let polling = Settings(variables: { $0 == "FIELDBOOK_SYNC_LIVE" ? "no" : nil })
        let isQuick = try isQuicker(than: .milliseconds(2500)) {
            server.release()
            let daemon = RunningDaemon(home, server, settings: polling)
            #expect(try syncs())
            server.spoil("/sync/v1/changes", .hold)
            let (client, reply) = (home.client, Delivery<Local.WaitReply?>())
            let polls = server.count("/sync/v1/changes")
            let waiting = try #require(
                WorkerThread(stackBytes: 1 << 19) { reply.deliver(try? client.waitForSync(seconds: 600)) })
            #expect(server.isAsked("/sync/v1/changes", times: polls + 1))
            let began = SystemClock().monotonicNow()
            #expect(daemon.end() == nil)
            let took = SystemClock().monotonicNow() - began
            waiting.join()
            let told = reply.wait(until: Moment.soon) ?? nil
            #expect(told?.reached == false && told?.problem?.why == "the daemon is stopping")
            #expect(told?.problem?.exitCode == ExitCode.notYet.rawValue)
            return took
        }
        #expect(isQuick, "the end waited for the request")
    }

    @Test func `a host that does not answer does not hold the end up`() {
        let isQuick = isQuicker(than: .milliseconds(1500)) {
            let host = DeadHost()
            let daemon = RunningDaemon(home, server: "http://127.0.0.1:\(host.port)", token: "t")
            #expect(eventually { host.isTried && (try? home.client.status().phase) == "syncing" })
            let began = SystemClock().monotonicNow()
            #expect(daemon.end() == nil)
            return SystemClock().monotonicNow() - began
        }
        #expect(isQuick)
    }

    @Test func `the lock is kept until all is done`() throws {
        let watch = LockWatch(path: "\(home.paths.state)/daemon.lock")
        let daemon = RunningDaemon(home, server, logClock: watch)
        #expect(try syncs())
        #expect(daemon.end() == nil)
        // Looked at with each line of the log, the last of which says that all has stopped.
        #expect(home.log.split(separator: "\n").last?.contains("event=stopped") == true)
        #expect(watch.isHeld.count >= 3 && watch.isHeld.allSatisfy { $0 })
        #expect(throws: Never.self) { try FileLock(path: "\(home.paths.state)/daemon.lock") }
    }
}

/// A clock for the log that looks whether the replica's lock is held whenever a line is written.
private final class LockWatch: WallClock {
    private let path: String
    private let seen = Monitor<[Bool]>([])

    init(path: String) { self.path = path }

    var isHeld: [Bool] { seen.withLock { $0 } }

    func now() -> Instant {
        let isFree = (try? FileLock(path: path)) != nil
        seen.withLock { $0.append(!isFree) }
        return SystemClock().now()
    }

    func monotonicNow() -> Duration { SystemClock().monotonicNow() }
}
