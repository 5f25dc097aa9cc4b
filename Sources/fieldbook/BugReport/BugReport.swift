import Diagnostics
import Glibc
import LocalAPI
import ReplicaStore
import SyncProtocol
import TerminalKit

/// A bundle for who looks for a fault: what this machine and the replica are like, without what they are about.
struct BugReport {
    /// Newest lines of the log, and bytes read for them.
    private static let linesMax = 2_000
    private static let logBytesMax = 1 << 20
    private static let editsMax = 10_000

    let paths: Paths
    let clock: any WallClock
    let redactor: Redactor
    private let doctor: Doctor
    private let reader: ReplicaReader?

    init(_ paths: Paths, clock: any WallClock, chance: any Chance, environment: @escaping @Sendable (String) -> String?)
    {
        self.paths = paths
        self.clock = clock
        reader = try? ReplicaReader(directory: paths.state)
        doctor = Doctor(paths, clock: clock, environment: environment)
        let identity = try? reader?.identity()
        var system = utsname()
        uname(&system)
        let hostName = BugReport.text(of: system.nodename)
        let address = Settings(paths, environment: environment).text(.serverURL)
        let names = [identity?.member, identity?.partnerName, identity?.server, address, hostName]
        redactor = Redactor(
            paths, home: environment("HOME"),
            names: names.compactMap { $0 } + [Doctor.accountName(of: geteuid()) ?? ""] + UserFolders(paths).names(),
            chance: chance)
    }

    /// The archive's bytes.
    func archive() -> [UInt8] {
        let checks = doctor.run().map { $0.mapped { redactor.text($0) } }
        var tar = TarWriter(seconds: clock.now().seconds)
        tar.add("README.txt", text: BugReport.readme)
        tar.add("versions.json", text: versions.rendered)
        tar.add("doctor.json", text: JSONOutput.object(["checks": checks.json]).rendered)
        tar.add("status.json", text: status.rendered)
        tar.add("settings.txt", text: settings)
        tar.add("replica.json", text: replica.rendered)
        tar.add("edits.jsonl", text: edits)
        tar.add("log.txt", text: log)
        return tar.finished
    }

    static let readme = """
        A report about a Fieldbook installation, made by `fieldbook bugreport`. It was sent nowhere.

        versions.json  versions of the program, SQLite, the protocol and the system
        doctor.json    what `fieldbook doctor` found
        status.json    how far the sync is, counts of edits, times
        settings.txt   which settings are set; of their values only words and numbers of ours
        replica.json   schemas, sizes, rows of each table, who holds the files
        edits.jsonl    the newest 10,000 edits: number, kind, state, times; no values, no reasons
        log.txt        the newest 2,000 lines of the daemon's log

        Left out are the token, names, accounts, phones, mails, ids, amounts, reasons, addresses of servers and the names
        of folders, users and machines. [...] stands for words that are not known to be harmless. A customer is named by
        a word like c-1f2e3d4c, the same throughout this report and another in the next.

        """

    /// The text in a field of a C structure.
    private static func text<Field>(of field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    // MARK: Parts

    private var versions: JSONOutput {
        var system = utsname()
        uname(&system)
        let machine = BugReport.text(of: system.machine)
        // A kernel built at home may be named by its owner after the number.
        let number = BugReport.text(of: system.release).prefix { $0.isNumber && $0.isASCII || $0 == "." }
        return .object([
            "fieldbook": .text(SoftwareVersion.text), "sqlite": .text(ReplicaInspection.libraryVersion),
            "protocol": .integer(Int64(V1.version)), "localInterface": .integer(Int64(Local.version)),
            "kernel": .text(String(number)), "machine": .text(machine), "at": .text(clock.now().rfc3339),
        ])
    }

    private var status: JSONOutput {
        let running = try? LocalAPIClient(socket: paths.socket, user: paths.userName).statusIfRunning()
        let (image, counts) = (try? reader?.imageState(), try? reader?.outboxCounts())
        let identity = try? reader?.identity()
        return .object([
            "daemonRunning": .bool(running != nil), "daemonVersion": .optional(running?.software),
            "startedAt": .optional(running?.startedAt), "phase": .optional(running?.phase),
            "lastContactAt": .optional(running?.lastContactAt), "nextAttemptAt": .optional(running?.nextAttemptAt),
            "lastCheckpointAt": .optional(running?.lastCheckpointAt),
            "residentBytes": .optional(running?.residentBytes?.value),
            "problem": running?.problem.map { problem in
                .object([
                    "what": .text(redactor.text(problem.what)), "why": .text(redactor.text(problem.why)),
                    "next": .text(redactor.text(problem.next)),
                ])
            } ?? .null,
            "loading": .optional(image.map { $0.isLoading ? "yes" : "no" }),
            "rowsDone": .optional(image.flatMap { Wording.rowsLoaded($0, running) }),
            "rowsTotal": .optional(image?.rowsTotal), "checkpointAt": Wording.time(image?.checkpointAt),
            "contactAt": Wording.time(identity?.contactAt),
            "edits": counts.map { counts in
                .object([
                    "saved": .integer(Int64(counts.saved)), "sent": .integer(Int64(counts.sent)),
                    "waiting": .integer(Int64(counts.waiting)), "held": .integer(Int64(counts.held)),
                    "resulted": .integer(Int64(counts.resulted)), "dead": .integer(Int64(counts.dead)),
                ])
            } ?? .null,
            "openConflicts": .optional((try? reader?.undecidedConflictCount()).map { Int64($0) }),
            "role": .optional(identity?.role.map { redactor.isOurs($0) ? $0 : Redactor.mark }),
            "rulesVersion": .optional(identity?.rulesVersion), "leaseDays": .optional(identity?.lease?.days),
            "replica": .optional(identity.map { redactor.pseudonym("replica", $0.replica) }),
            "epoch": .optional(identity?.epoch.map { redactor.pseudonym("epoch", $0) }),
            "incarnation": .optional(identity?.incarnation),
            "wiped": .optional(ReplicaReader.wipeRecord(in: paths.state)?.extent.rawValue),
        ])
    }

    /// Every setting that somebody set, with where; a value only when it is a number, a time or a word of ours.
    private var settings: String {
        let settings = Settings(paths, environment: doctor.environment)
        let lines = SettingsRegistry.all.compactMap { spec -> String? in
            let value = settings.value(spec)
            let origin: String
            switch value.origin {
            case .builtIn: return nil
            case .file: origin = "file"
            case .variable: origin = "variable"
            }
            let isPlain: Bool
            switch spec.kind {
            case .flag, .duration, .size, .integer, .choice: isPlain = true
            case .text, .path, .url, .proxy: isPlain = false
            }
            return "\(spec.name) = \(isPlain ? value.text ?? "" : Redactor.mark) (\(origin))\n"
        }
        return lines.joined() + (settings.mistakes.isEmpty ? "" : "mistakes: \(settings.mistakes.count)\n")
    }

    private var replica: JSONOutput {
        let inspection = doctor.inspection
        let files = ReplicaInspection.File.allCases.map { file -> (String, JSONOutput) in
            guard let path = inspection.path(of: file) else { return (file.rawValue, .null) }
            let schema = try? inspection.schema(of: file)
            let tables = ((try? inspection.tableCounts(of: file)) ?? []).filter { redactor.isOurs($0.table) }
            let openers = inspection.openers(of: file).map { opener in
                JSONOutput.text(opener.name.hasPrefix("fieldbook") ? opener.name : "another program")
            }
            return (
                file.rawValue,
                .object([
                    "schema": .optional(schema.map { Int64($0.found) }),
                    "schemaKnown": .optional(schema.map { Int64($0.known) }),
                    "bytes": .optional(FileFacts(path)?.size), "logBytes": .integer(inspection.logBytes(of: file)),
                    "openedBy": .array(openers), "readers": .integer(Int64(inspection.readers(of: file).count)),
                    "tables": .object(
                        Dictionary(
                            tables.map { ($0.table, .integer($0.rows)) }, uniquingKeysWith: { first, _ in first })),
                ])
            )
        }
        return .object(Dictionary(files, uniquingKeysWith: { first, _ in first }))
    }

    private var edits: String {
        let edits = (try? doctor.inspection.edits(limit: BugReport.editsMax)) ?? []
        return edits.map { edit in
            let known = edit.code.map { ResultCode(rawValue: $0)?.rawValue ?? Redactor.mark }
            return JSONOutput.object([
                "number": .integer(edit.number), "customer": .text(redactor.pseudonym("customer", "\(edit.customer)")),
                "kind": .text(plain(edit.kind)), "register": .text(plain(edit.register)),
                "state": .text(EditState(rawValue: edit.state)?.rawValue ?? Redactor.mark), "code": .optional(known),
                "savedAt": Wording.time(edit.savedAt), "firstSentAt": Wording.time(edit.firstSentAt),
                "sentCount": .integer(edit.sentCount), "predecessor": .optional(edit.predecessor),
                "group": .optional(edit.group), "dependsOn": .optional(edit.dependsOn),
                "combinedInto": .optional(edit.combinedInto), "resentAs": .optional(edit.resentAs),
                "undoneBy": .optional(edit.undoneBy),
            ]).compact + "\n"
        }.joined()
    }

    private func plain(_ word: String) -> String { redactor.isOurs(word) ? word : Redactor.mark }

    /// The newest lines of the log, of the file before it too where that is needed to have so many.
    private var log: String {
        let older = lines(of: paths.daemonLog + LogFile.olderSuffix)
        let lines = (older + lines(of: paths.daemonLog)).suffix(BugReport.linesMax)
        return lines.isEmpty ? "there is no log\n" : lines.map { redactor.line($0) + "\n" }.joined()
    }

    private func lines(of file: String) -> [Substring] {
        guard let bytes = try? SecureFile.readEnd(file, count: BugReport.logBytesMax) else { return [] }
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        // The first one may be the rest of a line.
        if bytes.count == BugReport.logBytesMax, !lines.isEmpty { lines.removeFirst() }
        return lines
    }
}

extension Context {
    /// `bugreport [FILE]`.
    func bugReport() throws(UserError) -> Answer {
        let stamp = clock.now().rfc3339.filter { $0.isNumber }
        let file = command.arguments.first ?? "fieldbook-report-\(stamp).tar"
        // Before the checks, which take a while.
        let place = try NewFile(file, replacing: command.flag("force"))
        let report = BugReport(paths, clock: clock, chance: SystemChance(), environment: Paths.variable)
        let bytes = report.archive()
        try place.write(bytes)
        try place.commit()
        var answer = Answer(
            json: ["file": .text(file), "bytes": .integer(Int64(bytes.count))],
            text: "the report is in \(file) (\(bytes.count) bytes)\n")
        answer.notes.append("it was sent nowhere; look at it before you give it to anybody: tar xOf \(file) | less")
        return answer
    }
}
