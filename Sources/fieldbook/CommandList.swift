import TerminalKit

/// The commands of `fieldbook`; parsing and help come from here.
enum CommandList {
    private static let dryRun = OptionSpec("dry-run", "check and show what would be queued, queue nothing")
    private static let limit = OptionSpec("limit", value: "N", "at most N rows (default: 50)")
    private static let customer = OptionSpec("customer", value: "CUSTOMER", "only this customer")
    private static let cycle = OptionSpec("cycle", value: "YYYY-MM", "only this billing cycle")
    private static let kind = OptionSpec("kind", value: "KIND", "account (default) or account-and-resources")
    private static let reason = OptionSpec("reason", value: "TEXT", "why, 1 to 256 characters; kept with the freeze")

    static let table = CommandTable(
        program: "fieldbook", summary: "a partner's customers, bills and coupons, with or without a network",
        globals: [
            OptionSpec("json", "answer in JSON"), OptionSpec("quiet", "no remarks on stderr"),
            OptionSpec("help", "show help"),
            OptionSpec("version", "show the version"),
        ],
        groups: [
            CommandGroup("start", setup), CommandGroup("look", look + past), CommandGroup("change", change),
            CommandGroup("settle", decide + desk),
        ])

    private static let setup = [
        CommandSpec(
            "setup", "Names the server and stores your token, mode 0600.",
            options: [
                OptionSpec("server", value: "URL", "address of the server: http://HOST:PORT"),
                OptionSpec("token-file", value: "FILE", "file that holds the token; without it you are asked"),
            ],
            examples: [
                "fieldbook setup --server http://127.0.0.1:8787",
                "fieldbook setup --server http://127.0.0.1:8787 --token-file ana.token",
            ]),
        CommandSpec("daemon start", "Starts the daemon in the background.", examples: ["fieldbook daemon start"]),
        CommandSpec("daemon stop", "Stops the daemon; queued edits stay.", examples: ["fieldbook daemon stop"]),
        CommandSpec(
            "status", "Shows how far replica and outbox are in sync.",
            examples: ["fieldbook status", "fieldbook status --json"]),
        CommandSpec(
            "sync", "Asks the daemon to sync now.",
            options: [
                OptionSpec("wait", "wait until everything known is here and everything made is there"),
                OptionSpec("timeout", value: "SECONDS", "how long to wait (default: 60); past it the exit code is 75"),
            ],
            examples: ["fieldbook sync", "fieldbook sync --wait --timeout 120"]),
    ]

    private static let look = [
        CommandSpec(
            "customers list", "Lists customers.", options: [limit],
            examples: ["fieldbook customers list", "fieldbook customers list --json"]),
        CommandSpec(
            "customers search", "Finds customers by part of a name, account or id, in any script.", arguments: ["TEXT"],
            options: [limit],
            examples: ["fieldbook customers search 华云", "fieldbook customers search atlas"]),
        CommandSpec(
            "customers show", "Shows one customer: budget, freezes, discount, spending.", arguments: ["CUSTOMER"],
            examples: ["fieldbook customers show 'Atlas Freight'", "fieldbook customers show acct-1-0 --json"]),
        CommandSpec(
            "bills list", "Lists bill records.", options: [customer, cycle, limit],
            examples: [
                "fieldbook bills list --customer 'Atlas Freight'", "fieldbook bills list --cycle 2026-10 --limit 10",
            ]),
        CommandSpec(
            "bills sum", "Sums bill records exactly, estimates and final figures apart.",
            options: [OptionSpec("by", value: "WHAT", "cycle (default), customer or product"), customer, cycle],
            examples: ["fieldbook bills sum", "fieldbook bills sum --by customer --cycle 2026-10"]),
        CommandSpec(
            "coupons list", "Lists coupons.", options: [customer, limit],
            examples: ["fieldbook coupons list", "fieldbook coupons list --json"]),
        CommandSpec(
            "budget show", "Shows a budget and what is used of it.", arguments: ["CUSTOMER"],
            examples: ["fieldbook budget show 'Atlas Freight'"]),
        CommandSpec(
            "discount show", "Shows a discount.", arguments: ["CUSTOMER"],
            examples: ["fieldbook discount show 'Cedar & Sons'"]),
    ]

    private static let change = [
        CommandSpec(
            "budget set", "Queues a new budget.", arguments: ["CUSTOMER", "AMOUNT"],
            options: [
                OptionSpec("type", value: "TYPE", "monthly or one-time (default: as it is, else monthly)"),
                OptionSpec("on-exhaustion", value: "ACTION", "manual or freeze (default: as it is, else manual)"),
                OptionSpec("through", value: "CYCLE", "this-cycle or YYYY-MM: past its end the edit is refused"),
                dryRun,
            ],
            examples: [
                "fieldbook budget set 'Atlas Freight' 500",
                "fieldbook budget set acct-1-0 750.50 --type monthly --on-exhaustion freeze --dry-run",
            ]),
        CommandSpec(
            "budget adjust", "Queues a raise or a cut of a budget.", arguments: ["CUSTOMER", "CHANGE"],
            options: [
                OptionSpec("through", value: "CYCLE", "this-cycle or YYYY-MM: past its end the edit is refused"),
                dryRun,
            ],
            examples: [
                "fieldbook budget adjust 'Atlas Freight' +100", "fieldbook budget adjust 'Atlas Freight' -- -50",
            ]),
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
        CommandSpec(
            "discount set", "Queues a discount for a referral customer.", arguments: ["CUSTOMER", "PERCENT"],
            options: [
                OptionSpec("until", value: "DATE", "last day, YYYY-MM-DD"),
                OptionSpec("from", value: "DATE", "first day (default: today)"), dryRun,
            ],
            examples: [
                "fieldbook discount set 'Cedar & Sons' 12.5 --until 2027-06-30",
                "fieldbook discount set acct-1-2 5 --until 2027-01-31 --dry-run",
            ]),
        CommandSpec(
            "discount cancel", "Queues the end of a discount.", arguments: ["CUSTOMER"], options: [dryRun],
            examples: ["fieldbook discount cancel 'Cedar & Sons'"]),
    ]

    private static let decide = [
        CommandSpec(
            "edits list", "Lists edits that are not settled.",
            options: [OptionSpec("all", "settled and discarded ones too")],
            examples: ["fieldbook edits list", "fieldbook edits list --all"]),
        CommandSpec(
            "edits show", "Shows an edit: what was asked, what it became, why.", arguments: ["EDIT"],
            examples: ["fieldbook edits show 3"]),
        CommandSpec(
            "edits discard", "Sets aside an unsent or refused edit.", arguments: ["EDIT"],
            examples: ["fieldbook edits discard 3"]),
        CommandSpec(
            "edits resend", "Makes a refused edit anew on what stands now.", arguments: ["EDIT"],
            examples: ["fieldbook edits resend 3"]),
    ]
}
