import FoundationEssentials
import PropertyKit
import SyncProtocol
import Testing

/// The bytes of messages: those of Foundation's encoder with sorted keys and plain slashes.
@Suite struct CanonicalJSONTests {
    /// Anything that a message may hold.
    private indirect enum Node: Encodable {
        case text(String)
        case whole(Int64)
        case small(UInt8)
        case truth(Bool)
        case nothing
        case list([Node])
        case named([String: Node])
        case optional(Pair)

        func encode(to encoder: any Encoder) throws {
            var single = encoder.singleValueContainer()
            switch self {
            case .text(let value): try single.encode(value)
            case .whole(let value): try single.encode(value)
            case .small(let value): try single.encode(value)
            case .truth(let value): try single.encode(value)
            case .nothing: try single.encodeNil()
            case .list(let value): try single.encode(value)
            case .named(let value): try single.encode(value)
            case .optional(let value): try single.encode(value)
            }
        }
    }

    private struct Pair: Encodable {
        var zeta: Int?
        var alpha: String?
        var beta: [Int]
        var nested: V1.Edit?

        enum CodingKeys: String, CodingKey {
            case zeta, alpha, nested
            case beta = "Beta"
        }
    }

    private static func foundation(_ message: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(message), as: UTF8.self)
    }

    private static func text(_ choices: inout Choices) -> String {
        let scalars: [Unicode.Scalar] = [
            "a", "/", "\"", "\\", "\u{0}", "\u{8}", "\u{c}", "\n", "\r", "\t", "\u{1f}", "\u{7f}", "é", "😀", "\u{2028}",
            " ",
        ]
        return String(String.UnicodeScalarView((0..<choices.int(in: 0...8)).map { _ in choices.element(of: scalars) }))
    }

    private static func node(_ choices: inout Choices, depth: Int) -> Node {
        switch choices.int(in: 0...(depth > 0 ? 7 : 4)) {
        case 0: return .text(text(&choices))
        case 1: return .whole(choices.int64(in: .min...(.max)))
        case 2: return .small(UInt8(choices.int(in: 0...255)))
        case 3: return .truth(choices.bool())
        case 4: return .nothing
        case 5: return .list((0..<choices.int(in: 0...4)).map { _ in node(&choices, depth: depth - 1) })
        case 6:
            var members: [String: Node] = [:]
            for _ in 0..<choices.int(in: 0...5) { members[text(&choices)] = node(&choices, depth: depth - 1) }
            return .named(members)
        default:
            var edit = V1.Edit(number: 1, kind: text(&choices), customer: 2, base: 3, deviceTime: -4)
            edit.seen = choices.bool() ? [1, 2] : nil
            return .optional(
                Pair(
                    zeta: choices.bool() ? 1 : nil, alpha: choices.bool() ? text(&choices) : nil, beta: [3, -1],
                    nested: choices.bool() ? edit : nil))
        }
    }

    @Test func `every message has the bytes that Foundation gives it`() throws {
        try checkProperty("canonical JSON", cases: 2000) { choices in
            let message = CanonicalJSONTests.node(&choices, depth: 4)
            let (ours, theirs) = (try WireCoding.text(message), try CanonicalJSONTests.foundation(message))
            #expect(ours == theirs)
        }
    }

    @Test func `a number with a fraction is refused`() {
        #expect(throws: WireCoding.Malformed.self) { try WireCoding.text(["x": 1.5]) }
    }

    @Test func `an edit is sealed as it is hashed, whatever its texts say`() throws {
        let zeros = String(repeating: "0", count: 64)
        try checkProperty("sealed edits", cases: 300) { choices in
            var edit = V1.Edit(number: 7, kind: "set-label", customer: 8, base: 9, deviceTime: 10)
            edit.label = choices.bool() ? "\"payloadHash\":\"\(zeros)\"," : CanonicalJSONTests.text(&choices)
            edit.before = V1.State(register: "label")
            edit.before?.label = choices.bool() ? "payloadHash\":\"\(zeros)" : nil
            edit.madeUpon = choices.bool() ? CanonicalJSONTests.text(&choices) : nil
            let text = try edit.seal()
            #expect(try edit.payloadHash == edit.computedPayloadHash())
            #expect(try text == WireCoding.text(edit))
        }
    }
}
