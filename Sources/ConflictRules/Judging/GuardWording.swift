import Diagnostics
import PartnerModel

/// The words for guards that weigh values: what is wrong, with the values, and what to do next.
enum GuardWording {
    static func time(_ moment: Timestamp) -> String { Instant(seconds: moment.seconds).rfc3339 }

    static func role(_ role: MemberRole, takes names: String) -> LimitViolation {
        LimitViolation(
            code: "FB.ROLE", field: "role",
            message: "the role \(role.rawValue) may not make this edit; it takes \(names)",
            next: "ask a member with that role to make it")
    }

    static func ceiling(_ role: MemberRole, _ ceiling: Money, _ amount: Money) -> LimitViolation {
        LimitViolation(
            code: "FB.CEILING", field: "amount",
            message:
                "a budget of \(amount.shortText) is above the \(ceiling.shortText) open to a \(role.rawValue)",
            next: "confirm the edit with a code, or have it made by a member with another role")
    }

    static func spent(_ amount: Money, used: Money, asOf: Timestamp?) -> LimitViolation {
        LimitViolation(
            code: "FB.SPENT", field: "amount",
            message:
                "the budget of \(amount.shortText) is below what is already used, \(figure(used, asOf))",
            next: "give an amount of at least \(used.shortText)")
    }

    static func notCured(_ amount: Money, used: Money, asOf: Timestamp?) -> LimitViolation {
        LimitViolation(
            code: "FB.NOT_CURED", field: "customer",
            message:
                "the budget that caused the freeze is \(amount.shortText) and \(figure(used, asOf)) is used",
            next: "raise the budget above what is used, then unfreeze")
    }

    static var frozen: LimitViolation {
        LimitViolation(
            code: "FB.FROZEN", field: "customer", message: "a frozen customer cannot be disassociated",
            next: "unfreeze the customer first, then approve the request")
    }

    static func tooOld(_ age: Int64?, atMost limit: Int64) -> LimitViolation {
        LimitViolation(
            code: "FB.TOO_OLD", field: "edit",
            message: age.map {
                "the edit was made \(DurationText.text($0)) ago; at most \(DurationText.text(limit)) is taken"
            } ?? "how long ago the edit was made cannot be known; at most \(DurationText.text(limit)) is taken",
            next: "look at what stands now and make the edit again if it is still wanted")
    }

    private static func figure(_ amount: Money, _ asOf: Timestamp?) -> String {
        asOf.map { "\(amount.shortText) as of \(time($0))" } ?? amount.shortText
    }
}

/// Lengths of time as people read them and as rule files write them.
enum DurationText {
    private static let units: [(letter: Character, seconds: Int64)] = [
        ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
    ]
    /// The longest time that a rule file may name.
    static let daysMax: Int64 = 3_650

    /// `1d 2h 30s`, exact; `0s` for none.
    static func text(_ seconds: Int64) -> String {
        var rest = seconds
        var parts: [String] = []
        for unit in units where rest >= unit.seconds {
            parts.append("\(rest / unit.seconds)\(unit.letter)")
            rest %= unit.seconds
        }
        return parts.isEmpty ? "0s" : parts.joined(separator: " ")
    }

    /// Reads a whole number above 0 and a unit, `90s`, `15m`, `24h`, `7d`, of at most ten years; nil otherwise.
    static func seconds(_ text: String) -> Int64? {
        guard let unit = units.first(where: { $0.letter == text.last }), text.utf8.count <= 12 else { return nil }
        let digits = text.dropLast()
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int64(digits), number > 0, number <= daysMax * 86_400 / unit.seconds
        else { return nil }
        return number * unit.seconds
    }
}
