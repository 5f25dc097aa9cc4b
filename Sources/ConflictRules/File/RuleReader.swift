import Digests
import PartnerModel

extension RuleSet {
    /// The largest file that is read, in bytes.
    package static let bytesMax = 256 * 1024
    /// The version of the file format that this build reads.
    package static let format = 1
    /// The largest version number of a set of rules.
    package static let versionMax = Int(Int32.max)

    /// Reads a file of rules and checks that it is complete and means what it says: every kind of edit has one rule,
    /// every case can be reached, every edit finds a case, every promise can be kept. `file` is the name that errors
    /// show.
    package static func read(_ bytes: [UInt8], file: String) throws(RuleFileError) -> RuleSet {
        let text = RuleFileText(file: file, bytes: bytes)
        guard bytes.count <= bytesMax else {
            throw text.error(
                at: 0, path: "", "the file has \(bytes.count) bytes; at most \(bytesMax) are read", "make it shorter")
        }
        let node: JSONNode
        do throws(JSONText.Failure) { node = try JSONText.read(bytes) } catch {
            throw text.error(at: error.offset, path: error.path, error.why, error.next)
        }
        return try RuleReader(text: text).ruleSet(of: FileItem(text: text, node: node, path: ""))
    }
}

/// Reads the structure of a file of rules. What the words mean together is the validator's business.
struct RuleReader {
    /// Keys of the file itself.
    static let fileKeys = ["format", "vocabulary", "version", "about", "guards", "rules"]
    /// Keys of a rule.
    static let ruleKeys = [
        "edit", "register", "detect", "guard", "combine", "check", "decide", "record", "promises",
    ]
    /// Keys of a case, without those of its strategy.
    static let caseKeys = ["name", "when", "within", "older-than", "use"]
    /// Keys of the terms of a held edit.
    static let decideKeys = ["deadline", "fallback"]
    /// The longest name of a case or a list of guards, in characters.
    static let nameCharactersMax = 40

    let text: RuleFileText

    func ruleSet(of item: FileItem) throws(RuleFileError) -> RuleSet {
        let file = try item.object()
        // The numbers come first: a file for a later build has keys that this one cannot know.
        let format = try file.required("format")
        guard try format.integer(in: 0...RuleSet.versionMax) == RuleSet.format else {
            throw format.error("this build reads format \(RuleSet.format) only", "write \(RuleSet.format), or upgrade")
        }
        let vocabulary = try file.required("vocabulary")
        guard try vocabulary.integer(in: 0...RuleSet.versionMax) == RuleSet.vocabulary else {
            throw vocabulary.error(
                "this build knows vocabulary \(RuleSet.vocabulary) only", "write \(RuleSet.vocabulary), or upgrade")
        }
        try file.allowOnly(RuleReader.fileKeys)
        let version = try file.required("version").integer(in: 1...RuleSet.versionMax)
        _ = try file.optional("about")?.string()
        let lists = try GuardLists(of: file.optional("guards"))
        let rulesItem = try file.required("rules")
        var rules: [EditKind: Rule] = [:]
        for item in try rulesItem.list() {
            let editItem = try item.object().required("edit")
            let edit: EditKind = try editItem.word("kind of edit")
            guard rules[edit] == nil else {
                throw editItem.error("there is a rule for \(edit.rawValue) already", "keep one of the two")
            }
            rules[edit] = try rule(of: item, edit, lists)
        }
        for kind in EditKind.allCases where rules[kind] == nil {
            throw rulesItem.error("there is no rule for \(kind.rawValue)", "add one; every kind of edit has its rule")
        }
        return RuleSet(
            version: version, hash: Hex.encode(SHA256.digest(Array(item.node.canonicalText.utf8))), bytes: text.bytes,
            rules: rules)
    }

    private func rule(of item: FileItem, _ edit: EditKind, _ lists: GuardLists) throws(RuleFileError) -> Rule {
        let object = try item.object()
        try object.allowOnly(RuleReader.ruleKeys)
        let register = try object.required("register")
        guard try register.word("register", of: Register.allCases) == edit.register else {
            throw register.error(
                "an edit of kind \(edit.rawValue) changes another register", "write \(edit.register.rawValue)")
        }
        try only("version", try object.required("detect"))
        try only("history", try object.required("record"))
        let check = try object.required("check")
        let checks = try check.list()
        guard let first = checks.first, checks.count == 1 else {
            throw check.error("what comes out is checked against the limits, always", "write [\"limits\"]")
        }
        try only("limits", first)
        let guards = try lists.flattened(try object.required("guard"), edit: edit)
        let combine = try object.required("combine")
        var cases: [ReadCase] = []
        for item in try combine.list() { cases.append(try ruleCase(of: item, edit)) }
        let decide = object.optional("decide")
        var terms: HoldTerms?
        if let decide { terms = try self.terms(of: decide) }
        let promises = try object.required("promises")
        let rule = Rule(
            edit: edit, guards: guards.map(\.spec), combine: cases.map(\.ruleCase), terms: terms,
            promises: Set(try promises.words("promise") as [RulePromise]))
        try RuleValidator(
            rule: rule, guards: guards, cases: cases, item: item, combine: combine, decide: decide, promises: promises
        ).validate()
        return rule
    }

    private func only(_ word: String, _ item: FileItem) throws(RuleFileError) {
        let value = try item.string()
        guard value == word else { throw item.unknown(value, "word", [word]) }
    }

    private func terms(of item: FileItem) throws(RuleFileError) -> HoldTerms {
        let object = try item.object()
        try object.allowOnly(RuleReader.decideKeys)
        let fallback = try object.required("fallback")
        let deadline = object.optional("deadline")
        if try fallback.string() == "none" {
            if let deadline {
                throw deadline.error(
                    "without a fallback nothing happens at a deadline",
                    "leave it out, or write \"fallback\": \"theirs\"")
            }
            return HoldTerms(deadlineSeconds: nil, fallback: nil)
        }
        guard try fallback.string() == HoldTerms.Fallback.theirs.rawValue else {
            throw fallback.unknown(try fallback.string(), "fallback", ["theirs", "none"])
        }
        guard let deadline else {
            throw item.error("a fallback needs a deadline", "add \"deadline\": \"7d\", or write \"fallback\": \"none\"")
        }
        return HoldTerms(deadlineSeconds: try deadline.duration(), fallback: .theirs)
    }
}

extension FileItem {
    /// A length of time: `90s`, `15m`, `24h`, `7d`.
    func duration() throws(RuleFileError) -> Int64 {
        guard let seconds = DurationText.seconds(try string()) else {
            throw error(
                "a length of time is expected",
                "write a whole number and s, m, h or d, such as \"24h\", of at most \(DurationText.daysMax)d")
        }
        return seconds
    }

    /// An amount above 0 and not above the largest budget.
    func amount() throws(RuleFileError) -> Money {
        let digits = try string()
        guard !digits.hasPrefix("+"), let amount = Money(digits), amount > .zero, amount <= EditLimits.budgetMax else {
            throw error("an amount is expected", "write one above 0 in quotes, such as \"1000.00\"")
        }
        return amount
    }

    /// A name: small letters, digits and hyphens.
    func name() throws(RuleFileError) -> String {
        let name = try string()
        let isPlain = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }
        guard isPlain, !name.isEmpty, name.utf8.count <= RuleReader.nameCharactersMax else {
            throw error(
                "a name is expected",
                "write 1 to \(RuleReader.nameCharactersMax) small letters, digits and hyphens")
        }
        return name
    }

    /// Conditions that mean something for a kind of edit and can be true together.
    func conditions(for edit: EditKind) throws(RuleFileError) -> [Condition] {
        let conditions: [Condition] = try words("condition")
        let known = Condition.allCases.filter { $0.edits.contains(edit) }.map(\.rawValue)
        for (condition, item) in zip(conditions, try list()) where !known.contains(condition.rawValue) {
            throw item.error(
                "\(condition.rawValue) is never asked of \(edit.rawValue)",
                "use one of: \(known.joined(separator: ", "))"
            )
        }
        if conditions.contains(.always), conditions.count > 1 {
            throw error("always stands alone", "leave it out, or leave out the others")
        }
        if let (one, other) = Condition.contradiction(in: conditions) {
            throw error(
                "\(one.rawValue) and \(other.rawValue) are never true together",
                "make two cases of it, or leave one out")
        }
        return conditions
    }
}
