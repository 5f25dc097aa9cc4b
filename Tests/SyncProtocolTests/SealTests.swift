import PropertyKit
import SyncProtocol
import Testing

/// The hash of an edit's own content, and the text that it is kept and sent in.
@Suite struct SealTests {
    private static func text(_ choices: inout Choices) -> String {
        let scalars: [Unicode.Scalar] = [
            "a", "/", "\"", "\\", "\u{0}", "\u{8}", "\u{c}", "\n", "\r", "\t", "\u{1f}", "\u{7f}", "é", "😀", "\u{2028}",
            " ",
        ]
        return String(String.UnicodeScalarView((0..<choices.int(in: 0...8)).map { _ in choices.element(of: scalars) }))
    }

    @Test func `an edit is sealed as it is hashed, whatever its texts say`() throws {
        let zeros = String(repeating: "0", count: 64)
        try checkProperty("sealed edits", cases: 300) { choices in
            var edit = V1.Edit(number: 7, kind: "set-label", customer: 8, base: 9, deviceTime: 10)
            edit.label = choices.bool() ? "\"payloadHash\":\"\(zeros)\"," : SealTests.text(&choices)
            edit.before = V1.State(register: "label")
            edit.before?.label = choices.bool() ? "payloadHash\":\"\(zeros)" : nil
            edit.madeUpon = choices.bool() ? SealTests.text(&choices) : nil
            let text = try edit.seal()
            #expect(try edit.payloadHash == edit.computedPayloadHash())
            #expect(try text == WireCoding.text(edit))
        }
    }
}
