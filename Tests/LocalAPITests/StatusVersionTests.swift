import Foundation
import HTTPKit
import SyncProtocol
import TestKit
import Testing

@testable import LocalAPI

/// Programs and daemons of different builds read each other's status.
@Suite struct StatusVersionTests {
    private static let old = """
        {"apiVersion":3,"software":"0","processID":"1","startedAt":"2026-11-21T00:00:00Z","phase":"in-sync",
        "server":"http://h:1"}
        """

    @Test func `a daemon from before waits and traffic were told is understood`() throws {
        let text = StatusVersionTests.old.replacingOccurrences(of: "\"1\"", with: "1")
        let status = try WireCoding.decode(Local.Status.self, from: Array(text.utf8))
        #expect(status.waits == nil && status.traffic == nil && status.lastAgreementAt == nil)
        #expect(status.phase == "in-sync")
    }

    @Test func `what a newer daemon adds is passed over, and its new words are kept`() throws {
        var status = Local.Status(software: "9", processID: 1, startedAt: "x", phase: "in-sync", server: "s")
        status.waits = [Local.LaneWait(lane: "sideways", waitsFor: "moonrise", until: nil, failures: 2)]
        status.traffic = [
            Local.LaneTraffic(
                lane: "pull", today: Local.Carried(Traffic.Totals(requests: .max, bytesSent: 1, bytesReceived: 2)),
                sinceStart: Local.Carried(Traffic.Totals()))
        ]
        status.lastAgreementAt = "2026-11-21T00:00:00Z"
        let bytes = try WireCoding.encode(status)
        #expect(try WireCoding.decode(Local.Status.self, from: bytes) == status)
        var object = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        object["tides"] = ["high": true]
        object["waits"] = [["lane": "pull", "waitsFor": "poll", "failures": 0, "because": "x"]]
        let newer = try JSONSerialization.data(withJSONObject: object)
        let read = try WireCoding.decode(Local.Status.self, from: Array(newer))
        #expect(read.waits == [Local.LaneWait(lane: "pull", waitsFor: "poll", until: nil, failures: 0)])
    }

    @Test func `metrics come as they are, and a daemon without them is told apart`() throws {
        let daemon = try LiveDaemon()
        #expect(try daemon.client.metrics() == "# HELP up x\n")
        let reply = try daemon.ask("GET", "/v1/metrics")
        #expect(reply.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), "\(reply)")
        #expect(try daemon.ask("POST", "/v1/metrics").hasPrefix("HTTP/1.1 405"))
    }
}
