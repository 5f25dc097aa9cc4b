import TerminalKit

/// The commands that take data out and edits in.
extension CommandList {
    static let out = [
        CommandSpec(
            "export", "Writes customers, bills, coupons or history, exact to eight decimals.",
            arguments: ["WHAT", "[FILE]"],
            options: [
                OptionSpec("format", value: "FORMAT", "csv (default), jsonl, or for bills focus: FOCUS 1.0"),
                OptionSpec("customer", value: "CUSTOMER", "only this customer"),
                OptionSpec("cycle", value: "YYYY-MM", "with bills: only this billing cycle"),
                OptionSpec("force", "replace the file"),
                OptionSpec("show-personal", "with customers: phone and mail whole; without it they are masked"),
                OptionSpec("safe-for-spreadsheets", "an apostrophe before texts that would be formulas"),
            ],
            examples: [
                "fieldbook export bills bills.csv --cycle 2026-10", "fieldbook export customers --format jsonl",
                "fieldbook export bills focus.csv --format focus --force",
            ])
    ]

    static let into = [
        CommandSpec(
            "apply", "Queues an edit for each line of a CSV file; a second run makes no second edit.",
            arguments: ["FILE"],
            options: [
                dryRun, OptionSpec("keep-going", "leave out lines that are wrong, queue the others"),
                OptionSpec("series", value: "NAME", "another series: lines made in a former one are made again"),
            ],
            examples: ["fieldbook apply budgets.csv --dry-run", "fieldbook apply budgets.csv --series 2026-12"])
    ]
}
