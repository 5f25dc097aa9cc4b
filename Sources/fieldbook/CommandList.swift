import Diagnostics
import TerminalKit

/// The commands of `fieldbook`; parsing and help come from here.
enum CommandList {
    static let dryRun = OptionSpec("dry-run", "check and show what would be queued, queue nothing")
    private static let limit = OptionSpec("limit", value: "N", "at most N rows (default: 50)")
    private static let customer = OptionSpec("customer", value: "CUSTOMER", "only this customer")
    private static let cycle = OptionSpec("cycle", value: "YYYY-MM", "only this billing cycle")
    static let kinds = ["account", "account-and-resources"]
    static let kind = OptionSpec(
        "kind", value: "KIND", "account (default) or account-and-resources", choices: kinds)
    static let reason = OptionSpec(
        "reason", value: "TEXT", "why, 1 to 256 characters; kept with the freeze", isNeeded: true)

    static let table = CommandTable(
        program: "fieldbook", summary: "a partner's customers, bills and coupons, with or without a network",
        globals: [
            OptionSpec("json", "answer in JSON"), .plain, OptionSpec("quiet", "no remarks on stderr"),
            OptionSpec("help", "show help"),
            OptionSpec("version", "show the version"),
        ],
        groups: [
            CommandGroup("start", setup), CommandGroup("today", today), CommandGroup("look", look + past + out),
            CommandGroup("change", change), CommandGroup("settle", decide + desk), CommandGroup("settings", config),
            CommandGroup("mend", mend),
        ], manual: manual, home: "home")

    private static let connection = [
        OptionSpec("ca-file", value: "FILE", "certificates of issuers to trust beside the system's, PEM"),
        OptionSpec("client-certificate", value: "FILE", "certificate to show to the server, PEM"),
        OptionSpec("client-key", value: "FILE", "its key, PEM, mode 0600"),
        OptionSpec("proxy", value: "URL", "HTTP proxy for https: http://[USER:PASSWORD@]HOST:PORT, or none"),
    ]

    private static let setup = [
        CommandSpec(
            "setup", "Names the server and stores your token, mode 0600.",
            options: [
                OptionSpec(
                    "server", value: "URL", "https://HOST[:PORT], or http:// (default: the settings' server.url)"),
                OptionSpec("token-file", value: "FILE", "file that holds the token; without it you are asked"),
            ] + connection,
            examples: [
                "fieldbook setup --server https://books.example.com --ca-file company-ca.pem",
                "fieldbook setup --server http://127.0.0.1:8787 --token-file ana.token",
            ]),
        CommandSpec(
            "login", "Makes you the one who uses Fieldbook here; everyone keeps a replica and a queue of their own.",
            options: [
                OptionSpec("server", value: "URL", "address of the server (default: the one in use)"),
                OptionSpec("token-file", value: "FILE", "file that holds the token; without it you are asked"),
            ] + connection,
            examples: ["fieldbook login --token-file ben.token", "fieldbook login --server http://127.0.0.1:8787"]),
        CommandSpec(
            "users", "Lists who has logged in here, and what each has not sent yet.",
            examples: ["fieldbook users", "fieldbook users --json"]),
        CommandSpec(
            "switch", "Goes over to another user who is logged in here.", arguments: ["ACCOUNT"],
            examples: ["fieldbook switch ana", "fieldbook switch ben --json"]),
        CommandSpec(
            "logout", "Removes a token from this machine; replica and queue stay.", arguments: ["[ACCOUNT]"],
            options: [
                OptionSpec("wipe", "remove replica and queue too"),
                OptionSpec("discard-unsent", "with --wipe: even edits that have not reached the server"),
            ],
            examples: ["fieldbook logout", "fieldbook logout ben --wipe"]),
        CommandSpec(
            "service install", "Makes the daemon a service that systemd starts when you log in.",
            options: [
                OptionSpec("dry-run", "show the unit and where it would go, change nothing"),
                OptionSpec("force", "replace a unit of that name that is not ours"),
            ], examples: ["fieldbook service install", "fieldbook service install --dry-run"]),
        CommandSpec(
            "service start", "Starts the service and waits until it is ready.", examples: ["fieldbook service start"]),
        CommandSpec("service stop", "Stops the service until the next log-in.", examples: ["fieldbook service stop"]),
        CommandSpec(
            "service status", "Shows what systemd knows of the service.",
            examples: ["fieldbook service status", "fieldbook service status --json"]),
        CommandSpec(
            "service uninstall", "Stops the service and removes it; queue, replica and settings stay.",
            examples: ["fieldbook service uninstall"]),
        CommandSpec("daemon start", "Starts the daemon in the background.", examples: ["fieldbook daemon start"]),
        CommandSpec("daemon stop", "Stops the daemon; queued edits stay.", examples: ["fieldbook daemon stop"]),
        CommandSpec(
            "status", "Shows how far replica and outbox are in sync, and what is waited for.",
            options: [
                OptionSpec("watch", "go on showing it until you press Ctrl-C"),
                OptionSpec("every", value: "SECONDS", "with --watch: time between two looks (default: 2)"),
                OptionSpec("exit-code", "0 in sync, 75 not yet, 1 needs you, 77 needs a login, 69 no daemon"),
            ],
            examples: ["fieldbook status", "fieldbook status --json", "fieldbook status --watch --every 5"]),
        CommandSpec(
            "sync", "Asks the daemon to sync now.",
            options: [
                OptionSpec("wait", "wait until everything known is here and everything made is there"),
                OptionSpec("timeout", value: "SECONDS", "how long to wait (default: 60); past it the exit code is 75"),
                OptionSpec("records", "fetch the bill records too that a metered link keeps back"),
            ],
            examples: [
                "fieldbook sync", "fieldbook sync --wait --timeout 120", "fieldbook sync --records",
            ]),
        CommandSpec(
            "log", "Shows the end of the daemon's log.",
            options: [
                OptionSpec("lines", value: "N", "at most N lines (default: 50)", short: "n"),
                OptionSpec("follow", "go on with what comes, until you press Ctrl-C", short: "f"),
                OptionSpec("level", value: "LEVEL", "only error, or also notice, info, debug, trace"),
            ],
            examples: ["fieldbook log", "fieldbook log -n 200 --level error", "fieldbook log -f"]),
        CommandSpec(
            "metrics", "Shows the daemon's metrics in Prometheus' text form.",
            examples: ["fieldbook metrics", "fieldbook metrics --quiet"]),
    ]

    private static let config = [
        CommandSpec(
            "config check", "Checks all settings, or those of a file, and tells every mistake by its line.",
            arguments: ["[FILE]"], examples: ["fieldbook config check", "fieldbook config check fieldbook.conf --json"]),
        CommandSpec(
            "config show", "Shows each setting, its value and where that comes from; never a token.",
            examples: ["fieldbook config show", "fieldbook config show --json"]),
        CommandSpec(
            "config explain", "Tells what there is to set, and about one setting all that is to know.",
            arguments: ["[SETTING]"], examples: ["fieldbook config explain", "fieldbook config explain sync.interval"],
            choices: SettingsRegistry.sections.map(\.name) + SettingsRegistry.all.map(\.name)),
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
            options: [
                OptionSpec("show-personal", "phone and mail whole, not masked; as privacy.show-personal does always")
            ],
            examples: [
                "fieldbook customers show 'Atlas Freight'", "fieldbook customers show acct-1-0 --json",
                "fieldbook customers show acct-1-0 --show-personal",
            ]),
        CommandSpec(
            "bills list", "Lists bill records.", options: [customer, cycle, limit],
            examples: [
                "fieldbook bills list --customer 'Atlas Freight'", "fieldbook bills list --cycle 2026-10 --limit 10",
            ]),
        CommandSpec(
            "bills sum", "Sums bill records exactly, estimates and final figures apart.",
            options: [
                OptionSpec(
                    "by", value: "WHAT", "cycle (default), customer or product",
                    choices: ["cycle", "customer", "product"]), customer, cycle,
            ],
            examples: ["fieldbook bills sum", "fieldbook bills sum --by customer --cycle 2026-10"]),
        CommandSpec(
            "coupons list", "Lists coupons.", options: [customer, limit],
            examples: ["fieldbook coupons list", "fieldbook coupons list --json"]),
        CommandSpec(
            "partner", "Shows the partner: state, authorised range, consumption quota, bills by cycle.",
            examples: ["fieldbook partner", "fieldbook partner --json"]),
        CommandSpec(
            "budget show", "Shows a budget and what is used of it.", arguments: ["CUSTOMER"],
            examples: ["fieldbook budget show 'Atlas Freight'"]),
        CommandSpec(
            "discount show", "Shows a discount.", arguments: ["CUSTOMER"],
            examples: ["fieldbook discount show 'Cedar & Sons'"]),
    ]

    private static let decide = [
        CommandSpec(
            "edits list", "Lists edits that are not settled, with what became of them.",
            options: [
                OptionSpec("all", "settled, discarded and combined ones too"),
                OptionSpec("dead", "only those that were refused"),
                OptionSpec("limit", value: "N", "with --all: at most N of the newest (default: 200)"),
            ],
            examples: ["fieldbook edits list", "fieldbook edits list --dead"]),
        CommandSpec(
            "edits show", "Shows an edit: what was asked, what it became, why.", arguments: ["EDIT"],
            examples: ["fieldbook edits show 3"]),
        CommandSpec(
            "edits discard", "Sets aside an unsent or refused edit, an unsent group whole.", arguments: ["EDIT"],
            options: [dryRun], examples: ["fieldbook edits discard 3", "fieldbook edits discard 3 --dry-run"]),
        CommandSpec(
            "edits resend", "Makes a refused edit anew on what stands now.", arguments: ["EDIT"],
            options: resending + [dryRun],
            examples: ["fieldbook edits resend 3", "fieldbook edits resend 3 --amount 450"]),
        CommandSpec(
            "edits undo", "Queues the opposite of an edit that took effect.", arguments: ["EDIT"], options: [dryRun],
            examples: ["fieldbook edits undo 3", "fieldbook edits undo 3 --dry-run"]),
        CommandSpec(
            "edits export", "Writes all edits to a file, as JSON lines; works without daemon and data.",
            arguments: ["FILE"],
            options: [
                OptionSpec("user", value: "ACCOUNT", "another user's (default: the current one's)"),
                OptionSpec("force", "replace the file"),
            ],
            examples: ["fieldbook edits export edits.jsonl", "fieldbook edits export - --user ana"]),
        CommandSpec(
            "edits confirm", "Confirms an edit with a code of your authenticator.", arguments: ["EDIT"],
            options: [OptionSpec("code-file", value: "FILE", "read the code there instead of asking for it")],
            examples: ["fieldbook edits confirm 3", "fieldbook edits confirm 3 --code-file code.txt"]),
    ]
}
