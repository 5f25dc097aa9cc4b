import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol

/// Why something is not in sync, in plain words, each with what to do about it.
struct WhyStory {
    struct Reason: Hashable {
        let why: String
        /// Nil when there is nothing to do but wait.
        let next: String?

        init(_ why: String, next: String? = nil) { (self.why, self.next) = (why, next) }
    }

    /// Nil while no daemon runs.
    let running: Local.Status?
    /// Why a daemon that runs can't be asked.
    var trouble: UserError?
    let counts: OutboxCounts
    /// Nil before there is anything to show.
    let image: ImageState?
    /// Open conflicts that this person can decide.
    let conflicts: Int
    let time: DeskTime

    // MARK: The whole replica

    /// What keeps the replica from agreement with the server; empty when nothing does.
    var reasons: [Reason] { reasons(apartFromEdits: false) }

    func reasons(apartFromEdits: Bool) -> [Reason] { wayReasons + dataReasons + (apartFromEdits ? [] : editReasons) }

    /// What stands between this machine and the server.
    private var wayReasons: [Reason] {
        if let trouble {
            return [Reason("what the daemon does is not known: \(trouble.why)", next: trouble.next)]
        }
        guard let running else {
            return [
                Reason(
                    "the daemon does not run, so nothing is fetched and nothing is sent", next: "fieldbook daemon start"
                )
            ]
        }
        let contact = running.lastContactAt.map { "; the server answered last \(at($0))" } ?? ""
        let again = running.nextAttemptAt.map { "; next try \(at($0))" } ?? ""
        let cause = running.problem.map { ": \($0.why)" } ?? ""
        switch running.phase {
        case "offline": return [Reason("the server is not reached\(cause)\(contact)\(again)", next: next(running))]
        case "failing": return [Reason("a step of the sync fails\(cause)\(contact)\(again)", next: next(running))]
        case "needs-login":
            return [
                Reason(
                    "the server does not take your token\(cause); what you make is kept and sent after the login",
                    next: "fieldbook login --server \(running.server)")
            ]
        case "blocked":
            let problem = running.problem.map { "\($0.what): \($0.why)" } ?? "a person has to change something"
            return [Reason(problem, next: next(running))]
        case "starting": return [Reason("the daemon has just started and greets the server")]
        case "stopped": return [Reason("the daemon is on its way to its end", next: "fieldbook daemon start")]
        case "syncing" where running.problem == nil:
            return [Reason("the daemon is asking the server; whether there is more is not known yet\(contact)")]
        default: return running.problem.map { [Reason("\($0.what): \($0.why)\(again)", next: $0.next)] } ?? []
        }
    }

    /// A moment of the wire: how long ago it was, or how long until it comes.
    private func at(_ text: String) -> String {
        guard let seconds = Instant(rfc3339: text)?.seconds else { return "at \(text)" }
        return seconds > time.now ? "in \(time.until(seconds))" : "\(time.since(seconds)) ago"
    }

    private func next(_ running: Local.Status) -> String { running.problem?.next ?? "fieldbook doctor" }

    /// What of the server's data is not here yet.
    private var dataReasons: [Reason] {
        guard let image else { return [Reason("nothing has been loaded yet", next: "fieldbook sync --wait")] }
        var reasons: [Reason] = []
        if running?.metering?.waits.contains("records") == true {
            reasons.append(
                Reason("bill records wait, as the link is metered", next: "fieldbook sync --records"))
        }
        if running?.metering?.waits.contains("edits") == true || running?.metering?.waits.contains("feed") == true {
            reasons.append(
                Reason("the bytes of this day are used up; freezes and budgets still go", next: "fieldbook sync"))
        }
        if image.isLoading {
            reasons.append(Reason("the first load stands at \(Wording.loaded(image, running))"))
        } else if let total = running?.loadRowsTotal?.value {
            reasons.append(
                Reason("the replica is loaded anew: \(running?.loadRowsDone?.value ?? 0) of \(total) rows are here"))
        }
        if let joining = image.joining {
            reasons.append(Reason("old records \(Wording.text(joining)) are here; sums over them are not whole yet"))
        }
        return reasons
    }

    /// What of this person's edits is not there yet.
    private var editReasons: [Reason] {
        var reasons: [Reason] = []
        let moving = counts.saved + counts.sent + counts.waiting - counts.behindPerson
        if moving > 0 {
            let age = counts.oldestUnsettledAt.map { ", the oldest made \(time.at($0))" } ?? ""
            reasons.append(Reason("\(Context.count(moving, "edit")) wait\(moving == 1 ? "s" : "") to be sent\(age)"))
        }
        if counts.behindPerson > 0 {
            reasons.append(
                Reason(
                    "\(Context.count(counts.behindPerson, "edit")) wait\(counts.behindPerson == 1 ? "s" : "") for a code "
                        + "or behind a held edit", next: "fieldbook edits list"))
        }
        if counts.resulted > 0 {
            reasons.append(
                Reason(
                    "\(Context.count(counts.resulted, "edit")) \(counts.resulted == 1 ? "was" : "were") accepted; the feed "
                        + "has not brought what came of it yet"))
        }
        if counts.held > 0 {
            reasons.append(
                Reason(
                    "\(Context.count(counts.held, "edit")) of yours \(counts.held == 1 ? "is" : "are") held until a person "
                        + "decides", next: "fieldbook conflicts list"))
        } else if conflicts > 0 {
            reasons.append(
                Reason(
                    "\(Context.count(conflicts, "conflict")) of others can be decided by you",
                    next: "fieldbook conflicts list"))
        }
        if counts.dead > 0 {
            reasons.append(
                Reason(
                    "\(Context.count(counts.dead, "edit")) of yours \(counts.dead == 1 ? "was" : "were") refused and "
                        + "changed nothing", next: "fieldbook edits list --dead"))
        }
        return reasons
    }

    // MARK: One edit

    /// Why an edit is where it is. `others` are the edits of the outbox that it may wait for, `end` the edit that it went into.
    func reasons(for edit: OutboxEdit, among others: [OutboxEdit], end: EditNumber) -> [Reason] {
        let number = edit.number.value
        let explain = "fieldbook edits explain \(number)"
        switch edit.state {
        case .settled: return [Reason(settled(edit), next: explain)]
        case .discarded:
            let again = edit.resentAs.map { ", and made anew as edit \($0.value)" } ?? ""
            return [Reason("it was set aside\(again); it changed nothing and is never sent")]
        case .combined:
            return [
                Reason(
                    "it became part of your edit \(end.value) before it was sent", next: "fieldbook why \(end.value)")
            ]
        case .dead:
            let why = edit.result?.message ?? edit.result?.code.rawValue ?? "no reason was given"
            return [
                Reason(
                    "the server refused it: \(why). It changed nothing",
                    next: "fieldbook edits resend \(number), or fieldbook edits discard \(number)")
            ]
        case .held: return [held(edit)]
        case .resulted:
            return [
                Reason(
                    "the server accepted it; the change feed has not come as far yet, so the old value still stands here as "
                        + "confirmed")
            ] + wayReasons
        case .waiting: return waiting(edit, others) + (edit.result?.code == .needsStepUp ? [] : wayReasons)
        case .sent:
            let times = edit.sentCount == 1 ? "once" : "\(edit.sentCount) times"
            return [
                Reason(
                    "it was sent \(times) and no answer came. It is sent again under the same number, by which the server "
                        + "carries it out only once")
            ] + wayReasons
        case .saved: return saved(edit, others)
        }
    }

    private func settled(_ edit: OutboxEdit) -> String {
        switch edit.result?.code {
        case .overruled: "it is in sync: the server judged it and kept what stood"
        case .noop: "it is in sync: what you asked for was so already"
        // The outbox forgets the name once the customer has left and the edit has its end.
        case _ where edit.customerName.isEmpty:
            "it has its end: the server carried it out. The customer is not yours any more, so nothing of it is shown here"
        default: "it is in sync: the server carried it out and the replica shows it"
        }
    }

    private func held(_ edit: OutboxEdit) -> Reason {
        let other = edit.result?.otherBy ?? "someone else"
        let conflict = edit.result?.conflict?.value
        return Reason(
            "\(other) changed the same while you were not in sync, and the rules leave it to a person",
            next: conflict.map { "fieldbook conflicts show \($0)" } ?? "fieldbook conflicts list")
    }

    private func waiting(_ edit: OutboxEdit, _ others: [OutboxEdit]) -> [Reason] {
        switch edit.result?.code {
        case .needsStepUp:
            [
                Reason(
                    "the server asks for a code of your authenticator before it carries this out",
                    next: "fieldbook edits confirm \(edit.number.value)")
            ]
        case .blocked: [behind(edit, others) ?? Reason("an edit before it waits, and it builds on that one")]
        default:
            [
                Reason(
                    "the server put it off: \(edit.result?.message ?? "it was busy"); it is sent again by itself",
                    next: edit.result?.next)
            ]
        }
    }

    private func saved(_ edit: OutboxEdit, _ others: [OutboxEdit]) -> [Reason] {
        var reasons = [behind(edit, others)].compactMap { $0 }
        if reasons.isEmpty, !wayReasons.isEmpty { reasons.append(Reason("it is saved here and was not sent")) }
        reasons += wayReasons
        if reasons.isEmpty {
            reasons.append(Reason("it is saved here and goes with the next push", next: "fieldbook sync"))
        }
        return reasons
    }

    /// The edit without whose end it can't go on; nil when there is none.
    private func behind(_ edit: OutboxEdit, _ others: [OutboxEdit]) -> Reason? {
        let needed = [edit.wire.predecessor, edit.wire.dependsOn].compactMap { $0?.value }
        let blocker = others.first { other in
            needed.contains(other.number.value)
                && (other.state == .held || other.state == .waiting || other.state == .sent)
        }
        guard let blocker else { return nil }
        let number = blocker.number.value
        let builds =
            edit.wire.dependsOn?.value == number
            ? "it takes effect only if your edit \(number) does" : "it builds on your edit \(number)"
        return Reason("\(builds), which is \(Wording.text(blocker.state))", next: "fieldbook why \(number)")
    }
}
