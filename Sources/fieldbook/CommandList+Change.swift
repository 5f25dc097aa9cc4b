import TerminalKit

/// The commands that queue edits.
extension CommandList {
    private static let through = OptionSpec(
        "through", value: "CYCLE", "this-cycle or YYYY-MM: past its end the edit is refused")

    static let change = budgets + freezes + discounts + people + many + into

    private static let budgets = [
        CommandSpec(
            "budget set", "Queues a new budget.", arguments: ["CUSTOMER", "AMOUNT"],
            options: [
                OptionSpec(
                    "type", value: "TYPE", "monthly or one-time (default: as it is, else monthly)",
                    choices: ["monthly", "one-time"]),
                OptionSpec(
                    "on-exhaustion", value: "ACTION", "manual or freeze (default: as it is, else manual)",
                    choices: ["manual", "freeze"]),
                through,
                OptionSpec("unfreeze", "also unfreeze, once the budget took effect; needs --reason"),
                OptionSpec("reason", value: "TEXT", "with --unfreeze: why, 1 to 256 characters"),
                OptionSpec(
                    "kind", value: "KIND", "with --unfreeze: which freezes (default: the strictest)", choices: kinds),
                dryRun,
            ],
            examples: [
                "fieldbook budget set 'Atlas Freight' 500",
                "fieldbook budget set acct-1-0 750.50 --type monthly --on-exhaustion freeze --dry-run",
                "fieldbook budget set acct-1-0 900 --unfreeze --reason 'limit raised'",
            ]),
        CommandSpec(
            "budget adjust", "Queues a raise or a cut of a budget.", arguments: ["CUSTOMER", "CHANGE"],
            options: [through, dryRun],
            examples: [
                "fieldbook budget adjust 'Atlas Freight' +100", "fieldbook budget adjust 'Atlas Freight' -- -50",
            ]),
    ]

    private static let freezes = [
        CommandSpec(
            "freeze", "Queues a freeze of an account, or of account and resources.", arguments: ["CUSTOMER"],
            options: [reason, kind, OptionSpec("yes", "do not ask before an account-and-resources freeze"), dryRun],
            examples: [
                "fieldbook freeze 'Atlas Freight' --reason 'invoice 90 days late'",
                "fieldbook freeze acct-1-0 --reason fraud --dry-run",
            ]),
        CommandSpec(
            "unfreeze", "Queues the release of the freezes you see.", arguments: ["CUSTOMER"],
            options: [reason, kind, dryRun],
            examples: [
                "fieldbook unfreeze 'Atlas Freight' --reason 'invoice paid'",
                "fieldbook unfreeze acct-1-0 --reason paid --dry-run",
            ]),
    ]

    private static let discounts = [
        CommandSpec(
            "discount set", "Queues a discount for a referral customer.", arguments: ["CUSTOMER", "PERCENT"],
            options: [
                OptionSpec("until", value: "DATE", "last day, YYYY-MM-DD", isNeeded: true),
                OptionSpec("from", value: "DATE", "first day (default: today)"), dryRun,
            ],
            examples: [
                "fieldbook discount set 'Cedar & Sons' 12.5 --until 2027-06-30",
                "fieldbook discount set acct-1-2 5 --until 2027-01-31 --dry-run",
            ]),
        CommandSpec(
            "discount cancel", "Queues the end of a discount.", arguments: ["CUSTOMER"], options: [dryRun],
            examples: ["fieldbook discount cancel 'Cedar & Sons'", "fieldbook discount cancel acct-1-2 --dry-run"]),
    ]

    private static let people = [
        CommandSpec(
            "label set", "Queues a label of your own words.", arguments: ["CUSTOMER", "TEXT"], options: [dryRun],
            examples: ["fieldbook label set 'Atlas Freight' gold", "fieldbook label set acct-1-0 'call first'"]),
        CommandSpec(
            "label clear", "Queues the end of a label.", arguments: ["CUSTOMER"], options: [dryRun],
            examples: ["fieldbook label clear 'Atlas Freight'", "fieldbook label clear acct-1-0 --dry-run"]),
        CommandSpec(
            "manager assign", "Queues an account manager for a customer without one.",
            arguments: ["CUSTOMER", "ACCOUNT"], options: [dryRun],
            examples: [
                "fieldbook manager assign 'Atlas Freight' eve", "fieldbook manager assign acct-1-0 eve --dry-run",
            ]),
        CommandSpec(
            "manager withdraw", "Queues the withdrawal of an account manager.", arguments: ["CUSTOMER"],
            options: [dryRun],
            examples: ["fieldbook manager withdraw 'Atlas Freight'", "fieldbook manager withdraw acct-1-0 --dry-run"]),
        CommandSpec(
            "manager replace", "Queues another account manager in place of the one there is.",
            arguments: ["CUSTOMER", "ACCOUNT"], options: [dryRun],
            examples: [
                "fieldbook manager replace 'Atlas Freight' eve", "fieldbook manager replace acct-1-0 eve --dry-run",
            ]),
        CommandSpec(
            "association list", "Lists requests to associate or disassociate a customer that wait.",
            examples: ["fieldbook association list", "fieldbook association list --json"]),
        CommandSpec(
            "association approve", "Queues your yes to the request of a customer.", arguments: ["CUSTOMER"],
            options: [OptionSpec("yes", "do not ask before a disassociation"), dryRun],
            examples: [
                "fieldbook association approve 'Atlas Freight'", "fieldbook association approve acct-1-0 --yes",
            ]),
        CommandSpec(
            "association reject", "Queues your no to the request of a customer.", arguments: ["CUSTOMER"],
            options: [dryRun],
            examples: [
                "fieldbook association reject 'Atlas Freight'", "fieldbook association reject acct-1-0 --dry-run",
            ]),
    ]

    private static let many = [
        CommandSpec(
            "edits batch", "Queues many edits, one a line in these words, all or none.", arguments: ["FILE"],
            options: [
                OptionSpec("together", "all of one customer; they take effect together or not at all"), dryRun,
            ],
            examples: ["fieldbook edits batch monday.txt", "fieldbook edits batch - --together --dry-run"])
    ]

    /// What `edits resend` may change; each fits some kinds of edit.
    static let resending = [
        OptionSpec("amount", value: "AMOUNT", "another budget"),
        OptionSpec("type", value: "TYPE", "monthly or one-time", choices: ["monthly", "one-time"]),
        OptionSpec("on-exhaustion", value: "ACTION", "manual or freeze", choices: ["manual", "freeze"]),
        OptionSpec("change", value: "CHANGE", "another raise or cut"),
        OptionSpec("percent", value: "PERCENT", "another discount"),
        OptionSpec("until", value: "DATE", "its last day"), OptionSpec("from", value: "DATE", "its first day"),
        OptionSpec("reason", value: "TEXT", "another reason"),
        OptionSpec("kind", value: "KIND", "another kind", choices: kinds),
        OptionSpec("label", value: "TEXT", "another label"),
        OptionSpec("manager", value: "ACCOUNT", "another account manager"), through,
    ]
}
