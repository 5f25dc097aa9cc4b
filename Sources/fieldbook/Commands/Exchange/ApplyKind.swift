import PartnerModel

/// What a line of a file to apply may ask for: a kind of edit, the command that makes it, and the columns it takes.
struct ApplyKind {
    let name: String
    /// The command whose function makes the edit.
    let command: String
    /// Columns of the command's arguments after the customer; all of them are needed.
    let arguments: [String]
    /// Columns of the command's options, with the option of each.
    let options: [(column: String, option: String)]
    /// Columns among the options that are needed.
    let needed: [String]

    private init(
        _ name: String, _ command: String, _ arguments: [String] = [],
        options: [(column: String, option: String)] = [], needed: [String] = []
    ) {
        self.name = name
        self.command = command
        self.arguments = arguments
        self.options = options
        self.needed = needed
    }

    /// Every kind, by the name that the wire format and `edits list` give it.
    static let all = [
        ApplyKind(
            "set-budget", "budget set", ["amount"],
            options: [("type", "type"), ("on_exhaustion", "on-exhaustion"), ("through", "through")]),
        ApplyKind("adjust-budget", "budget adjust", ["change"], options: [("through", "through")]),
        ApplyKind(
            "freeze", "freeze", options: [("reason", "reason"), ("freeze_kind", "kind"), ("confirm", "yes")],
            needed: ["reason"]),
        ApplyKind(
            "unfreeze", "unfreeze", options: [("reason", "reason"), ("freeze_kind", "kind")], needed: ["reason"]),
        ApplyKind(
            "set-discount", "discount set", ["percent"], options: [("from", "from"), ("until", "until")],
            needed: ["until"]),
        ApplyKind("cancel-discount", "discount cancel"),
        ApplyKind("set-label", "label set", ["label"]),
        ApplyKind("clear-label", "label clear"),
        ApplyKind("assign-manager", "manager assign", ["manager"]),
        ApplyKind("withdraw-manager", "manager withdraw"),
        ApplyKind("approve-association", "association approve", options: [("confirm", "yes")]),
        ApplyKind("reject-association", "association reject"),
    ]

    static func named(_ name: String) -> ApplyKind? { all.first { $0.name == name } }

    /// Columns that every line may have.
    static let common = ["kind", "customer", "group", "key"]

    /// Every column, in the order of the manual.
    static let columns: [String] = {
        var names = common
        for name in all.flatMap({ $0.arguments + $0.options.map(\.column) }) where !names.contains(name) {
            names.append(name)
        }
        return names
    }()

    /// Whether a line of this kind may fill a column.
    func takes(_ column: String) -> Bool {
        ApplyKind.common.contains(column) || arguments.contains(column) || options.contains { $0.column == column }
    }

    /// The column that gives a part of an edit, by the name that a refusal has for it; nil when none does.
    func column(of field: String) -> String? {
        let column =
            switch field {
            case "amount", "value": arguments.first { $0 == "amount" || $0 == "change" }
            case "valid-through": "through"
            case "kind" where takes("freeze_kind"): "freeze_kind"
            default: field
            }
        return column.flatMap { takes($0) ? $0 : nil }
    }

    // MARK: Values

    /// What is wrong with a value, and what to write instead; nil when it is right as far as it tells by itself.
    static func fault(_ column: String, _ value: String) -> (why: String, next: String)? {
        switch column {
        case "amount", "change":
            guard Money(value) == nil else { return nil }
            let isComma = value.contains(",")
            return (
                "'\(value.prefix(40))' is no plain number with at most eight decimals",
                isComma ? "write decimals after a full stop and no separators: 1500.50" : "write it like 500 or 500.50"
            )
        case "percent":
            guard BasisPoints(percent: value) == nil else { return nil }
            return ("'\(value.prefix(40))' is no percentage with at most two decimals", "write it like 12.5")
        case "type": return choice(value, BudgetType.allCases.map(\.rawValue))
        case "on_exhaustion": return choice(value, ExhaustionAction.allCases.map(\.rawValue))
        case "freeze_kind": return choice(value, FreezeKind.allCases.map(\.rawValue))
        case "confirm": return choice(value, ["yes"])
        case "through":
            guard value != "this-cycle", BillingCycle(value) == nil else { return nil }
            return ("'\(value.prefix(40))' is no cycle", "write this-cycle or YYYY-MM")
        default: return nil
        }
    }

    private static func choice(_ value: String, _ words: [String]) -> (why: String, next: String)? {
        words.contains(value)
            ? nil : ("'\(value.prefix(40))' is none of its words", "write one of: \(words.joined(separator: ", "))")
    }
}
