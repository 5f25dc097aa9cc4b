import TerminalKit

/// The commands about members, their tokens, and what their partner has decided.
extension ServerCommands {
    static let partners = [
        CommandSpec(
            "partner add", "Adds a partner with a ledger of its own and prints its administrator's token once.",
            arguments: ["NAME"],
            options: [
                data, OptionSpec("admin", value: "ACCOUNT", "account of its administrator (default: admin)"),
                OptionSpec("currency", value: "CODE", "its currency (default: USD)"), tokenFile,
                overFile,
            ],
            examples: ["fieldbook-server partner add 'North IT' --admin nora --data ./data"]),
        CommandSpec(
            "partner list", "Lists the partners of the folder by id.", options: [data],
            examples: ["fieldbook-server partner list --data ./data"]),
    ]

    static let people = [
        CommandSpec(
            "member add", "Adds a member and prints a token for it once.", arguments: ["ACCOUNT"],
            options: [
                data, roles, items, managers, customers, tokenFile, overFile,
            ],
            examples: [
                "fieldbook-server member add ana --data ./data --role operator",
                "fieldbook-server member add ben --data ./data --role manager --customers acme,globex",
                "fieldbook-server member add dora --data ./data --role director --managers ben",
            ]),
        CommandSpec(
            "member role", "Gives a member other roles; what they no longer see leaves their replica.",
            arguments: ["ACCOUNT"], options: [data, roles, items, managers, customers, lastOne],
            examples: [
                "fieldbook-server member role ana --role operator --items customers,budgets --data ./data",
                "fieldbook-server member role ben --role manager,operator --data ./data",
            ]),
        CommandSpec(
            "member list", "Lists members and their roles.", options: [data],
            examples: ["fieldbook-server member list --data ./data"]),
        CommandSpec(
            "member disable", "Ends a member's access at once; their machines wipe themselves at the next contact.",
            arguments: ["ACCOUNT"], options: [data, lastOne],
            examples: ["fieldbook-server member disable ana --data ./data"]),
        CommandSpec(
            "member enable", "Opens a disabled member's access again.", arguments: ["ACCOUNT"], options: [data],
            examples: ["fieldbook-server member enable ana --data ./data"]),
        CommandSpec(
            "member step-up", "Enrols a member's authenticator; prints its address once.", arguments: ["ACCOUNT"],
            options: [
                data, OptionSpec("out", value: "FILE", "write the address there, mode 0600, instead of printing it"),
                OptionSpec("remove", "take the enrolment away instead"), overFile,
            ],
            examples: [
                "fieldbook-server member step-up ana --data ./data --out ana.otpauth",
                "fieldbook-server member step-up ana --data ./data --remove",
            ]),
    ]

    static let tokens = [
        CommandSpec(
            "token add", "Makes a further token for a member and prints it once.", arguments: ["ACCOUNT"],
            options: [data, device, expires, out, overFile],
            examples: [
                "fieldbook-server token add ana --data ./data --device laptop --expires 90d --out ana.token",
                "fieldbook-server token add ana --data ./data",
            ]),
        CommandSpec(
            "token list", "Lists the tokens of all members by id; a token itself is kept nowhere.",
            options: [data, OptionSpec("account", value: "ACCOUNT", "only this member's")],
            examples: [
                "fieldbook-server token list --data ./data", "fieldbook-server token list --account ana --data ./data",
            ]),
        CommandSpec(
            "token revoke", "Revokes tokens of a member at once; replicas stay as they are.", arguments: ["ACCOUNT"],
            options: [data, id],
            examples: [
                "fieldbook-server token revoke ana --data ./data",
                "fieldbook-server token revoke ana --id 3f9c01ab --data ./data",
            ]),
        CommandSpec(
            "token rotate", "Makes another token in place of one that ends a little later; prints it once.",
            arguments: ["ACCOUNT"],
            options: [
                data, id, OptionSpec("overlap", value: "TIME", "how long the old one still opens (default: 1d)"),
                expires, out, overFile,
            ],
            examples: [
                "fieldbook-server token rotate ana --id 3f9c01ab --data ./data --out ana.token",
                "fieldbook-server token rotate ana --id 3f9c01ab --overlap 0s --data ./data",
            ]),
        CommandSpec(
            "token wipe", "Has a member's machines remove everything at the next contact.", arguments: ["ACCOUNT"],
            options: [data, id, OptionSpec("keep-outbox", "leave what was not sent, for its author to export")],
            examples: [
                "fieldbook-server token wipe ana --id 3f9c01ab --data ./data",
                "fieldbook-server token wipe ana --keep-outbox --data ./data",
            ]),
    ]

    static let policies = [
        CommandSpec(
            "policy show", "Shows what the partner has decided about its members' replicas.", options: [data],
            examples: ["fieldbook-server policy show --data ./data"]),
        CommandSpec(
            "policy set", "Sets access-ended, lease or bills.", arguments: ["KEY", "VALUE"], options: [data],
            examples: [
                "fieldbook-server policy set lease '30d lock' --data ./data",
                "fieldbook-server policy set access-ended everything --data ./data",
            ]),
    ]

    private static let roles = OptionSpec(
        "role", value: "ROLES", "administrator, director, operator or manager; several with commas")
    private static let items = OptionSpec(
        "items", value: "ITEMS", "for an operator, of customers, budgets, freezes, discounts, coupons, bills, quota")
    private static let managers = OptionSpec(
        "managers", value: "ACCOUNTS", "for a director: the account managers below")
    private static let customers = OptionSpec(
        "customers", value: "IDS", "for a manager: ids or account names to assign now, with commas")
    private static let device = OptionSpec("device", value: "NAME", "what its machine is called")
    private static let expires = OptionSpec(
        "expires", value: "TIME", "its span of life, for example 90d (default: no end)")
    private static let id = OptionSpec("id", value: "ID", "one token, by the id that 'token list' shows")
    private static let lastOne = OptionSpec("force", "also where no administrator is left then")
    private static let out = OptionSpec(
        "out", value: "FILE", "write the token there, mode 0600, instead of printing it")
}
