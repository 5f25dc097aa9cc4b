import Diagnostics
import Glibc
import LocalAPI
import SyncDaemon
import SyncProtocol
import TestKit
import Testing

/// A daemon whose settings say that its link costs by the byte.
@Suite struct MeteredDaemonTests {
    private func metered(_ more: String = "") -> Home {
        let home = Home()
        _ = try? SecureFile.makeFolder(home.paths.config)
        writeFile(home.paths.personSettingsFile, "[network]\nmetered = yes\n\(more)")
        return home
    }

    @Test func `status says what waits, and records come when asked for`() throws {
        let (home, server) = (metered("daily-bytes = 20M\n"), try LiveServer())
        let daemon = RunningDaemon(home, server)
        #expect(eventually { (try? home.client.status().phase) == "metered" })
        let metering = try #require(try home.client.status().metering)
        #expect(metering.waits == ["records"] && metering.dailyBytes?.value == 20 << 20 && !metering.usedUp)
        #expect(metering.usedBytes.value > 500 && metering.usedBytes.value < 100_000 && metering.anewAt == nil)
        let metrics = try home.client.metrics()
        #expect(
            metrics.contains("fieldbook_metered 1\n") && metrics.contains("fieldbook_metered_daily_bytes 20971520\n"))
        #expect(metrics.contains("fieldbook_metered_waits{what=\"records\"} 1\n"))
        // Who waits for a sync does not wait for records that nobody asked for.
        let reply = try home.client.waitForSync(seconds: 30)
        #expect(reply.reached && reply.phase == "metered")
        try home.client.sync(records: true)
        #expect(eventually { (try? home.client.status().phase) == "in-sync" })
        #expect(try home.client.status().metering?.waits == [])
        withExtendedLifetime(daemon) {}
    }

    @Test func `a day's bytes that are used up stay used up when the daemon starts anew`() throws {
        let (home, server) = (metered("daily-bytes = 1\n"), try LiveServer())
        let daemon = RunningDaemon(home, server)
        #expect(eventually { (try? home.client.status().metering?.usedUp) == true })
        daemon.end()
        let again = RunningDaemon(home, server)
        let metering = try #require(try home.client.status().metering)
        #expect(metering.usedUp && metering.usedBytes.value > 100)
        withExtendedLifetime(again) {}
    }

    @Test func `a reload takes a metered link up, and gives it back`() throws {
        let (home, server) = (metered(), try LiveServer())
        let daemon = RunningDaemon(home, server)
        #expect(eventually { (try? home.client.status().phase) == "metered" })
        writeFile(home.paths.personSettingsFile, "[network]\nmetered = no\n")
        daemon.tell(SIGHUP)
        #expect(eventually { (try? home.client.status().phase) == "in-sync" })
        #expect(try home.client.status().metering == nil && home.client.metrics().contains("fieldbook_metered 0\n"))
    }
}
