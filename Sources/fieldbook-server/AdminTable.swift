import TerminalKit

/// The commands by which others than members change the truth, and those that move the ledger's clock.
extension ServerCommands {
    static let others = [
        CommandSpec(
            "admin usage", "Sets what a customer has used of its budget; may freeze it.",
            arguments: ["CUSTOMER", "AMOUNT"],
            options: [data], examples: ["fieldbook-server admin usage acme 480.50 --data ./data"]),
        CommandSpec(
            "admin reset-month", "Begins the month: monthly usage is 0, the new cycle is open.", options: [data],
            examples: ["fieldbook-server admin reset-month --data ./data"]),
        CommandSpec(
            "admin freeze", "Freezes a customer as the vendor or its machinery does.", arguments: ["CUSTOMER"],
            options: [
                data, cause, OptionSpec("kind", value: "K", "account (default) or account-and-resources"),
                OptionSpec("reason", value: "TEXT", "why, in 1 to 256 characters"), by,
            ],
            examples: ["fieldbook-server admin freeze acme --cause vendor --reason fraud --data ./data"]),
        CommandSpec(
            "admin release", "Lifts the freezes of one cause.", arguments: ["CUSTOMER"], options: [data, cause, by],
            examples: ["fieldbook-server admin release acme --cause vendor --data ./data"]),
        CommandSpec(
            "admin partner", "Sets the partner's state; frozen freezes all reseller customers.", arguments: ["STATE"],
            options: [data], examples: ["fieldbook-server admin partner frozen --data ./data"]),
        CommandSpec(
            "admin range", "Sets the authorised range of discounts, in percent.", arguments: ["LOW", "HIGH"],
            options: [data], examples: ["fieldbook-server admin range 5 30 --data ./data"]),
        CommandSpec(
            "admin range none", "Takes the discount permission away.", options: [data],
            examples: ["fieldbook-server admin range none --data ./data"]),
        CommandSpec(
            "admin quota", "Sets the partner's consumption quota and what is used of it.",
            arguments: ["AMOUNT", "USED"], options: [data],
            examples: ["fieldbook-server admin quota 100000 81250.50 --data ./data"]),
        CommandSpec(
            "admin association", "Changes a customer's association type.", arguments: ["CUSTOMER", "TYPE"],
            options: [data, by], examples: ["fieldbook-server admin association acme referral --data ./data"]),
        CommandSpec(
            "admin associate", "Associates a former customer again.", arguments: ["CUSTOMER"], options: [data, by],
            examples: ["fieldbook-server admin associate acme --data ./data"]),
        CommandSpec(
            "admin disassociate", "Ends a customer's association; contact and budget go.", arguments: ["CUSTOMER"],
            options: [data, by], examples: ["fieldbook-server admin disassociate acme --data ./data"]),
        CommandSpec(
            "admin delegate", "Hands budgets and freezes of a customer to a reseller, or back.",
            arguments: ["CUSTOMER", "RESELLER|none"], options: [data, by],
            examples: [
                "fieldbook-server admin delegate acme north-it --data ./data",
                "fieldbook-server admin delegate acme none --data ./data",
            ]),
        CommandSpec(
            "admin request", "Makes a customer's request, for an administrator to decide.",
            arguments: ["CUSTOMER", "PURPOSE"],
            options: [data, OptionSpec("reason", value: "TEXT", "the customer's words (default: none)")],
            examples: ["fieldbook-server admin request acme disassociate --reason 'we close' --data ./data"]),
    ]

    static let console = [
        CommandSpec(
            "admin budget", "Sets a budget as someone else at the vendor's console does.",
            arguments: ["CUSTOMER", "AMOUNT"],
            options: [
                data, OptionSpec("type", value: "TYPE", "monthly or one-time (default: as it is, else monthly)"),
                OptionSpec("on-exhaustion", value: "A", "manual or freeze (default: as it is, else manual)"), by,
            ],
            examples: ["fieldbook-server admin budget acme 700 --by li.wei --data ./data"]),
        CommandSpec(
            "admin discount", "Grants or cancels a discount as someone else at the console does.",
            arguments: ["CUSTOMER", "PERCENT|none"],
            options: [data, OptionSpec("until", value: "DATE", "the end, YYYY-MM-DD or RFC 3339"), by],
            examples: [
                "fieldbook-server admin discount acme 12.5 --until 2027-06-30 --data ./data",
                "fieldbook-server admin discount acme none --data ./data",
            ]),
        CommandSpec(
            "admin manager", "Assigns or withdraws the account manager.", arguments: ["CUSTOMER", "ACCOUNT|none"],
            options: [data, by], examples: ["fieldbook-server admin manager acme mona --data ./data"]),
        CommandSpec(
            "admin label", "Sets or takes away the label.", arguments: ["CUSTOMER", "TEXT|none"], options: [data, by],
            examples: ["fieldbook-server admin label acme 'public sector' --data ./data"]),
    ]

    static let time = [
        CommandSpec(
            "clock show", "Shows the ledger's clock and what it is ahead.", options: [data],
            examples: ["fieldbook-server clock show --data ./data"]),
        CommandSpec(
            "clock set", "Sets the ledger's clock to a later time.", arguments: ["TIME"], options: [data],
            examples: ["fieldbook-server clock set 2026-12-01T00:00:00+08:00 --data ./data"]),
        CommandSpec(
            "clock advance", "Moves the ledger's clock on.", arguments: ["DURATION"], options: [data],
            examples: [
                "fieldbook-server clock advance 3d --data ./data", "fieldbook-server clock advance 1d12h --data ./data",
            ]),
        CommandSpec(
            "clock reset", "Makes the ledger's clock the machine's again.", options: [data],
            examples: ["fieldbook-server clock reset --data ./data"]),
    ]

    private static let cause = OptionSpec(
        "cause", value: "C", "budget, partner-state, vendor, on-association, manual")
    private static let by = OptionSpec("by", value: "ACCOUNT", "who does it, for the history")
}
