import Diagnostics
import Glibc
import HTTPKit
import SQLiteKit
import TestKit

/// One real server and the real daemons and command lines of its members, in a folder of their own.
final class World {
    let folder = TemporaryDirectory()
    private(set) var port: UInt16 = 0
    private var server: ChildProcess?

    var address: String { "http://127.0.0.1:\(port)" }
    var data: String { folder.file("data") }

    /// What a command gave.
    struct Outcome {
        let code: Int32
        let output: String
        let errors: String
    }

    init() { expectServer(["init", "--partner", "Test Partner", "--token-file", folder.file("admin.token")]) }

    deinit {
        stopServer()
        for home in homes { if let pid = daemonProcess(home) { kill(pid, SIGKILL) } }
    }

    private var homes: [String] = []

    // MARK: Server

    @discardableResult
    func server(_ arguments: [String]) -> Outcome {
        let process = ChildProcess(ChildProcess.program("fieldbook-server"), arguments + ["--data", data])
        let code = process.wait() ?? -1
        return Outcome(code: code, output: process.output, errors: process.errors)
    }

    func expectServer(_ arguments: [String]) {
        let outcome = server(arguments)
        precondition(outcome.code == 0, "fieldbook-server \(arguments) ended with \(outcome.code): \(outcome.errors)")
    }

    func seed(customers: Int = 30, bills: Int = 2000, coupons: Int = 20) {
        expectServer([
            "seed", "--customers", "\(customers)", "--bills", "\(bills)", "--coupons", "\(coupons)", "--seed", "7",
        ])
    }

    /// `level` is how much the server logs; `options` are more of its options.
    func startServer(_ options: [String] = [], level: String = "notice") {
        unlink(folder.file("port"))
        server = ChildProcess(
            ChildProcess.program("fieldbook-server"),
            ["serve", "--data", data, "--port", "\(port)", "--port-file", folder.file("port")] + options,
            environment: ["FIELDBOOK_LOG": level])
        precondition(
            eventually { !readFile(self.folder.file("port")).isEmpty },
            "the server did not start: \(server?.errors ?? "")")
        port = UInt16(String(decoding: readFile(folder.file("port")).dropLast(), as: UTF8.self)) ?? 0
    }

    /// SIGHUP: rules and certificate are read again.
    func hangUpServer() { server?.signal(SIGHUP) }

    /// What the server that runs has logged.
    var serverLog: String { server?.errors ?? "" }

    /// What it has said on its output.
    var serverOutput: String { server?.output ?? "" }

    /// Tells it to end and does not wait.
    func tellServerToEnd() { server?.signal(SIGTERM) }

    func stopServer() {
        server?.signal(SIGTERM)
        _ = server?.wait(seconds: 10)
        server = nil
    }

    // MARK: Members

    /// A member with a home of its own, set up for the server or for a proxy before it.
    func member(
        _ name: String, role: [String] = ["--role", "operator"], through proxyPort: UInt16? = nil,
        at url: String? = nil,
        options: [String] = []
    ) -> Person {
        expectServer(["member", "add", name, "--token-file", folder.file("\(name).token")] + role)
        let person = Person(name: name, home: folder.file(name), world: self)
        homes.append(person.home)
        let url = url ?? "http://127.0.0.1:\(proxyPort ?? port)"
        let outcome = person.run(
            ["setup", "--server", url, "--token-file", folder.file("\(name).token")] + options)
        precondition(outcome.code == 0, "setup failed: \(outcome.errors)")
        return person
    }

    /// A token in a file of its own for a new member without a machine; the file's path.
    func token(of name: String) -> String {
        expectServer(["member", "add", name, "--role", "operator", "--token-file", folder.file("\(name).token")])
        return folder.file("\(name).token")
    }

    func daemonProcess(_ home: String) -> pid_t? {
        let lock = Paths { $0 == "FIELDBOOK_HOME" ? home : nil }.daemonLock
        let text = String(decoding: readFile(lock).prefix { $0 != 0x0A }, as: UTF8.self)
        guard let pid = pid_t(text), World.isAlive(pid) else { return nil }
        return pid
    }

    /// Whether a process still runs; one that ended and waits to be reaped does not (proc(5), stat).
    static func isAlive(_ pid: pid_t) -> Bool {
        let text = String(decoding: readFile("/proc/\(pid)/stat"), as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return false }
        return !text[end...].dropFirst(2).hasPrefix("Z")
    }

    /// The file of the only partner's ledger.
    func ledgerFile() throws -> String {
        struct NoLedger: Error {}
        let names = FileFacts.names(in: data) ?? []
        guard let name = names.first(where: { $0.hasPrefix("partner-") && $0.hasSuffix(".db") }) else {
            throw NoLedger()
        }
        return "\(data)/\(name)"
    }

    /// The actions of the server's history, in order.
    func historyActions() throws -> [String] {
        let ledger = try Connection(path: try ledgerFile(), mode: .readWrite, durability: .reader)
        return try ledger.statement("SELECT action FROM history ORDER BY key").rows { $0.text(0) }
    }

    /// The authors of what edits did, in order, each named once in a row.
    func historyAuthors() throws -> [String] {
        let ledger = try Connection(path: try ledgerFile(), mode: .readWrite, durability: .reader)
        let all = try ledger.statement("SELECT author FROM history WHERE replica IS NOT NULL ORDER BY key").rows {
            $0.text(0)
        }
        return all.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// Whether a member's replica equals the truth, row by row; the table when it does not.
    func difference(_ person: Person) -> String? {
        let outcome = server(["compare", person.name, "--replica", "\(person.paths.state)/replica.db"])
        return outcome.code == 0 ? nil : outcome.output + outcome.errors
    }
}

/// A member at a machine of their own.
struct Person {
    let name: String
    let home: String
    unowned let world: World
    /// How much the programs of the person log.
    var level = "notice"

    init(name: String, home: String, world: World) {
        self.name = name
        self.home = home
        self.world = world
    }

    /// The folders of who is current at this machine.
    var paths: Paths { Paths { [home] in $0 == "FIELDBOOK_HOME" ? home : nil } }

    @discardableResult
    func run(_ arguments: [String], with variables: [String: String] = [:]) -> World.Outcome {
        let own = ["FIELDBOOK_HOME": home, "FIELDBOOK_LOG": level]
        let process = ChildProcess(
            ChildProcess.program("fieldbook"), arguments, environment: own.merging(variables) { $1 })
        let code = process.wait() ?? -1
        return World.Outcome(code: code, output: process.output, errors: process.errors)
    }

    func startDaemon(_ variables: [String: String] = [:]) {
        let outcome = run(["daemon", "start"], with: variables)
        precondition(outcome.code == 0, "the daemon did not start: \(outcome.errors)")
    }

    /// Syncs and says whether it was reached.
    func sync(seconds: Int = 120) -> Bool { run(["sync", "--wait", "--timeout", "\(seconds)", "--quiet"]).code == 0 }

    /// SIGKILL, and waits until the process is gone.
    func killDaemon() {
        guard let pid = world.daemonProcess(home) else { return }
        kill(pid, SIGKILL)
        _ = eventually { !World.isAlive(pid) }
    }

    /// The phase that `status` tells.
    var phase: String {
        let text = run(["status", "--json"]).output
        return text.split(separator: "\n").first { $0.hasPrefix("  \"phase\": ") }
            .map { String($0.dropFirst("  \"phase\": \"".count).prefix { $0 != "\"" }) } ?? ""
    }

    /// Edits as (number, state, result), in order.
    func edits() throws -> [(number: Int64, state: String, result: String?)] {
        let connection = try Connection(path: "\(paths.state)/outbox.db", mode: .readWrite, durability: .reader)
        return try connection.statement("SELECT number, state, result ->> 'code' FROM edit ORDER BY number").rows {
            ($0.int64(0), $0.text(1), $0.optionalText(2))
        }
    }

    /// A query on the replica, as any program may ask it.
    func query(_ sql: String) throws -> [String] {
        let connection = try Connection(path: "\(paths.state)/replica.db", mode: .readWrite, durability: .reader)
        return try connection.statement(sql).rows { $0.text(0) }
    }

    /// Rows with a version above the sequence that the replica says it has applied, while no load is under way.
    func cursorState() throws -> (appliedSequence: Int64, rowsBeyondApplied: Int64) {
        guard let connection = try? Connection(path: "\(paths.state)/replica.db", mode: .readWrite, durability: .reader)
        else { return (0, 0) }
        let meta = try connection.statement("SELECT applied_sequence, applied_cursor IS NULL FROM meta").first {
            ($0.int64(0), $0.int64(1))
        }
        guard let meta, meta.1 == 0 else { return (0, 0) }
        let ahead = try connection.statement(
            "SELECT (SELECT count(*) FROM bill_record WHERE version > ?1) + (SELECT count(*) FROM budget WHERE version > ?1)"
        )
        try ahead.bind(1, meta.0)
        return (meta.0, try ahead.first { $0.int64(0) } ?? 0)
    }

    /// Account names of reseller customers that are not frozen, in order.
    func resellers() throws -> [String] {
        try query("SELECT account_name FROM customers WHERE association = 'reseller' AND freeze = '' ORDER BY key")
    }
}
