import Diagnostics
import Glibc
import HTTPKit
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncEngine
import SyncProtocol
import ThreadKit

/// The daemon's side of the local interface: every change runs on the engine thread, in one order.
struct DaemonAPI: LocalAPIHandler {
    /// How long a request may wait for the engine thread, which may be applying a large page.
    private static let patience = Duration.seconds(30)

    let loop: EngineLoop
    var book = LaneBook(at: Instant(seconds: 0))
    let clock: any WallClock
    let startedAt: Instant
    var user: String?
    /// Where the files of the replica are.
    var folder = "/"
    /// Has the shell close this replica and open another's, and waits for its end.
    var change: @Sendable (String) -> UserError? = { _ in nil }

    var settings: @Sendable () -> SettingsState = { SettingsState() }

    var userName: String { user ?? "-" }

    func goOver(to user: String) -> Result<Local.Status, LocalRefusal> {
        if let error = change(user) {
            return .failure(
                LocalRefusal(
                    Local.Failure(
                        what: error.what, why: error.why, next: error.next, exitCode: error.exitCode.rawValue)))
        }
        var status = self.status()
        status.user = user
        return .success(status)
    }

    func status() -> Local.Status {
        let engine = loop.status
        var status = Local.Status(
            software: SoftwareVersion.text, processID: Int(getpid()), startedAt: startedAt.rfc3339,
            phase: engine.phase.rawValue,
            server: engine.server)
        status.user = user
        status.lastContactAt = engine.lastContactAt?.rfc3339
        status.lastCheckpointAt = engine.lastCheckpointAt?.rfc3339
        let (now, monotonic) = (clock.now(), clock.monotonicNow())
        status.nextAttemptAt = engine.nextAttempt(now: now, monotonic: monotonic)?.rfc3339
        status.lastAgreementAt = engine.lastAgreementAt?.rfc3339
        status.waits = engine.lanes.map { standing in
            Local.LaneWait(
                lane: "\(standing.lane)", waitsFor: standing.wait.rawValue,
                until: standing.until(now: now, monotonic: monotonic)?.rfc3339, failures: standing.failures)
        }
        status.traffic = traffic(at: now)
        status.metering = metering(engine.metering)
        status.problem = failure(engine.lastProblem)
        status.loadRowsDone = engine.loadRowsDone.map { WireInteger($0) }
        status.loadRowsTotal = engine.loadRowsTotal.map { WireInteger($0) }
        status.joining = engine.joining.map {
            Local.Joining(customers: $0.customers, recordsDone: $0.recordsDone, recordsTotal: $0.recordsTotal)
        }
        let settings = settings()
        status.settingsProblem = settings.problem.map {
            Local.Failure(what: $0.what, why: $0.why, next: $0.next, exitCode: $0.exitCode.rawValue)
        }
        status.settingsWaiting = settings.waiting.isEmpty ? nil : settings.waiting
        status.residentBytes = ProcessProbe.residentBytes().map { WireInteger($0) }
        return status
    }

    private func metering(_ metering: Metering) -> Local.Metering? {
        guard metering.isMetered else { return nil }
        let waits = [
            (metering.recordsWait, "records"), (metering.editsWait, "edits"), (metering.feedWaits, "feed"),
        ].filter(\.0).map(\.1)
        var local = Local.Metering(
            usedBytes: metering.used, usedUp: metering.isUsedUp, waits: waits,
            recordsAsked: metering.areRecordsAsked)
        local.dailyBytes = metering.limit.map { WireInteger($0) }
        local.anewAt = metering.anewAt?.rfc3339
        return local
    }

    private func traffic(at now: Instant) -> [Local.LaneTraffic] {
        zip(Lane.allCases, book.entries(at: now)).map { lane, entry in
            Local.LaneTraffic(
                lane: "\(lane)", today: Local.Carried(entry.today), sinceStart: Local.Carried(entry.sinceStart))
        }
    }

    func metrics() -> String {
        let now = clock.now()
        return DaemonMetrics(
            status: loop.status, entries: book.entries(at: now), now: now, monotonic: clock.monotonicNow(),
            startedAt: startedAt, waitingMail: loop.waitingMail, residentBytes: ProcessProbe.residentBytes(),
            madeAt: FileFacts.madeAt("\(folder)/outbox.db"), freeBytes: DiskSpace(at: folder)?.freeBytes
        ).text
    }

    func sync(records: Bool) { loop.post(records ? .recordsRequested : .syncRequested) }

    func waitForSync(seconds: Int) -> Local.WaitReply {
        let deadline = clock.monotonicNow() + .seconds(Int64(seconds))
        // Only exchanges begun after this moment answer the request.
        guard let begun = loop.ask(until: deadline, { $0.status.exchangesBegun }) else {
            return Local.WaitReply(reached: false, phase: loop.status.phase.rawValue, problem: nil)
        }
        loop.post(.syncRequested)
        let status = loop.waitForStatus(until: deadline) { status in
            Self.isDone(status, since: begun) || Self.hasFailed(status, since: begun)
        }
        let reached = Self.isDone(status, since: begun)
        let problem = loop.isStopping ? Self.stopping : failure(status.lastProblem)
        return Local.WaitReply(reached: reached, phase: status.phase.rawValue, problem: reached ? nil : problem)
    }

    private static let stopping = Local.Failure(
        what: "cannot wait for the sync", why: "the daemon is stopping",
        next: "start it again with: fieldbook daemon start",
        exitCode: ExitCode.notYet.rawValue)

    private static func isDone(_ status: EngineStatus, since begun: Int) -> Bool {
        guard status.lastCheckpointExchange > begun else { return false }
        switch status.phase {
        case .inSync, .needsPerson: return true
        // Bill records alone are left out, as the person has said.
        case .metered: return !status.metering.editsWait && !status.metering.feedWaits && status.outbox.moving == 0
        default: return false
        }
    }

    private static func hasFailed(_ status: EngineStatus, since begun: Int) -> Bool {
        status.lastFailedExchange > begun && [.offline, .failing, .needsLogin, .blocked].contains(status.phase)
    }

    func add(
        _ drafts: [Local.Draft], link: Local.Link?, dryRun: Bool
    ) -> Result<EarlyAnswer<Local.EditReply>, LocalRefusal> {
        let wanted = drafts.map { draft in
            EditDraft(
                customer: draft.customer, intent: draft.intent, reason: draft.reason,
                line: draft.line.map { LineMark(key: $0.key, digest: $0.digest) })
        }
        let link = Self.storeLink(link)
        let shown = Delivery<Bool>()
        let answer: Result<Local.EditReply, LocalRefusal> = onEngine(then: dryRun ? nil : .editAdded) {
            engine, tell throws(StoreError) in
            defer { shown.deliver(true) }
            if dryRun { return tell(Self.reply([], try engine.store.check(wanted, link: link))) }
            try engine.store.accept(wanted, link: link) { tell(Self.reply($0, $1)) }
        }
        return answer.map { EarlyAnswer($0) { [clock] in _ = shown.wait(until: clock.monotonicNow() + Self.patience) } }
    }

    func discard(_ number: EditNumber, dryRun: Bool) -> Result<Local.DiscardReply, LocalRefusal> {
        onEngine(then: dryRun ? nil : .editAdded) { engine, tell throws(StoreError) in
            tell(Local.DiscardReply(edits: try engine.store.discard(number, dryRun: dryRun).map(\.value)))
        }
    }

    func resend(_ number: EditNumber, as intent: EditIntent?, dryRun: Bool) -> Result<Local.EditReply, LocalRefusal> {
        onEngine(then: dryRun ? nil : .editAdded) { engine, tell throws(StoreError) in
            let preview = try engine.store.checkResend(number, as: intent)
            tell(Self.reply(dryRun ? [] : [try engine.store.resend(number, as: intent)], [preview]))
        }
    }

    func confirm(_ number: EditNumber, code: String) -> Result<Local.ConfirmReply, LocalRefusal> {
        let deadline = clock.monotonicNow() + .seconds(Int64(Local.confirmSecondsMax))
        // The engine takes codes one by one, so the next outcome after this count is this code's.
        let before = loop.ask(until: deadline) { engine -> Int in
            let count = engine.status.confirmation?.count ?? 0
            engine.handle(.confirm(number, code: code))
            return count
        }
        let status = before.map { before in
            loop.waitForStatus(until: deadline) { ($0.confirmation?.count ?? 0) > before }
        }
        guard let before, let confirmation = status?.confirmation, confirmation.count > before else {
            return .failure(
                LocalRefusal(
                    Local.Failure(
                        what: "cannot tell what became of edit \(number.value)", why: "no answer came in time",
                        next: "look with: fieldbook edits show \(number.value)", exitCode: ExitCode.notYet.rawValue)))
        }
        switch confirmation.outcome {
        case .result(let result): return .success(Local.ConfirmReply(result: result))
        case .failed(let problem):
            return .failure(
                LocalRefusal(
                    Local.Failure(
                        what: problem.what, why: problem.why, next: problem.next, exitCode: ExitCode.failed.rawValue)))
        }
    }

    func undo(_ number: EditNumber, dryRun: Bool) -> Result<Local.EditReply, LocalRefusal> {
        onEngine(then: dryRun ? nil : .editAdded) { engine, tell throws(StoreError) in
            let preview = try engine.store.checkUndo(number)
            tell(Self.reply(dryRun ? [] : [try engine.store.undo(number)], [preview]))
        }
    }

    private static let locked = LocalRefusal(
        Local.Failure(
            what: "no edit is taken now", why: "the server was not reached for longer than your partner allows",
            next: "connect and run: fieldbook sync", exitCode: ExitCode.refused.rawValue))

    private static func storeLink(_ link: Local.Link?) -> EditLink {
        switch link {
        case .group: .group
        case .depends: .dependsOnFirst
        case nil: .none
        }
    }

    private static func reply(_ edits: [OutboxEdit], _ previews: [EditPreview]) -> Local.EditReply {
        let steps = previews.map { preview in
            var asked = V1.Edit(number: 0, kind: "", customer: 0, base: preview.base.value, deviceTime: 0)
            asked.setIntent(preview.intent)
            var step = Local.EditStep(
                asked: asked, before: V1.State(preview.before), after: V1.State(preview.after),
                base: preview.base.value, predecessor: preview.predecessor?.value)
            step.combines = preview.combines.map { WireInteger($0.value) }
            return step
        }
        return Local.EditReply(numbers: edits.map(\.number.value), first: steps[0], steps: steps)
    }

    /// Has the engine do work that tells its value once, and then `event`, unless it is refused.
    private func onEngine<Value: Sendable>(
        then event: SyncEngine.Event?,
        _ work: @escaping @Sendable (SyncEngine, _ tell: (Value) -> Void) throws(StoreError) -> Void
    ) -> Result<Value, LocalRefusal> {
        let deadline = clock.monotonicNow() + Self.patience
        let answer: Result<Value, LocalRefusal>? = loop.ask(until: deadline) { engine, tell in
            if engine.store.isLocked {
                tell(.failure(DaemonAPI.locked))
                return nil
            }
            do throws(StoreError) {
                try work(engine) { tell(.success($0)) }
                return event
            } catch {
                var failure = Local.Failure(
                    what: error.what, why: error.why, next: error.next, exitCode: error.exitCode.rawValue,
                    code: error.violation?.code)
                failure.position = error.position
                failure.field = error.violation?.field
                tell(.failure(LocalRefusal(failure)))
                return nil
            }
        }
        guard let answer else {
            // The work may still be done later: the person has to look before trying again.
            return .failure(
                LocalRefusal(
                    Local.Failure(
                        what: "the daemon is busy or stopping", why: "it did not take the request up in time",
                        next: "look whether it was taken before trying again: fieldbook edits list",
                        exitCode: ExitCode.notYet.rawValue)))
        }
        return answer
    }

    private func failure(_ problem: EngineStatus.Problem?) -> Local.Failure? {
        problem.map {
            let code = $0.isDenied ? ExitCode.denied : .failed
            return Local.Failure(what: $0.what, why: $0.why, next: $0.next, exitCode: code.rawValue)
        }
    }
}
