import TerminalKit

/// A table with every shape of command.
enum Sample {
    static let table = CommandTable(
        program: "book", summary: "a book of business, with or without a network, for people who travel a good deal",
        globals: [
            OptionSpec("json", "answer in JSON"), OptionSpec("help", "show help"),
            OptionSpec("version", "show the version"),
        ],
        groups: [
            CommandGroup(
                "look things up",
                [
                    CommandSpec(
                        "status", "Shows how far things are.", examples: ["book status", "book status --json"]),
                    CommandSpec(
                        "customers list", "Lists customers.",
                        options: [OptionSpec("limit", value: "N", "at most N rows (default: 50)")],
                        examples: ["book customers list --limit 3"]),
                    CommandSpec(
                        "customers show", "Shows one customer.", arguments: ["CUSTOMER"],
                        examples: ["book customers show '华云 & Co'"]),
                ]),
            CommandGroup(
                "change things",
                [
                    CommandSpec(
                        "budget set",
                        "Queues a new budget, which is shown as pending until the server has taken or refused it.",
                        arguments: ["CUSTOMER", "AMOUNT"],
                        options: [
                            OptionSpec("type", value: "TYPE", "monthly or one-time (default: as it is, else monthly)"),
                            OptionSpec(
                                "on-exhaustion", value: "ACTION",
                                "what happens when all of it is used: manual or freeze"),
                            OptionSpec("dry-run", "check only"),
                        ],
                        examples: [
                            "book budget set acme 500",
                            "book budget set 'Acme and Sons' 500 --type monthly --on-exhaustion freeze --dry-run",
                        ])
                ]),
        ])
}
