import Diagnostics
import Glibc
import LedgerStore
import PartnerModel
import SQLiteKit
import SyncServer
import TerminalKit

/// The command table of the server and the way from a command to its function.
enum ServerCommands {
    static let data = OptionSpec("data", value: "DIR", "the data folder")
    static let tokenFile = OptionSpec(
        "token-file", value: "FILE", "write the token there, mode 0600, instead of printing it")
    static let overFile = OptionSpec("force", "replace the file that is there")

    static let table = CommandTable(
        program: "fieldbook-server", summary: "reference server of Fieldbook: truth, change feed, arbitration",
        globals: [
            OptionSpec("json", "answer in JSON"), .plain, OptionSpec("help", "show help"),
            OptionSpec("version", "show the version"),
        ],
        groups: [CommandGroup("serve", serve), CommandGroup("partners", partners)]
            + [
                CommandGroup("people", people), CommandGroup("tokens", tokens), CommandGroup("policy", policies),
                CommandGroup("data", contents), CommandGroup("the vendor, its machinery, customers", others),
                CommandGroup("someone else at the vendor's console", console), CommandGroup("clock", time),
                CommandGroup("conflict rules", ruling),
            ].map(ofOnePartner), manual: manual)

    private static let manual = ManualNotes(
        description: [
            """
            The server holds the truth of partners, one SQLite file each, serves it as a change feed under /sync/v1, \
            and judges the edits that replicas send, by rules that are data. It needs nothing but its folder.
            """
        ],
        sections: [
            ManualNotes.Section(
                "FILES",
                [
                    ("/var/lib/fieldbook-server", "the data of the system service, fieldbook-server.service"),
                    ("/etc/default/fieldbook-server", "its options and variables"),
                ]),
            ManualNotes.Section(
                "ENVIRONMENT",
                [
                    ("FIELDBOOK_LOG_LEVEL", "error, notice (default), info, debug or trace, for serve"),
                    ("FIELDBOOK_LOG_FORMAT", "text (default) or json"),
                ]),
            ManualNotes.Section(
                "SIGNALS",
                [
                    ("TERM, INT", "ends serve, after running requests"),
                    ("HUP", "reads the rules and a renewed certificate again"),
                ]),
        ], related: ["fieldbook(1)", "fieldbookd(1)"])

    /// The commands of a group that take a data folder, with the option that says whose data in it is meant.
    private static func ofOnePartner(_ group: CommandGroup) -> CommandGroup {
        let partner = OptionSpec("partner", value: "ID", "whose data; needed where the folder holds several partners")
        return CommandGroup(
            group.title,
            group.commands.map { spec in
                guard spec.options.contains(data) else { return spec }
                return CommandSpec(
                    spec.name, spec.summary, arguments: spec.arguments, options: spec.options + [partner],
                    examples: spec.examples)
            })
    }

    private static let serve = [
        CommandSpec(
            "init", "Makes a data folder with one partner and its first administrator; prints the token once.",
            options: [
                data, OptionSpec("partner", value: "NAME", "name of the partner (default: Example Partner)"),
                OptionSpec("admin", value: "ACCOUNT", "account of the administrator (default: admin)"),
                OptionSpec("currency", value: "CODE", "currency of the partner (default: USD)"), tokenFile,
                overFile,
            ],
            examples: [
                "fieldbook-server init --data ./data", "fieldbook-server init --data ./data --token-file admin.token",
            ]),
        CommandSpec(
            "serve", "Serves /sync/v1 until TERM.",
            options: [
                data, OptionSpec("port", value: "N", "TCP port, 0 for any free one (default: 8787)"),
                OptionSpec("address", value: "A", "address to listen on (default: 127.0.0.1, this machine only)"),
                OptionSpec("port-file", value: "FILE", "write the port there once it is open"),
                OptionSpec("tls-certificate", value: "FILE", "speak TLS with this certificate and its chain, PEM"),
                OptionSpec("tls-key", value: "FILE", "the certificate's key, PEM, closed to other users"),
                OptionSpec("tls-client-ca", value: "FILE", "let only clients in with a certificate of this issuer"),
                OptionSpec(
                    "parts-bytes", value: "N",
                    "disk for parts of first loads in DIR/parts, 0 keeps none (default: 536870912, 512 MiB)"),
                OptionSpec(
                    "metrics", value: "[A:]PORT",
                    "serve /metrics, /healthz and /readyz there, without a token (default address: 127.0.0.1)"),
            ],
            examples: [
                "fieldbook-server serve --data ./data",
                "fieldbook-server serve --data ./data --address 10.0.0.5 --port 443 --tls-certificate a.pem --tls-key a.key",
                "fieldbook-server serve --data ./data --metrics 9187",
            ]),
    ]

    private static let contents = [
        CommandSpec(
            "seed", "Fills the ledger with generated customers, bill records and coupons.",
            options: [
                data, OptionSpec("customers", value: "N", "how many customers (default: 50)"),
                OptionSpec("bills", value: "M", "how many bill records (default: 1000)"),
                OptionSpec("coupons", value: "K", "how many coupons (default: 40)"),
                OptionSpec("largest", value: "L", "bill records more of the first customer (default: 0)"),
                OptionSpec("seed", value: "S", "the same seed gives the same data (default: 1)"),
                OptionSpec("cycle", value: "YYYY-MM", "the open billing cycle (default: 2026-11)"),
            ],
            examples: ["fieldbook-server seed --data ./data --customers 200 --bills 20000 --coupons 100 --seed 7"]),
        CommandSpec(
            "import focus", "Imports a FOCUS 1.0 CSV file: sub-accounts become customers, charges bill records.",
            arguments: ["FILE"],
            options: [
                data,
                OptionSpec(
                    "association", value: "TYPE", "reseller or referral (default: reseller, so that budgets are legal)"),
                OptionSpec("strict", "refuse the whole file when one line is refused"),
                OptionSpec(
                    "cycle", value: "YYYY-MM", "the open billing cycle; earlier ones are final (default: by the clock)"),
            ],
            examples: [
                "fieldbook-server import focus costs.csv --data ./data",
                "fieldbook-server import focus costs.csv --data ./data --strict",
            ]),
        CommandSpec(
            "status", "Shows epoch, head and rows.", options: [data],
            examples: ["fieldbook-server status --data ./data"]),
        CommandSpec(
            "history", "Shows what was decided about a customer, the newest last.", arguments: ["CUSTOMER"],
            options: [data, OptionSpec("limit", value: "N", "at most so many records (default: 50)")],
            examples: ["fieldbook-server history acme --data ./data --limit 10"]),
        CommandSpec(
            "dump", "Writes the rows of an entity as the feed carries them, one JSON array a line.",
            options: [
                data, OptionSpec("entity", value: "NAME", "customer, budget, freezes, bill_record …"),
                OptionSpec("show-personal", "phones and mails of contacts whole; without it they are masked"),
            ],
            examples: [
                "fieldbook-server dump --data ./data --entity customer",
                "fieldbook-server dump --data ./data --entity contact --show-personal",
            ]),
        CommandSpec(
            "compare", "Compares a replica with the truth, row by row, as far as a member may see.",
            arguments: ["ACCOUNT"],
            options: [data, OptionSpec("replica", value: "FILE", "the replica.db of the member")],
            examples: ["fieldbook-server compare ana --data ./data --replica ~/.local/state/fieldbook/replica.db"]),
    ]

    static func run(_ command: ParsedCommand, _ terminal: Terminal) throws {
        try ServerContext.checkPlaceOfSecret(command)
        if ["rules check", "rules show"].contains(command.name) {
            // These need no data folder.
            let folder = DataFolder(command.option("data") ?? "")
            let context = ServerContext(folder: folder, command: command, terminal: terminal)
            return command.name == "rules check" ? try context.checkRules() : try context.showRules()
        }
        guard let path = command.option("data") else {
            throw UserError(
                .usage, what: "cannot run '\(command.name)'", why: "--data is missing",
                next: "name the data folder: --data DIR")
        }
        // For init the option is the name of the partner that it makes.
        let folder = DataFolder(path, partner: command.name == "init" ? nil : command.option("partner"))
        let context = ServerContext(folder: folder, command: command, terminal: terminal)
        switch command.name {
        case "init": try context.initialize()
        case "serve": try context.serve()
        case "partner add": try context.addPartner()
        case "partner list": try context.listPartners()
        case "member add": try context.addMember()
        case "member list": try context.listMembers()
        case "member step-up": try context.stepUp()
        case "member role": try context.setRoles()
        case "member disable": try context.setDisabled(true)
        case "member enable": try context.setDisabled(false)
        case "token add": try context.addToken()
        case "token list": try context.listTokens()
        case "token revoke": try context.revokeTokens()
        case "token rotate": try context.rotateToken()
        case "token wipe": try context.wipeTokens()
        case "policy show": try context.showPolicy()
        case "policy set": try context.setPolicy()
        case "seed": try context.seed()
        case "import focus": try context.importFocus()
        case "status": try context.status()
        case "dump": try context.dump()
        case "compare": try context.compare()
        case "history": try context.history()
        case "rules test": try context.testRules()
        case "clock show": try context.showClock()
        case "clock set": try context.setClock()
        case "clock advance": try context.advanceClock()
        case "clock reset": try context.resetClock()
        case let name where name.hasPrefix("admin "): try context.admin()
        default: preconditionFailure("the table names a command without a function: \(command.name)")
        }
    }

    static func userError(_ error: any Error) -> UserError {
        switch error {
        case let error as UserError: return error
        case let error as SQLiteError: return UserError(.failed, what: error.what, why: error.why, next: error.next)
        default: return UserError(.bug, what: "the command failed", why: "\(error)", next: "report this as a defect")
        }
    }
}

/// What a server command works with.
struct ServerContext {
    let folder: DataFolder
    let command: ParsedCommand
    let terminal: Terminal

    /// A whole number from an option, within bounds.
    func number(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws(UserError) -> Int {
        guard let text = command.option(name) else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw UserError(
                .usage, what: "cannot use --\(name) \(text.prefix(20))",
                why: "it must be a number from \(range.lowerBound) to \(range.upperBound)",
                next: "see: fieldbook-server \(command.name) --help")
        }
        return value
    }

    func cycle() throws(UserError) -> BillingCycle? {
        guard let text = command.option("cycle") else { return nil }
        guard let cycle = BillingCycle(text) else {
            throw UserError(
                .usage, what: "cannot use --cycle \(text.prefix(20))", why: "it is not YYYY-MM",
                next: "for example --cycle 2026-11")
        }
        return cycle
    }

    /// A token is made before it is written, and kept nowhere: where it can't be written, nothing is to be made.
    static func checkPlaceOfSecret(_ command: ParsedCommand) throws(UserError) {
        guard let file = command.option("out") ?? command.option("token-file") else { return }
        let kept = "nothing was made or changed"
        do { try NewFile.check(file, replacing: command.flag("force")) } catch {
            throw UserError(.refused, what: error.what, why: error.why, next: "\(error.next); \(kept)")
        }
        let folder = file.lastIndex(of: "/").map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
        guard access(folder, W_OK | X_OK) != 0 else { return }
        throw UserError(
            .refused, what: "cannot write to \(file)", why: String(cString: strerror(errno)),
            next: "name a file in a folder of yours; \(kept)")
    }

    /// Prints a token, or writes it to the file asked for.
    func hand(_ token: String, for account: String) throws {
        if let file = command.option("out") ?? command.option("token-file") {
            try NewFile.write(Array((token + "\n").utf8), to: file, replacing: command.flag("force"))
            terminal.writeError("token of \(account) written to \(file)\n")
        } else {
            terminal.writeError("token of \(account), shown this once:\n")
            terminal.writeOutput(token + "\n")
        }
    }

    func show(_ json: [String: JSONOutput], _ text: String) {
        var json = json
        json["schemaVersion"] = .integer(1)
        terminal.writeOutput(command.flag("json") ? JSONOutput.object(json).rendered : text)
    }
}
