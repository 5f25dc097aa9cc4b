import TerminalKit
import Testing

@Suite struct JSONOutputTests {
    @Test func `keys are sorted and every kind of value is written`() {
        let value = JSONOutput.object([
            "b": .array([.integer(.min), .integer(.max), .bool(true), .bool(false), .null]), "a": .object([:]),
            "C": .array([]),
            "ab": .text("x"), "none": .optional(nil as String?),
        ])
        #expect(
            value.rendered == """
                {
                  "C": [],
                  "a": {},
                  "ab": "x",
                  "b": [
                    -9223372036854775808,
                    9223372036854775807,
                    true,
                    false,
                    null
                  ],
                  "none": null
                }

                """)
    }

    @Test func `text is escaped so that neither a parser nor a terminal is led astray`() {
        let text = "\"\\/\n\r\t\u{0}\u{8}\u{1B}\u{7F}\u{9B}\u{2028}\u{202E}é华👍"
        #expect(
            JSONOutput.text(text).rendered
                == "\"\\\"\\\\/\\n\\r\\t\\u0000\\u0008\\u001b\\u007f\\u009b\\u2028\\u202eé华👍\"\n")
        #expect(JSONOutput.object(["\n": .null]).rendered == "{\n  \"\\n\": null\n}\n")
    }
}
