package import PartnerModel
package import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Where an edit stands.
package enum EditState: String, Sendable, CaseIterable {
    /// Durable here, never sent.
    case saved
    /// Sent at least once, no result yet.
    case sent
    /// The server put it off: an edit before it waits, or a login or code is needed.
    case waiting
    /// A conflict waits for a person.
    case held
    /// The result is there, the image has not reached it yet.
    case resulted
    case settled
    /// Refused for good; kept with the reason until a person decides.
    case dead
    case discarded
    /// Never sent: what it asked for is part of a later edit, which it names.
    case combined

    /// Whether its effect is still to be laid over the image.
    package var isPending: Bool {
        self == .saved || self == .sent || self == .waiting || self == .held || self == .resulted
    }
}

/// One edit of the outbox with all that is known of it.
package struct OutboxEdit: Sendable, Hashable {
    package let number: EditNumber
    package let customer: CustomerKey
    /// As they were when the edit was made, so that it can be read without the image.
    package let customerID: String
    package let customerName: String
    package let intent: EditIntent
    package let wire: V1.Edit
    package let state: EditState
    package let result: V1.Result?
    /// Seconds since 1970 by the device.
    package let savedAt: Int64
    package let firstSentAt: Int64?
    package let sentCount: Int64
    package let resentAs: EditNumber?
    /// The newest edit that was made to take back what this one did.
    package let undoneBy: EditNumber?

    /// What was expected of it when it was made, or when it was first sent.
    package let prediction: Prediction?
    /// The edit that this one went into before it was ever sent; that one may have gone into a later one itself.
    package var combinedInto: EditNumber?

    package var register: Register { intent.register }
    /// The edits of this replica without whose effect this one means nothing.
    var builtOn: [Int64] { [wire.predecessor, wire.dependsOn].compactMap { $0?.value } }
    /// Known and never sent, or sent without an end that says more than "later".
    var isSendable: Bool { state == .saved || state == .sent || state == .waiting }
}

/// Edits by state.
package struct OutboxCounts: Sendable, Hashable {
    package var saved = 0
    package var sent = 0
    package var waiting = 0
    package var held = 0
    package var resulted = 0
    package var dead = 0
    /// Unsent edits that wait until a person confirms them with a code, or decides a held one that they build or depend on.
    package var behindPerson = 0
    /// Seconds since 1970 of the oldest edit that is not settled.
    package var oldestUnsettledAt: Int64?
    /// The same of the oldest that has not reached the server for good.
    package var oldestUnsentAt: Int64?

    package init() {}

    /// Edits without their end: all but settled, dead, discarded and combined ones.
    package var unsettled: Int { saved + sent + waiting + held + resulted }
    /// Edits that have not reached the server for good.
    package var unsent: Int { saved + sent + waiting }
    /// Edits that need time alone: to be sent, or to be seen in the feed.
    package var moving: Int { unsent - behindPerson + resulted }
}

/// Edits by what came of a push.
package struct RecordOutcome: Sendable, Hashable {
    package var final: [EditNumber] = []
    package var held: [EditNumber] = []
    package var dead: [EditNumber] = []
    package var transient: [EditNumber] = []
    /// Those whose result is not what was predicted.
    package var surprising: [EditNumber] = []
    package init() {}
}

/// Who this replica is and whom it belongs to.
package struct ReplicaIdentity: Sendable, Hashable {
    /// 32 hex digits, made once.
    package let replica: String
    /// Rises with every start of a writer.
    package let incarnation: Int64
    package let server: String?
    package let partner: String?
    package let partnerName: String?
    package let member: String?
    package let role: String?
    package let epoch: String?
    package let rulesVersion: Int64?
    package let contactAt: Int64?
    /// Nil when the server sets none.
    package let lease: Lease?
    /// The member's permission items; nil when the server does not say.
    package let items: [String]?
    /// Seconds since 1970 by the device when replica and server last agreed in full; after a crash it may be a few
    /// minutes older than it was, never newer.
    package let agreedAt: Int64?

    /// Whether the server said that the member lacks an item.
    package func lacks(_ item: PermissionItem) -> Bool { items.map { !$0.contains(item.rawValue) } ?? false }
}

/// What laying edits over an image gives: the value a person sees, and why it is not confirmed yet.
package struct Layered: Sendable, Hashable {
    package let confirmed: RegisterState
    package let version: Version
    /// Nil when no edit is pending.
    package let pending: RegisterState?
    package let edits: [OutboxEdit]

    /// What a person sees.
    package var visible: RegisterState { pending ?? confirmed }

    /// The least advanced state of the pending edits in words; nil when none is pending.
    package var pendingState: String? {
        if edits.isEmpty { return nil }
        if let held = edits.first(where: { $0.state == .held }) {
            return "held, conflict \(held.result?.conflict.map { "\($0.value)" } ?? "")"
        }
        if edits.contains(where: { $0.state == .saved }) { return "saved here, not sent" }
        if edits.contains(where: { $0.state == .sent }) { return "sent, no answer yet" }
        if edits.contains(where: { $0.state == .waiting }) { return "waiting" }
        return "accepted, not yet in the feed"
    }
}

/// Replays edits over the image. Pure; the projection in the file and every reader use it.
package enum Overlay {
    /// The pending edits of one register laid over its confirmed value, in order of number. An edit that no longer fits
    /// changes nothing. One that the confirmed value holds already, because the page that brought it is committed and
    /// its settling is not, is left out: an adjustment would count twice.
    package static func lay(_ edits: [OutboxEdit], over confirmed: RegisterState, version: Version) -> Layered {
        let pending = edits.filter { edit in
            #if FIELDBOOK_DEFECTS
            if Defect.planted == .adjustCountedTwice { return edit.state.isPending }
            #endif
            // Versions rise from epoch to epoch too, so an older image never passes for a newer one.
            guard edit.state.isPending, let after = edit.result?.version?.value else { return edit.state.isPending }
            return after > version.value
        }
        var state = confirmed
        for edit in pending {
            let next = state.applying(edit.intent) { kind, reason in
                Freeze(
                    id: -edit.number.value, kind: kind, cause: .manual, reason: reason, author: "you",
                    at: Timestamp(seconds: edit.savedAt))
            }
            if let next { state = next }
        }
        return Layered(confirmed: confirmed, version: version, pending: pending.isEmpty ? nil : state, edits: pending)
    }
}
