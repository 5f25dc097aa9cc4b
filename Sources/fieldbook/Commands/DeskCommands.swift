import TerminalKit

/// The commands of the conflict desk and of the history.
extension CommandList {
    private static let all = OptionSpec("all", "decided ones too")
    private static let customer = OptionSpec("customer", value: "CUSTOMER", "only of this customer")
    private static let mine = OptionSpec("mine", "only on your own edits")

    static let past = [
        CommandSpec(
            "history", "Shows what happened to a customer and why, the newest last.", arguments: ["CUSTOMER"],
            options: [OptionSpec("limit", value: "N", "at most N of the newest (default: 50)")],
            examples: ["fieldbook history 'Atlas Freight'", "fieldbook history acct-1-0 --limit 5 --json"])
    ]

    static let desk = [
        CommandSpec(
            "edits explain", "Tells how one of your edits was judged: expected, came out, by which rule.",
            arguments: ["EDIT"], examples: ["fieldbook edits explain 3"]),
        CommandSpec(
            "conflicts list", "Lists conflicts that wait for a person.", options: [all, customer, mine],
            examples: ["fieldbook conflicts list", "fieldbook conflicts list --all --customer 'Atlas Freight'"]),
        CommandSpec(
            "conflicts show", "Shows a conflict: base, mine and theirs, and how to decide it.", arguments: ["CONFLICT"],
            examples: ["fieldbook conflicts show 7"]),
        CommandSpec(
            "conflicts explain", "Tells why it is a conflict and what each decision would do.",
            arguments: ["CONFLICT"], examples: ["fieldbook conflicts explain 7"]),
        CommandSpec(
            "conflicts decide", "Queues a decision: mine, theirs, a third value, or a split of both.",
            arguments: ["CONFLICT", "CHOICE"],
            options: [
                OptionSpec("amount", value: "AMOUNT", "with value: the amount of the budget"),
                OptionSpec("type", value: "TYPE", "with value: monthly or one-time"),
                OptionSpec("on-exhaustion", value: "ACTION", "with value: manual or freeze"),
                OptionSpec("percent", value: "PERCENT", "with value: the percentage of the discount"),
                OptionSpec("from", value: "DATE", "with value: first day of the discount, YYYY-MM-DD"),
                OptionSpec("until", value: "DATE", "with value: last day of the discount, YYYY-MM-DD"),
                OptionSpec("kind", value: "KIND", "with value: account or account-and-resources"),
                OptionSpec("take", value: "FIELDS", "with split: FIELD=mine or FIELD=theirs, separated by commas"),
                OptionSpec(
                    "reason", value: "TEXT", "why, 1 to 256 characters; everyone who sees the conflict reads it"),
                OptionSpec("dry-run", "check and show what would be queued, queue nothing"),
            ],
            examples: [
                "fieldbook conflicts decide 7 mine --reason 'agreed by phone'",
                "fieldbook conflicts decide 7 value --amount 600",
                "fieldbook conflicts decide 7 split --take amount=mine,type=theirs",
            ]),
        CommandSpec(
            "conflicts export", "Writes conflicts with everything known of them.",
            options: [
                all, customer, mine, OptionSpec("format", value: "FORMAT", "json (default), one a line, or csv"),
            ],
            examples: ["fieldbook conflicts export --all", "fieldbook conflicts export --format csv"]),
    ]
}
