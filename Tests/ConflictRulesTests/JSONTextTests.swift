import PropertyKit
import Testing

@testable import ConflictRules

private func read(_ text: String) -> String { read(Array(text.utf8)) }

/// The canonical form of what is read, or the offset of the error and why.
private func read(_ bytes: [UInt8]) -> String {
    do throws(JSONText.Failure) { return try JSONText.read(bytes).canonicalText } catch {
        return "\(error.offset) \(error.path.isEmpty ? "" : error.path + " ")\(error.why)"
    }
}

@Suite struct JSONTextTests {
    @Test(arguments: [
        (
            " { \"b\" : [ 1 , -2.50e+3 , true , false , null ] , \"a\" : \"\" } ",
            "{\"a\":\"\",\"b\":[1,-2.50e+3,true,false,null]}"
        ),
        ("[]", "[]"), ("{}", "{}"), ("\"\\u0041\\n\\/\\\"\\\\\"", "\"A\\u000a/\\\"\\\\\""), ("0", "0"),
        ("\"\\ud83d\\ude00\"", "\"😀\""), ("\"客户\"", "\"客户\""),
        ("{\"é\":1,\"e\\u0301\":2}", "{\"e\u{301}\":2,\"é\":1}"),
    ])
    func `JSON is read, and its canonical form is the same for every layout`(text: String, expected: String) {
        #expect(Array(read(text).utf8) == Array(expected.utf8))
    }

    @Test(arguments: [
        ("", "0 the text ends where a value is expected"), ("[1,]", "3 [1] a value is expected here"),
        ("{\"a\":1,}", "7 a key is expected here"), ("[1 2]", "3 a comma or ] is expected here"),
        ("{\"a\" 1}", "5 a colon is expected after the key"),
        ("{\"a\":{\"b\":tru}}", "10 a.b a value is expected here"),
        ("[] x", "3 something follows the end of the text"), ("01", "1 something follows the end of the text"),
        ("1.", "2 the number is not complete"), ("-", "1 the number is not complete"), ("1e+", "3 the number is not"),
        ("+1", "0 a value is expected here"), ("\"a", "2 a text has no end"), ("\"a\nb\"", "2 a control character"),
        ("\"\\x\"", "2 a backslash begins nothing"), ("\"\\u12g4\"", "2 a backslash begins nothing"),
        ("\"\\ud83d\"", "7 half of a character is missing"),
        ("\"\\ud83d\\u0041\"", "13 half of a character is missing"),
        ("\"\\ude00\"", "7 half of a character is missing"), ("{\"a\":1,\"\\u0061\":2}", "7 the key a comes twice"),
        ("\u{FEFF}[]", "0 a value is expected here"), ("// note", "0 a value is expected here"),
        ("{a:1}", "1 a key is expected here"), ("NaN", "0 a value is expected here"),
    ])
    func `what is no JSON is refused at its place`(text: String, expected: String) {
        #expect(read(text).hasPrefix(expected))
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        #expect(read([0x22, 0x61, 0xFF, 0x22]).hasPrefix("1 the text is not UTF-8"))
        #expect(read([0x22, 0xC0, 0x80, 0x22]).hasPrefix("1 the text is not UTF-8"))
        #expect(read([0xFF]).hasPrefix("0 a value is expected here"))
        #expect(read([0x22, 0xED, 0xA0, 0x80, 0x22]).hasPrefix("1 the text is not UTF-8"))
    }

    @Test func `sixteen levels are read and no more, however deep they go`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(read(nested(16)) == nested(16))
        #expect(read(nested(17)).contains("objects and lists nest deeper than 16"))
        #expect(read(String(repeating: "[{\"a\":", count: 100_000)).contains("nest deeper than 16"))
    }

    @Test func `a text cut at any byte is refused`() {
        let whole = Array("{\"a\":[1.5e3,\"\\ud83d\\ude00客\",{\"b\":[true,null,-0]}],\"c\":\"\\\\\"}".utf8)
        #expect(read(whole).hasPrefix("{"))
        for length in 0..<whole.count { #expect(!read(Array(whole[..<length])).hasPrefix("{")) }
        let file = RuleSet.standard.bytes.dropLast(2)
        for length in stride(from: 0, to: file.count, by: 97) {
            #expect(!read(Array(file.prefix(length))).hasPrefix("{"))
        }
    }

    @Test func `numbers of any length are texts until someone asks for their size`() {
        let digits = String(repeating: "9", count: 100_000)
        #expect(read(digits) == digits)
    }

    @Test func `any bytes are read or refused`() throws {
        try checkProperty("any bytes are read or refused", cases: 2_000) { choices in
            let alphabet = Array("{}[]\":,\\ud8e0trufalsn-+.19 \n\u{1}é".utf8) + [0xFF]
            let bytes = (0..<choices.int(in: 0...40)).map { _ in choices.element(of: alphabet) }
            let text = read(bytes)
            // What was accepted is accepted again in its canonical form, as the same.
            if let first = text.first, !first.isNumber { try #require(read(text) == text) }
        }
    }

    @Test func `an escape on the way to a terminal stays behind`() {
        #expect(!read("{\"a\\u001b[2J\":!}").unicodeScalars.contains("\u{1B}"))
        #expect(FileItem.shown("a\u{9B}b\u{1B}") == "\"a?b?\"")
    }
}

@Suite struct WordTests {
    @Test(arguments: [
        ("client-winz", "client-wins"), ("clientwins", "client-wins"), ("hodl", "hold"), ("mx", "max"), ("zzzz", nil),
        (String(repeating: "x", count: 100), nil), ("", nil),
    ])
    func `the nearest word is offered when it is near`(word: String, expected: String?) {
        #expect(NearestWord.of(word, among: StrategyWord.allCases.map(\.rawValue)) == expected)
    }

    @Test(
        arguments: [
            ("90s", 90), ("15m", 900), ("24h", 86_400), ("7d", 604_800), ("3650d", 315_360_000), ("3651d", nil),
            ("0s", nil),
            ("-1d", nil), ("+1d", nil), ("1.5h", nil), ("d", nil), ("", nil), ("7", nil), ("7 d", nil), ("٣d", nil),
            ("99999999999s", nil),
        ] as [(String, Int64?)])
    func `a length of time is a whole number and a unit`(text: String, expected: Int64?) {
        #expect(DurationText.seconds(text) == expected)
    }
}
