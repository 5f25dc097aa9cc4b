import Diagnostics
import Glibc
import LocalAPI
import TestKit
import Testing

@testable import SyncDaemon

/// A change of the user that comes to nothing.
@Suite struct UserChangeTests {
    @Test func `after a change that failed, what was set while the daemon ran is still in force`() throws {
        let (home, server) = (Home(), try LiveServer())
        try SecureFile.makeFolder(home.paths.config)
        let set = "[server]\nurl = \(server.address)\n"
        writeFile(home.paths.settingsFile, set)
        writeFile(home.paths.tokenFile, "\(server.token)\n")
        let daemon = RunningDaemon(home, server)
        #expect(try home.client.waitForSync(seconds: 20).reached)
        writeFile(home.paths.settingsFile, set + "[sync]\ninterval = 1h\n")
        daemon.tell(SIGHUP)
        #expect(eventually { home.log.contains("settings-read") }, "\(home.log)")
        #expect(eventually { rest(home) > 1800 }, "\(rest(home))")
        // Ben's queue is no database, which shows only once ana's replica is closed.
        let ben = home.paths.of(user: "p-ben")
        try SecureFile.makeFolder(ben.config)
        try SecureFile.makeFolder(ben.state)
        writeFile(ben.settingsFile, set)
        writeFile(ben.tokenFile, "\(server.token)\n")
        writeFile("\(ben.state)/outbox.db", String(repeating: "no database ", count: 1000))
        #expect(throws: UserError.self) { try home.client.goOver(to: "p-ben") }
        #expect(home.log.contains("user-not-changed"), "\(home.log)")
        #expect(try home.client.waitForSync(seconds: 20).reached)
        #expect(eventually { rest(home) > 1800 }, "\(rest(home))")
        #expect(daemon.end() == nil)
    }

    /// Seconds until the feed is looked at next.
    private func rest(_ home: Home) -> Int64 {
        let next = (try? home.client.status())?.nextAttemptAt.flatMap { Instant(rfc3339: $0) }
        return next.map { $0.seconds - SystemClock().now().seconds } ?? 0
    }
}
