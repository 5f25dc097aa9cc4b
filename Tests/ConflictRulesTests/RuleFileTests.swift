import ConflictRules
import PartnerModel
import PropertyKit
import Testing

/// What the reader says of the standard file with one place changed, the first by far.
private func error(_ old: String, _ new: String) -> String {
    guard let place = RuleText.standard.firstRange(of: old) else { return "the standard file has no \(old)" }
    return RuleText.error(in: RuleText.standard.replacingCharacters(in: place, with: new))
}

extension String {
    fileprivate func replacingCharacters(in place: Range<String.Index>, with new: String) -> String {
        self[..<place.lowerBound] + new + self[place.upperBound...]
    }
}

@Suite struct RuleFileTests {
    @Test func `an error names file, line, column and place, what is wrong and what would be right`() {
        #expect(
            error("\"client-wins\"", "\"client-winz\"")
                == "rules.json:27:65: rules[0].combine[0].use: \"client-winz\" is no strategy that can stand here; "
                + "did you mean client-wins?")
    }

    @Test(arguments: [
        ("\"about\"", "\"abuot\"", "5:3: the key \"abuot\" is not known here; did you mean about?"),
        ("\"detect\"", "\"detects\"", "rules[0]: the key \"detects\" is not known here; did you mean detect?"),
        ("\"name\"", "\"nmae\"", "rules[0].combine[0]: the key \"nmae\" is not known here; did you mean name?"),
        (
            "\"deadline\"", "\"deadlin\"",
            "rules[0].decide: the key \"deadlin\" is not known here; did you mean deadline?"
        ),
        (
            "\"intact\"", "\"intakt\"",
            "combine[0].when[0]: \"intakt\" is no condition that can stand here; did you mean intact?"
        ),
        ("\"cycle\"", "\"cicle\"", "guard[1].guard: \"cicle\" is no guard that can stand here; did you mean cycle?"),
        (
            "\"needs-base\"", "\"need-base\"",
            "promises[2]: \"need-base\" is no promise that can stand here; did you mean"
        ),
        (
            "\"set-budget\"", "\"set-bugdet\"",
            "rules[0].edit: \"set-bugdet\" is no kind of edit that can stand here; did you"
        ),
        ("\"is\"", "\"zzz\"", "the key \"zzz\" is not known here; the keys here are: guard, when, else, is"),
    ])
    func `an unknown key or word is refused with the nearest one that is known`(
        old: String, new: String, expected: String
    ) {
        #expect(error(old, new).contains(expected))
    }

    @Test(arguments: [
        ("\"format\": 1", "\"format\": 2", "2:13: format: this build reads format 1 only"),
        ("\"vocabulary\": 1", "\"vocabulary\": 2, \"new\": 0", "vocabulary: this build knows vocabulary 1 only"),
        ("\"version\": 2", "\"version\": 0", "version: a whole number is expected"),
        ("\"version\": 2", "\"version\": 2e0", "version: a whole number is expected"),
        ("\"version\": 2", "\"version\": \(String(repeating: "9", count: 400))", "version: a whole number is expected"),
        ("\"version\": 2", "\"version\": \"2\"", "version: a whole number is expected"),
        ("\"version\": 2,", "", "1:1: the key version is missing"),
        ("\"register\": \"budget\"", "\"register\": \"label\"", "changes another register; write budget"),
        ("\"detect\": \"version\"", "\"detect\": \"time\"", "rules[0].detect: \"time\" is no word that can stand here"),
        ("[\"limits\"]", "[]", "rules[0].check: what comes out is checked against the limits, always"),
        ("\"amount\": \"1000000\"", "\"amount\": \"1e6\"", "guard[2].amount: an amount is expected"),
        ("\"amount\": \"1000000\"", "\"amount\": \"0\"", "guard[2].amount: an amount is expected"),
        ("\"amount\": \"1000000\"", "\"amount\": 1000000", "guard[2].amount: a text is expected"),
        ("\"7d\"", "\"7 days\"", "rules[0].decide.deadline: a length of time is expected"),
        ("\"7d\"", "\"9999999999d\"", "rules[0].decide.deadline: a length of time is expected"),
        ("\"deadline\": \"7d\", ", "", "rules[0].decide: a fallback needs a deadline"),
        ("\"fallback\": \"theirs\"", "\"fallback\": \"none\"", "without a fallback nothing happens at a deadline"),
        ("\"fallback\": \"theirs\"", "\"fallback\": \"mine\"", "\"mine\" is no fallback that can stand here"),
        ("\"name\": \"compare-and-set\"", "\"name\": \"equal\"", "equal stands for another decision"),
        ("\"name\": \"compare-and-set\"", "\"name\": \"spent\"", "spent stands for another decision"),
        ("\"name\": \"compare-and-set\"", "\"name\": \"A\\u001b[2J\"", "a name is expected"),
        ("\"else\": \"warn\"", "\"else\": \"ignore\"", "is no consequence of spent that can stand here"),
        (
            "{ \"guard\": \"associated\" }", "{ \"guard\": \"associated\", \"else\": \"warn\" }",
            "no consequence of associated"
        ),
        ("\"grace\": \"30d\", ", "", "else-moved: without a grace it never follows"),
    ])
    func `a value that means nothing is refused`(old: String, new: String, expected: String) {
        #expect(error(old, new).contains(expected))
    }

    @Test func `a rule is there for every kind of edit, once`() {
        let text = RuleText.standard
        let twice = error("\"adjust-budget\"", "\"set-budget\"")
        #expect(twice.contains("rules[1].edit: there is a rule for set-budget already; keep one of the two"))
        guard let start = text.firstRange(of: "{\n      \"edit\": \"decide-conflict\"") else { return }
        let cut = String(text[..<start.lowerBound]).reversed().drop { $0 != "," }.dropFirst()
        #expect(
            RuleText.error(in: String(cut.reversed()) + "]}").contains("rules: there is no rule for decide-conflict"))
    }

    @Test func `a list that lays itself in is refused, and so is a tower of lists`() {
        #expect(
            error("{ \"guard\": \"associated\" }", "{ \"include\": \"reseller-customer\" }")
                .contains("guards.reseller-customer[0].include: the list reseller-customer lays itself in"))
        #expect(
            error("{ \"guard\": \"associated\" }", "{ \"include\": \"referral-custumer\" }")
                .contains("did you mean referral-customer?"))
        func file(_ lists: String) -> String { error("\"guards\": {", "\"guards\": {\(lists),") }
        let tower = (0...9).map { "\"l\($0)\": [\($0 == 9 ? "" : "{\"include\": \"l\($0 + 1)\"}")]" }
        #expect(file(tower.joined(separator: ",")).contains("lists lie deeper than 8 in one another"))
        let wide = String(repeating: "{\"include\": \"w0\"},", count: 70).dropLast()
        #expect(file("\"w0\": [], \"w1\": [\(wide)]").contains("there are more than 64 guards"))
    }

    @Test func `a file that is too large is refused by its size`() {
        let large = [UInt8](repeating: UInt8(ascii: "["), count: 10_000_000)
        do {
            _ = try RuleSet.read(large, file: "rules.json")
            Issue.record("a file of 10 MB was read")
        } catch {
            #expect(
                "\(error)" == "rules.json:1:1: the file has 10000000 bytes; at most 262144 are read; make it shorter")
        }
    }

    @Test func `a changed file is either read or refused with a line that it has`() throws {
        let standard = RuleSet.standard.bytes
        let lines = standard.count { $0 == UInt8(ascii: "\n") } + 1
        try checkProperty("any bytes are read or refused", cases: 300) { choices in
            var bytes = standard
            for _ in 0...choices.int(in: 0...3) {
                let place = choices.int(in: 0...bytes.count - 1)
                switch choices.int(in: 0...2) {
                case 0: bytes[place] = UInt8(choices.int(in: 0...255))
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + choices.int(in: 1...40)))
                default: bytes.insert(contentsOf: standard[place..<min(standard.count, place + 20)], at: place)
                }
            }
            do throws(RuleFileError) { _ = try RuleSet.read(bytes, file: "f") } catch {
                try #require(error.line >= 1 && error.line <= lines + 100 && error.column >= 1)
                try #require(!error.why.isEmpty && !error.next.isEmpty)
            }
        }
    }
}
