import Foundation
import TestKit
import Testing

@testable import Diagnostics

@Suite struct LoggerJSONTests {
    private func object(_ event: String, _ fields: [(String, String)]) throws -> [String: String] {
        let line = Logger.jsonLine(FixedClock().now(), .notice, "p", event, fields)
        #expect(line.utf8.count <= Logger.lineBytesMax && line.hasSuffix("}\n"))
        #expect(line.utf8.filter { $0 == 0x0A }.count == 1)
        return try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
    }

    @Test func `a line is one object with the event and its fields`() throws {
        #expect(
            try object("started", [("socket", "/run/x"), ("why", "a \"b\" \\ \n\t\r\u{1B}[0m \u{202E}é华👩‍👩‍👧")]) == [
                "time": FixedClock().now().rfc3339, "level": "notice", "program": "p", "event": "started",
                "socket": "/run/x", "why": "a \"b\" \\ \n\t\r\u{1B}[0m \u{202E}é华👩‍👩‍👧",
            ])
    }

    @Test func `a field never takes the place of another`() throws {
        let read = try object("e", [("time", "1"), ("a", "2"), ("a", "3"), ("a_", "4"), ("event", "5"), ("cut", "6")])
        #expect(read["time"] == FixedClock().now().rfc3339 && read["event"] == "e" && read["a"] == "2")
        #expect(read["a_"] == "3" && read["a__"] == "4" && read["time_"] == "1" && read["cut_"] == "6")
    }

    @Test func `what is too long is cut and says so`() throws {
        let long = try object("e", [("k", String(repeating: "\u{1B}", count: 100_000)), ("after", "1")])
        #expect(long["k"]?.hasSuffix("…") == true && long["after"] == "1")
        let many = try object("e", (0..<10_000).map { ("k\($0)", String(repeating: "\"", count: 100)) })
        #expect(many["cut"] == "true" && many["k0"] != nil)
    }
}
