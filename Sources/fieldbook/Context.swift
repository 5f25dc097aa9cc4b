import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

/// What a command works with, and the way from a command to its function.
struct Context {
    let command: ParsedCommand
    let terminal: Terminal
    let paths: Paths
    let clock: any WallClock
    /// For a line of a batch: the batch's reader, and what the lines before it ask for.
    var batch: (reader: ReplicaReader, earlier: [Wanted])?

    init(command: ParsedCommand, terminal: Terminal, paths: Paths, clock: any WallClock) {
        self.command = command
        self.terminal = terminal
        self.paths = paths
        self.clock = clock
    }

    var daemon: LocalAPIClient { LocalAPIClient(socket: paths.socket, user: paths.userName) }

    /// The daemon's status for what shows the replica, which can be read whatever the daemon does. One that runs and
    /// can't be asked, as one of another version, is told of by the error.
    func daemonAsFound() -> (running: Local.Status?, trouble: UserError?) {
        do { return (try daemon.statusIfRunning(), nil) } catch { return (nil, error) }
    }

    func run() throws(UserError) -> Answer {
        switch command.name {
        case "setup": try setup()
        case "login": try login()
        case "users": try listUsers()
        case "switch": try switchUser()
        case "logout": try logout()
        case "config check": try checkConfig()
        case "config show": showConfig()
        case "config explain": try explainConfig()
        case "service install": try installService()
        case "service start": try startService()
        case "service stop": try stopService()
        case "service status": try serviceStatus()
        case "service uninstall": try uninstallService()
        case "daemon start": try startDaemon()
        case "daemon stop": try stopDaemon()
        case "status": command.flag("watch") ? try watchStatus() : try statusWithCode()
        case "home": try home()
        case "news": try news()
        case "why": try why()
        case "log": try showLog()
        case "metrics": try showMetrics()
        case "doctor": doctor()
        case "bugreport": try bugReport()
        case "hooks test": try testHook()
        case "sync": try sync()
        case "customers list": try listCustomers(nil)
        case "customers search": try listCustomers(command.arguments[0])
        case "customers show": try showCustomer()
        case "bills list": try listBills()
        case "bills sum": try sumBills()
        case "coupons list": try listCoupons()
        case "partner": try showPartner()
        case "budget show": try showBudget()
        case "discount show": try showDiscount()
        case "association list": try listRequests()
        case "edits list": try listEdits()
        case "edits show": try showEdit()
        case "edits discard": try discardEdit()
        case "edits resend": try resendEdit()
        case "edits confirm": try confirmEdit()
        case "edits undo": try undoEdit()
        case "edits export": try exportEdits()
        case "edits batch": try queueBatch()
        case "conflicts list": try listConflicts()
        case "conflicts show": try showConflict()
        case "conflicts decide": try decideConflict()
        case "conflicts explain": try explainConflict()
        case "conflicts export": try exportConflicts()
        case "edits explain": try explainEdit()
        case "history": try showHistory()
        case "export": try exportData()
        case "apply": try applyFile()
        default: try queue(try asking())
        }
    }

    /// What a command that changes something asks for. Queues nothing; the daemon's check comes after it.
    func asking() throws(UserError) -> Asking {
        switch command.name {
        case "budget set": try setBudget()
        case "budget adjust": try adjustBudget()
        case "freeze": try freeze()
        case "unfreeze": try unfreeze()
        case "discount set": try setDiscount()
        case "discount cancel": Asking(.cancelDiscount, try customer(command.arguments[0]))
        case "label set": Asking(.setLabel(command.arguments[1]), try customer(command.arguments[0]))
        case "label clear": Asking(.setLabel(nil), try customer(command.arguments[0]))
        case "manager assign": Asking(.assignManager(command.arguments[1]), try customer(command.arguments[0]))
        case "manager withdraw": Asking(.withdrawManager, try customer(command.arguments[0]))
        case "manager replace": try replaceManager()
        case "association approve": try approveRequest()
        case "association reject": Asking(.decideRequest(approve: false), try customer(command.arguments[0]))
        default: preconditionFailure("the table names a command without a function: \(command.name)")
        }
    }

    /// Whether a command asks for edits, so that a batch may hold it.
    static let batchable = [
        "budget set", "budget adjust", "freeze", "unfreeze", "discount set", "discount cancel", "label set",
        "label clear", "manager assign", "manager withdraw", "manager replace", "association approve",
        "association reject",
    ]

    // MARK: Shared parts

    /// For whatever shows data or is about to change it.
    func reader() throws(UserError) -> ReplicaReader {
        if let batch { return batch.reader }
        let reader = try openReader(paths)
        try refuseIfTaken(reader)
        return reader
    }

    /// For what may be known of a replica that shows nothing any more.
    func openReader(_ paths: Paths) throws(UserError) -> ReplicaReader {
        guard SecureFile.exists("\(paths.state)/outbox.db") else { throw noReplica(paths) }
        do { return try ReplicaReader(directory: paths.state) } catch { throw error.userError }
    }

    /// Why there is no replica yet, by how far the set-up is, and what comes next.
    private func noReplica(_ paths: Paths) -> UserError {
        let what = "there is nothing to show yet"
        let settings = Settings(paths)
        guard settings.text(.serverURL) != nil else {
            let isKnown = !UserFolders(paths).names().isEmpty
            return UserError(
                .settings, what: what, why: isKnown ? "nobody is logged in" : "no server is set up",
                next: isKnown
                    ? "log in: fieldbook login --server https://HOST[:PORT]; who was here: fieldbook users"
                    : "name the server: fieldbook setup --server https://HOST[:PORT]")
        }
        guard TokenSource.isThere(paths, settings) else {
            return UserError(.settings, what: what, why: "there is no token", next: Context.logInAgain(paths))
        }
        return UserError(
            .unreachable, what: what, why: "no daemon has worked here yet, so there is no replica in \(paths.state)",
            next: "start it with: fieldbook daemon start")
    }

    /// What to do without a token.
    static func logInAgain(_ paths: Paths) -> String {
        paths.user == nil ? "give it: fieldbook setup --token-file FILE" : "log in again: fieldbook login"
    }

    /// A wiped replica says why it is empty, before a new image is there; one whose lease is over says so.
    private func refuseIfTaken(_ reader: ReplicaReader) throws(UserError) {
        if let locked = try lockedLease(reader) {
            throw UserError(
                .refused, what: "nothing is shown now", why: Wording.text(locked) { age($0) },
                next: Wording.connect)
        }
        guard let record = ReplicaReader.wipeRecord(in: paths.state) else { return }
        throw UserError(
            .refused, what: "there is nothing to show", why: Wording.text(record) { age($0) },
            next: Wording.next(record))
    }

    /// The lease when it is over.
    func lockedLease(_ reader: ReplicaReader) throws(UserError) -> Lease? {
        let lease = try ask { () throws(StoreError) in try reader.identity()?.lease }
        return lease.flatMap { $0.isOver(at: clock.now().seconds) ? $0 : nil }
    }

    /// Runs a query of the store with its errors in the form for people.
    func ask<Value>(_ query: () throws(StoreError) -> Value) throws(UserError) -> Value {
        do throws(StoreError) { return try query() } catch { throw error.userError }
    }

    func customer(_ text: String) throws(UserError) -> Customer {
        let reader = try reader()
        return try ask { () throws(StoreError) in try reader.resolveCustomer(text) }
    }

    func limit(default fallback: Int = 50) throws(UserError) -> Int {
        guard let text = command.option("limit") else { return fallback }
        guard let value = Int(text), (1...1_000_000).contains(value) else {
            throw usage("--limit must be a number from 1 to 1000000")
        }
        return value
    }

    /// The number of an edit or a conflict that an argument gives.
    func number(_ text: String, _ what: String) throws(UserError) -> Int64 {
        guard let number = Int64(text), number > 0 else { throw usage("\(what) must be a number from a list") }
        return number
    }

    func cycle(_ option: String) throws(UserError) -> BillingCycle? {
        guard let text = command.option(option) else { return nil }
        if text == "this-cycle" { return BillingCycle(containing: clock.now().seconds) }
        guard let cycle = BillingCycle(text) else { throw usage("--\(option) must be YYYY-MM") }
        return cycle
    }

    func usage(_ why: String) -> UserError {
        UserError(.usage, what: "cannot run '\(command.name)'", why: why, next: "see: fieldbook \(command.name) --help")
    }

    /// With every reading command: how old and how whole the data is, and whether the daemon runs.
    func addAge(to answer: inout Answer, _ reader: ReplicaReader) throws(UserError) {
        answer.reader = reader
        let state = try ask { () throws(StoreError) in try reader.imageState() }
        let found = daemonAsFound()
        answer.json["checkpointAt"] = Wording.time(state?.checkpointAt)
        answer.json["loading"] = .bool(state?.isLoading ?? true)
        if let state {
            if state.isLoading {
                answer.notes.append("first load: \(Wording.loaded(state, found.running)); sums are not whole yet")
            }
            if let joining = state.joining {
                answer.notes.append("old records \(Wording.text(joining)); their sums are not whole yet")
            }
            if let at = state.checkpointAt { answer.notes.append("data as of \(age(at))") }
        }
        if found.running?.metering?.waits.contains("records") == true {
            answer.notes.append("bill records wait, as the link is metered: fieldbook sync --records")
        }
        answer.notes += Context.notes(of: found)
    }

    /// That no daemon runs, or that it can't be asked.
    static func notes(of found: (running: Local.Status?, trouble: UserError?)) -> [String] {
        if let trouble = found.trouble { return ["\(trouble.what): \(trouble.why)\n  \(trouble.next)"] }
        return found.running == nil ? ["the daemon is not running; start it with: fieldbook daemon start"] : []
    }

    /// A moment and how long ago it was: `2026-11-21 02:46 UTC (5 min ago)`.
    func age(_ seconds: Int64) -> String { "\(DeskTime.moment(seconds)) (\(ago(seconds)))" }

    /// How long ago a moment was: `5 min ago`.
    func ago(_ seconds: Int64) -> String {
        let passed = clock.now().seconds - seconds
        switch passed {
        case ..<0: return "by a clock ahead of this one"
        case ..<90: return "\(passed) s ago"
        case ..<5400: return "\(passed / 60) min ago"
        case ..<172_800: return "\(passed / 3600) h ago"
        default: return "\(passed / 86_400) days ago"
        }
    }

    /// One line on stderr when an edit or a conflict needs the person.
    func sayWhatNeedsAttention(_ opened: ReplicaReader?) {
        guard !command.flag("quiet"), let reader = try? opened ?? ReplicaReader(directory: paths.state),
            let counts = try? reader.outboxCounts()
        else { return }
        let conflicts = (try? reader.undecidedConflictCount()) ?? 0
        var parts: [String] = []
        // What the command has just listed needs no pointing at.
        if conflicts > 0, command.name != "conflicts list" {
            parts.append("\(Context.count(conflicts, "conflict")) to decide: fieldbook conflicts list")
        }
        if counts.dead > 0, command.name != "edits list" || command.flag("all") {
            parts.append("\(Context.count(counts.dead, "refused edit")): fieldbook edits list --dead")
        }
        if !parts.isEmpty { terminal.remark("needs you: \(parts.joined(separator: "; "))\n") }
    }
}
