import LedgerStore
import PartnerModel
import SyncProtocol
import Testing

@testable import fieldbook_server

/// The words of `fieldbook-server history`.
@Suite struct ServerHistoryTests {
    private func label(_ text: String) throws -> String { try WireCoding.text(V1.State(.label(text))) }

    private func words(
        _ action: String, _ before: String, _ after: String, asked: String? = nil, note: String? = nil
    ) throws -> String {
        var entry = HistoryEntry(
            at: Timestamp(seconds: 1), customer: CustomerKey(1), register: .label, author: "ana", action: action,
            before: try label(before), after: try label(after), rule: "first-writer", rulesVersion: 2, replica: nil,
            edit: nil)
        entry.asked = try asked.map(label)
        entry.note = note
        return ServerContext.what(entry)
    }

    @Test func `what did not take effect is told beside what stands, and beside what came in its place`() throws {
        #expect(try words("overruled", "gold", "gold", asked: "blue") == "overruled: asked for blue; gold stands")
        #expect(
            try words("held", "gold", "gold", asked: "blue", note: "moved")
                == "held: asked for blue; gold stands: moved")
        #expect(try words("decided", "gold", "red", asked: "blue") == "decided: gold -> red; asked for blue")
    }

    @Test func `what took effect, or was asked for and stands, is told as before`() throws {
        #expect(try words("applied", "gold", "red") == "applied: gold -> red")
        #expect(try words("decided", "gold", "gold", asked: "gold") == "decided: gold")
        #expect(try words("noop", "gold", "gold") == "noop: gold")
        #expect(try words("system", "gold", "gold", note: "usage") == "usage")
    }
}
