import Diagnostics
import SyncEngine
import TestKit
import Testing

@testable import SyncDaemon

/// What an alert may rely on.
@Suite struct DaemonMetricsTests {
    private func text(_ status: EngineStatus, madeAt: Int64?) -> String {
        let now = Instant(seconds: 2_000_000)
        return DaemonMetrics(
            status: status, entries: LaneBook(at: now).entries(at: now), now: now, monotonic: .zero,
            startedAt: Instant(seconds: 1_900_000), waitingMail: 0, residentBytes: nil, madeAt: madeAt, freeBytes: nil
        ).text
    }

    private func value(_ name: String, _ text: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }.map { String($0.dropFirst(name.count + 1)) }
    }

    @Test func `a replica that never agreed has no time of an agreement, and an age that an alert can use`() {
        let (agreed, created) = (
            "fieldbook_last_agreement_timestamp_seconds", "fieldbook_replica_created_timestamp_seconds"
        )
        let never = text(EngineStatus(), madeAt: 1_000_000)
        #expect(value(agreed, never) == nil && value(created, never) == "1000000")
        #expect(value(created, text(EngineStatus(), madeAt: nil)) == "1900000")
        var status = EngineStatus()
        status.lastAgreementAt = Instant(seconds: 1_950_000)
        #expect(value(agreed, text(status, madeAt: 1_000_000)) == "1950000")
        let alerts = Documents.text("Config/alerts.yml")
        let words = alerts.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        #expect(
            words.contains(
                "expr: > time() - \(agreed) > 86400 or (time() - \(created) > 86400 unless on (instance) \(agreed))"))
    }

    @Test func `a file knows when it was made, whatever was written into it since`() throws {
        let folder = TemporaryDirectory()
        let before = SystemClock().now().seconds
        writeFile(folder.file("x"), "a")
        guard let made = FileFacts.madeAt(folder.file("x")) else { return }
        #expect((before - 1...before + 60).contains(made))
        #expect(FileFacts.madeAt(folder.file("none")) == nil)
    }
}
