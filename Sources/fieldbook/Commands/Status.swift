import Diagnostics
import Glibc
import LocalAPI
import ReplicaStore
import SyncProtocol
import TerminalKit

extension Context {
    /// `status`.
    func status() throws(UserError) -> Answer {
        let (running, trouble) = daemonAsFound()
        let reader = try openReader(paths)
        let identity = try ask { () throws(StoreError) in try reader.identity() }
        let counts = try ask { () throws(StoreError) in try reader.outboxCounts() }
        let image = try ask { () throws(StoreError) in try reader.imageState() }
        let conflicts = try ask { () throws(StoreError) in try reader.undecidedConflictCount() }
        let kept = try ask { () throws(StoreError) in try reader.keptTraffic() }
        // A daemon knows of an agreement minutes before the file does.
        let agreedAt = running?.lastAgreementAt.flatMap { Instant(rfc3339: $0)?.seconds } ?? identity?.agreedAt
        var lines: [(String, String)] = []
        lines.append(
            (
                "daemon",
                running.map { "runs (process \($0.processID), \($0.software))" }
                    ?? trouble.map { "\($0.what): \($0.why)\n\($0.next)" }
                    ?? "not running; start it with: fieldbook daemon start"
            ))
        lines.append(("sync", phrase(running, counts, image, trouble)))
        if let identity, let member = identity.member {
            lines.append(("you", "\(member) (\(identity.role ?? "")) of \(identity.partnerName ?? "")"))
        }
        lines.append(("server", running?.server ?? identity?.server ?? "-"))
        // The outbox notes a contact only at a greeting; a checkpoint is one too.
        let known = [identity?.contactAt, image?.checkpointAt].compactMap { $0 }.max()
        if let at = running?.lastContactAt.flatMap({ Instant(rfc3339: $0)?.seconds }) ?? known {
            lines.append(("last contact", age(at)))
        }
        if let image {
            lines.append(("data", image.checkpointAt.map { "as of \(age($0))" } ?? "not complete yet"))
            if image.isLoading { lines.append(("first load", Wording.loaded(image, running))) }
            if let joining = image.joining { lines.append(("old records", Wording.text(joining))) }
        } else {
            lines.append(("data", "nothing loaded yet"))
        }
        lines.append(("agreement", agreedAt.map { "last in full \(age($0))" } ?? "none yet"))
        let locked = try lockedLease(reader)
        if let locked {
            lines.append(("access", "locked: \(Wording.text(locked) { age($0) })\n\(Wording.connect)"))
        }
        let wiped = ReplicaReader.wipeRecord(in: paths.state)
        if let wiped {
            lines.append(("access", "\(Wording.text(wiped) { age($0) })\n\(Wording.next(wiped))"))
        }
        lines.append(("edits", editsPhrase(counts)))
        if let oldest = counts.oldestUnsettledAt { lines.append(("oldest edit", age(oldest))) }
        if let oldest = counts.oldestUnsentAt {
            lines.append(("not sent", "\(counts.unsent), the oldest \(age(oldest))"))
        }
        lines.append(("conflicts", conflicts == 0 ? "none" : "\(conflicts) to decide: fieldbook conflicts list"))
        if let problem = running?.problem {
            lines.append(("last problem", "\(problem.what): \(problem.why)\n\(problem.next)"))
        }
        if let next = running?.nextAttemptAt {
            let left = Instant(rfc3339: next).map { "in \(DeskTime(now: clock.now().seconds).until($0.seconds))" }
            let isLive = running?.waits?.contains { $0.waitsFor == "news" && $0.until == next } ?? false
            lines.append(isLive ? ("next look", "with news, or \(left ?? next)") : ("next attempt", left ?? next))
        }
        if let problem = running?.settingsProblem {
            lines.append(("settings", "not taken: \(problem.what): \(problem.why)\n\(problem.next)"))
        } else if let waiting = running?.settingsWaiting {
            lines.append(("settings", "wait for a restart of the daemon: \(waiting.joined(separator: ", "))"))
        }
        if let metering = running?.metering { lines.append(("link", Context.text(metering))) }
        let waits = waitLines(running)
        if !waits.isEmpty { lines.append(("waits for", waits.joined(separator: "\n"))) }
        lines.append(("today", today(running, kept).text + Context.parts(running?.traffic) { $0.today }))
        if let total = sinceStart(running) {
            lines.append(("since start", total.text + Context.parts(running?.traffic) { $0.sinceStart }))
        }
        var answer = Answer()
        answer.text = Facts(lines).render(for: terminal, labelWidth: 14)
        answer.json = json(running, identity, counts, image, conflicts)
        answer.json["daemonRunning"] = .bool(running != nil || trouble != nil)
        answer.json["daemonProblem"] =
            trouble.map { .object(["what": .text($0.what), "why": .text($0.why), "next": .text($0.next)]) } ?? .null
        if let trouble { answer.exitCode = trouble.exitCode }
        answer.json["settingsProblem"] =
            running?.settingsProblem.map {
                .object(["what": .text($0.what), "why": .text($0.why), "next": .text($0.next)])
            } ?? .null
        answer.json["settingsWaiting"] = .array((running?.settingsWaiting ?? []).map { .text($0) })
        answer.json["lastAgreementAt"] = Wording.time(agreedAt)
        answer.json["unsent"] = .integer(Int64(counts.unsent))
        answer.json["oldestUnsentAt"] = Wording.time(counts.oldestUnsentAt)
        answer.json["oldestUnsettledAt"] = Wording.time(counts.oldestUnsettledAt)
        answer.json["waits"] = Context.json(waits: running?.waits)
        answer.json["traffic"] = Context.json(traffic: running?.traffic)
        answer.json["today"] = today(running, kept).json
        answer.json["metering"] = Context.json(running?.metering)
        answer.json["leaseEndsAt"] = Wording.time(identity?.lease?.endsAt)
        answer.json["locked"] = .bool(locked != nil)
        answer.json["wiped"] =
            wiped.map { record in
                .object([
                    "extent": .text(record.extent.rawValue), "cause": .text(record.cause.rawValue),
                    "at": Wording.time(record.at), "why": .text(record.why), "reported": .bool(record.isReported),
                ])
            } ?? .null
        return answer
    }

    /// Never says "in sync" when it is not.
    func phrase(
        _ running: Local.Status?, _ counts: OutboxCounts, _ image: ImageState?, _ trouble: UserError? = nil
    ) -> String {
        if trouble != nil { return "not known, as the daemon cannot be asked\(waiting(counts))" }
        guard let running else { return "stopped\(waiting(counts))" }
        switch running.phase {
        case "in-sync": return "in sync"
        case "needs-person":
            let count = counts.held + counts.dead
            return "in sync, but \(count) of your edits need\(count == 1 ? "s" : "") you"
        case "loading":
            return "loading \(running.loadRowsDone?.value ?? 0) of \(running.loadRowsTotal?.value ?? 0) rows"
        case "metered": return meteredPhrase(running, counts)
        case "joining": return "in sync, but old records of customers that joined are still on their way"
        case "offline": return "offline: the server is not reached\(waiting(counts))"
        case "failing": return "failing: see the last problem; it is tried again by itself\(waiting(counts))"
        case "needs-login": return "stopped: the server does not take your token\(waiting(counts))"
        case "blocked": return "stopped: needs you, see the last problem"
        default: return running.phase
        }
    }

    /// What an interruption keeps from the server; nothing when there is none.
    private func waiting(_ counts: OutboxCounts) -> String {
        switch counts.unsettled {
        case 0: ""
        case let count: "; \(Context.count(count, "edit")) wait\(count == 1 ? "s" : "")"
        }
    }

    private func editsPhrase(_ counts: OutboxCounts) -> String {
        let parts = [
            (counts.saved, "saved here"), (counts.sent, "sent"), (counts.waiting, "waiting"),
            (counts.held, "held for a person"),
            (counts.resulted, "accepted, not yet in the feed"), (counts.dead, "refused"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return parts.isEmpty ? "all settled" : parts.joined(separator: ", ")
    }

    private func json(
        _ running: Local.Status?, _ identity: ReplicaIdentity?, _ counts: OutboxCounts, _ image: ImageState?,
        _ conflicts: Int
    ) -> [String: JSONOutput] {
        [
            "phase": .optional(running?.phase),
            "pid": .optional(running.map { Int64($0.processID) }),
            "residentBytes": .optional(running?.residentBytes?.value),
            "server": .optional(running?.server ?? identity?.server),
            "member": .optional(identity?.member), "role": .optional(identity?.role),
            "partner": .optional(identity?.partnerName),
            "replica": .optional(identity?.replica), "lastContactAt": .optional(running?.lastContactAt),
            "nextAttemptAt": .optional(running?.nextAttemptAt), "checkpointAt": Wording.time(image?.checkpointAt),
            "loading": .bool(image?.isLoading ?? true),
            "rowsDone": .optional(image.flatMap { Wording.rowsLoaded($0, running) }),
            "rowsTotal": .optional(image?.rowsTotal),
            "loadRowsDone": .optional(running?.loadRowsDone?.value),
            "loadRowsTotal": .optional(running?.loadRowsTotal?.value),
            "joining": image?.joining.map {
                .object([
                    "customers": .integer($0.customers), "recordsDone": .integer($0.recordsDone),
                    "recordsTotal": .integer($0.recordsTotal),
                ])
            } ?? .null,
            "edits": .object([
                "saved": .integer(Int64(counts.saved)), "sent": .integer(Int64(counts.sent)),
                "waiting": .integer(Int64(counts.waiting)),
                "held": .integer(Int64(counts.held)), "resulted": .integer(Int64(counts.resulted)),
                "dead": .integer(Int64(counts.dead)),
            ]),
            "openConflicts": .integer(Int64(conflicts)),
            "problem": running?.problem.map {
                .object(["what": .text($0.what), "why": .text($0.why), "next": .text($0.next)])
            } ?? .null,
        ]
    }

    /// `sync`.
    func sync() throws(UserError) -> Answer {
        let records = command.flag("records")
        guard command.flag("wait") else {
            try daemon.sync(records: records)
            return Answer(
                json: ["asked": .bool(true)],
                text: records ? "asked the daemon to sync, bill records too\n" : "asked the daemon to sync\n")
        }
        var seconds = 60
        if let text = command.option("timeout") {
            guard let value = Int(text), (1...Local.waitSecondsMax).contains(value) else {
                throw usage("--timeout must be 1 to \(Local.waitSecondsMax)")
            }
            seconds = value
        }
        let end = clock.monotonicNow() + .seconds(Int64(seconds))
        // Asked first: a daemon that backs off from a broken load would be watched doing nothing.
        try daemon.sync(records: records)
        try showLoad(until: end, records: records)
        let left = max(1, Int((end - clock.monotonicNow()).components.seconds))
        let reply = try daemon.waitForSync(seconds: left)
        var answer = Answer(json: ["reached": .bool(reply.reached), "phase": .text(reply.phase)])
        if reply.reached {
            switch reply.phase {
            case "in-sync": answer.text = "in sync\n"
            case "metered":
                answer.text = "in sync but for bill records, which a metered link keeps back\n"
                answer.notes.append("fetch them with: fieldbook sync --records")
            default: answer.text = "in sync, but some of your edits need you\n"
            }
        } else {
            // Waiting longer does not help a token that is not taken, or an access that was ended.
            let problem = reply.problem
            let isDenied = [reply.phase == "needs-login", problem?.exitCode == ExitCode.denied.rawValue].contains(true)
            answer.exitCode = isDenied ? .denied : .notYet
            answer.text = "not in sync: \(reply.phase)\n"
            if let problem { answer.notes.append("\(problem.what): \(problem.why)\n  \(problem.next)") }
        }
        return answer
    }

    /// Shows the progress of a first load while it goes on. Only a load that came to its end is shown as whole.
    private func showLoad(until end: Duration, records: Bool) throws(UserError) {
        guard !command.flag("quiet") else { return }
        var bar = ProgressBar("first load", terminal: terminal)
        var seen: Int64?
        var isWhole = false
        while clock.monotonicNow() < end {
            let status = try daemon.status()
            let isBeginning = status.phase == "starting" || status.phase == "syncing" && status.lastCheckpointAt == nil
            // Bill records that were not asked for do not come.
            let isKeptBack = status.phase == "metered" && !records
            let isInterrupted = ["offline", "needs-login", "blocked"].contains(status.phase) || isKeptBack
            if let done = status.loadRowsDone?.value, let total = status.loadRowsTotal?.value {
                bar.update(done: done, total: total)
                seen = total
            } else if !isBeginning {
                isWhole = !isInterrupted
                break
            }
            if isInterrupted { break }
            usleep(50_000)
        }
        if let seen, isWhole { bar.update(done: seen, total: seen) }
        bar.finish()
    }
}
