import Diagnostics
import TestKit
import Testing

@testable import SyncDaemon

/// Signs of life for a service manager.
@Suite struct HeartbeatTests {
    @Test func `an engine that takes up no job gives no sign after the first`() {
        var signs: [String] = []
        // Nobody drains this mailbox: the engine hangs.
        let loop = EngineLoop()
        let heartbeat = Heartbeat(of: .seconds(60)) { signs.append($0) }
        for _ in 0..<5 { heartbeat.beat(loop) }
        #expect(signs == ["WATCHDOG=1"])
    }

    @Test func `a change of the user may take long, and the limit stands again after it`() {
        var signs: [String] = []
        let loop = EngineLoop()
        let heartbeat = Heartbeat(of: .seconds(60)) { signs.append($0) }
        heartbeat.beat(loop)
        heartbeat.pause()
        heartbeat.goOn()
        // The engine that was asked is gone with its loop.
        heartbeat.beat(loop)
        #expect(
            signs == [
                "WATCHDOG=1", "WATCHDOG_USEC=700000000\nWATCHDOG=1", "WATCHDOG_USEC=60000000\nWATCHDOG=1", "WATCHDOG=1",
            ])
    }

    @Test func `nothing is said where no manager asks`() {
        var signs: [String] = []
        let heartbeat = Heartbeat(of: nil) { signs.append($0) }
        heartbeat.pause()
        heartbeat.goOn()
        #expect(signs.isEmpty)
    }
}
