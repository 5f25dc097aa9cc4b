import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

extension Context {
    /// `why [WHAT]`.
    func why() throws(UserError) -> Answer {
        let reader = try openReader(paths)
        if let taken = try whyTaken(reader) { return tell("the replica", [taken], isInSync: false) }
        let story = try whyStory(reader)
        guard let what = command.arguments.first else {
            let reasons = story.reasons
            let since = story.image?.checkpointAt.map { ", as of \(age($0))" } ?? ""
            let all = "all that the server has for you is here, and all that you made is there\(since)"
            return tell("the replica", reasons.isEmpty ? [.init(all)] : reasons, isInSync: reasons.isEmpty)
        }
        if let number = Int64(what), number > 0, let answer = try whyEdit(number, story, reader) { return answer }
        return try whyCustomer(what, story, reader)
    }

    private func whyStory(_ reader: ReplicaReader) throws(UserError) -> WhyStory {
        let (running, trouble) = daemonAsFound()
        return try ask { () throws(StoreError) in
            WhyStory(
                running: running, trouble: trouble, counts: try reader.outboxCounts(), image: try reader.imageState(),
                conflicts: try reader.undecidedConflictCount(), time: DeskTime(now: clock.now().seconds))
        }
    }

    /// A replica that was wiped or is locked has no other reason.
    private func whyTaken(_ reader: ReplicaReader) throws(UserError) -> WhyStory.Reason? {
        if let locked = try lockedLease(reader) {
            return WhyStory.Reason("nothing is shown: \(Wording.text(locked) { age($0) })", next: Wording.connect)
        }
        return ReplicaReader.wipeRecord(in: paths.state).map {
            WhyStory.Reason(Wording.text($0) { age($0) }, next: Wording.next($0))
        }
    }

    /// Nil when there is no edit of that number: it may be part of a customer's name.
    private func whyEdit(_ number: Int64, _ story: WhyStory, _ reader: ReplicaReader) throws(UserError) -> Answer? {
        do throws(StoreError) {
            let edit = try reader.edit(EditNumber(number))
            let reasons = story.reasons(
                for: edit, among: try reader.edits(all: false), end: try reader.end(of: edit.number))
            return tell(
                "edit \(number), \(Wording.text(edit.intent)), of \(Wording.customer(of: edit))", reasons,
                isInSync: edit.state == .settled)
        } catch {
            if error.code == .notFound { return nil }
            throw error.userError
        }
    }

    private func whyCustomer(
        _ text: String, _ story: WhyStory, _ reader: ReplicaReader
    ) throws(UserError) -> Answer {
        let customer: Customer
        do throws(StoreError) { customer = try reader.resolveCustomer(text) } catch {
            guard error.code == .notFound, story.image != nil else { throw error.userError }
            let plain = error.userError
            throw UserError(
                plain.exitCode, what: plain.what,
                why: "\(plain.why); it may not be yours to see, or not be here yet",
                next: "see how far the data is: fieldbook why; a list: fieldbook customers search TEXT")
        }
        let edits = try ask { () throws(StoreError) in
            try reader.edits(all: false).filter { $0.customer == customer.key && $0.state != .settled }
        }
        var reasons: [WhyStory.Reason] = []
        for edit in edits {
            let own = try ask { () throws(StoreError) in
                story.reasons(for: edit, among: edits, end: try reader.end(of: edit.number))
            }
            guard let first = own.first else { continue }
            reasons.append(
                .init("edit \(edit.number.value), \(Wording.text(edit.intent)): \(first.why)", next: first.next))
        }
        let data = story.reasons(apartFromEdits: true)
        let isInSync = reasons.isEmpty && data.isEmpty
        if isInSync { reasons.append(.init("nothing of it waits: what is shown is what the server has")) }
        return tell(Wording.text(customer), reasons + data, isInSync: isInSync)
    }

    private func tell(_ what: String, _ reasons: [WhyStory.Reason], isInSync: Bool) -> Answer {
        var text = DeskText(for: terminal)
        text.line(what, hanging: 2)
        for reason in reasons {
            text.line("- \(reason.why)", indent: 2, hanging: 2)
            if let next = reason.next { text.line("-> \(next)", indent: 4, hanging: 3) }
        }
        return Answer(
            json: [
                "what": .text(what), "inSync": .bool(isInSync),
                "reasons": .array(
                    reasons.map { .object(["why": .text($0.why), "next": .optional($0.next)]) }),
            ], text: text.text)
    }
}
