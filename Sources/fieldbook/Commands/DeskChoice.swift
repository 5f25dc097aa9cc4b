import Diagnostics
import PartnerModel
import ReplicaStore
import TerminalKit

/// What a person decides, read from a command line and the conflict that it is about.
struct DeskChoice {
    let conflict: ConflictDetail
    let command: ParsedCommand
    /// Seconds since 1970 by this device.
    let now: Int64

    private static let options: [Register: [String]] = [
        .budget: ["amount", "type", "on-exhaustion"], .discount: ["percent", "from", "until"], .freezes: ["kind"],
    ]

    /// The decision; throws a sentence when there is none or it does not fit the conflict.
    func read() throws(UserError) -> ConflictChoice {
        let word = command.arguments[1]
        let given = ["amount", "type", "on-exhaustion", "percent", "from", "until", "kind"].filter { command.flag($0) }
        if word != "value", let option = given.first { throw usage("--\(option) goes with value, not with \(word)") }
        if word != "split", command.flag("take") { throw usage("--take goes with split, not with \(word)") }
        switch word {
        case "mine": return .mine
        case "theirs": return .theirs
        case "value": return try value(given)
        case "split": return try split()
        default: throw usage("CHOICE must be mine, theirs, value or split")
        }
    }

    // MARK: A third value

    private func value(_ given: [String]) throws(UserError) -> ConflictChoice {
        let known = DeskChoice.options[conflict.register] ?? []
        let name = DeskFields.name(conflict.register)
        guard !known.isEmpty else { throw usage("a conflict on the \(name) is decided with mine or theirs") }
        if let strange = given.first(where: { !known.contains($0) }) {
            throw usage("--\(strange) does not belong to a conflict on the \(name)")
        }
        guard !given.isEmpty else {
            throw usage("value needs one of: \(known.map { "--\($0)" }.joined(separator: ", "))")
        }
        switch conflict.register {
        case .budget: return .budget(try budget())
        case .discount: return .discount(try discount())
        default: return try freeze()
        }
    }

    /// What stands with the given parts in place of its own; without a budget that stands, what was asked for.
    private func budget() throws(UserError) -> Budget {
        let rest = DeskChoice.budget(conflict.theirs) ?? DeskFields.mine(conflict).flatMap(DeskChoice.budget)
        var amount = rest?.amount
        if let text = command.option("amount") {
            guard let given = Money(text) else { throw usage("--amount must be a plain number, like 600 or 600.50") }
            amount = given
        }
        guard let amount else { throw usage("there is no budget to take the amount from: give --amount") }
        return Budget(
            amount: amount, type: try word("type") ?? rest?.type ?? .monthly,
            onExhaustion: try word("on-exhaustion") ?? rest?.onExhaustion ?? .manual)
    }

    private func discount() throws(UserError) -> Discount {
        let rest = DeskChoice.discount(conflict.theirs) ?? DeskFields.mine(conflict).flatMap(DeskChoice.discount)
        var percent = rest?.percent
        if let text = command.option("percent") {
            guard let given = BasisPoints(percent: text) else {
                throw usage("--percent must be a number with at most two decimals, like 12.5")
            }
            percent = given
        }
        // Days are the vendor's: from midnight to the last second in Beijing.
        let from = try day("from").map { $0 - 8 * 3600 } ?? rest?.validFrom.seconds ?? now
        let until = try day("until").map { $0 + 86_399 - 8 * 3600 } ?? rest?.validUntil.seconds
        guard let percent else { throw usage("there is no discount to take the percentage from: give --percent") }
        guard let until else { throw usage("there is no discount to take the end from: give --until") }
        return Discount(
            percent: percent, validFrom: Timestamp(seconds: from), validUntil: Timestamp(seconds: until))
    }

    private func freeze() throws(UserError) -> ConflictChoice {
        guard case .freeze = conflict.mine else {
            throw usage("what waits is no freeze, so there is no kind to choose: decide mine or theirs")
        }
        guard let kind: FreezeKind = try word("kind") else { throw usage("value needs --kind") }
        return .freeze(kind)
    }

    private func day(_ option: String) throws(UserError) -> Int64? {
        guard let text = command.option(option) else { return nil }
        guard text.utf8.count == 10, let day = Instant(rfc3339: text) else {
            throw usage("--\(option) must be a day, YYYY-MM-DD")
        }
        return day.seconds
    }

    private func word<Word: RawRepresentable & CaseIterable>(_ option: String) throws(UserError) -> Word?
    where Word.RawValue == String {
        guard let text = command.option(option) else { return nil }
        guard let word = Word(rawValue: text) else {
            throw usage("--\(option) must be one of: \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return word
    }

    // MARK: Some of each side

    private enum Side: String { case mine, theirs }

    private func split() throws(UserError) -> ConflictChoice {
        guard conflict.register == .budget || conflict.register == .discount else {
            throw usage("a conflict on the \(DeskFields.name(conflict.register)) has one field: decide mine or theirs")
        }
        let sides = try sides()
        guard let mine = DeskFields.mine(conflict) else {
            throw usage("the held edit could not be carried out on what its author saw: decide mine, theirs or value")
        }
        let choice: ConflictChoice
        let outcome: RegisterState
        switch (mine, conflict.theirs) {
        case (.budget(let mine?), .budget(let theirs?)):
            func pick<Part>(_ name: String, _ part: (Budget) -> Part) -> Part {
                part(sides[name] == .mine ? mine : theirs)
            }
            let budget = Budget(
                amount: pick("amount", \.amount), type: pick("type", \.type),
                onExhaustion: pick("on-exhaustion", \.onExhaustion))
            (choice, outcome) = (.budget(budget), .budget(budget))
        case (.discount(let mine?), .discount(let theirs?)):
            func pick<Part>(_ name: String, _ part: (Discount) -> Part) -> Part {
                part(sides[name] == .mine ? mine : theirs)
            }
            let discount = Discount(
                percent: pick("percent", \.percent), validFrom: pick("from", \.validFrom),
                validUntil: pick("until", \.validUntil))
            (choice, outcome) = (.discount(discount), .discount(discount))
        default: throw usage("one side has no \(DeskFields.name(conflict.register)), so there is nothing to split")
        }
        if outcome == conflict.theirs { return .theirs }
        // An adjustment is carried out on what stands; what its author saw come out is another value.
        if case .adjustBudget = conflict.mine { return choice }
        return outcome == mine ? .mine : choice
    }

    /// From which side each field named comes; the others come from theirs.
    private func sides() throws(UserError) -> [String: Side] {
        let known = DeskChoice.options[conflict.register] ?? []
        let example = "--take \(known[0])=mine,\(known[1])=theirs"
        guard let text = command.option("take") else { throw usage("split needs \(example)") }
        var sides: [String: Side] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard words.count == 2, let side = Side(rawValue: words[1]) else {
                throw usage("--take wants FIELD=mine or FIELD=theirs, separated by commas: \(example)")
            }
            guard known.contains(words[0]) else {
                throw usage("there is no field '\(words[0].prefix(40))'; there are: \(known.joined(separator: ", "))")
            }
            guard sides.updateValue(side, forKey: words[0]) == nil else { throw usage("'\(words[0])' is taken twice") }
        }
        return sides
    }

    // MARK: Parts

    private static func budget(_ state: RegisterState) -> Budget? {
        guard case .budget(let budget) = state else { return nil }
        return budget
    }

    private static func discount(_ state: RegisterState) -> Discount? {
        guard case .discount(let discount) = state else { return nil }
        return discount
    }

    private func usage(_ why: String) -> UserError {
        UserError(
            .usage, what: "cannot decide conflict \(conflict.key.value)", why: why,
            next: "see: fieldbook conflicts show \(conflict.key.value), and fieldbook conflicts decide --help")
    }
}
