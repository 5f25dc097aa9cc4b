package import PartnerModel
package import SyncCore
package import SyncEngine
package import SyncProtocol

/// What was seen in a run, in order. The run only records; checkers judge.
package struct History: Sendable {
    package var members: [MemberFacts] = []
    package var events: [Event] = []

    package struct Event: Sendable {
        /// Microseconds since the run began.
        package let at: Int64
        package let what: What
    }

    package enum What: Sendable {
        /// The server's truth moved by a commit; `isPush` when an agent's request did it.
        case truth(sequence: Int64, rows: [TruthRow], isPush: Bool)
        case records([RecordMark])
        case judged(Judged)
        case started(agent: Int)
        case died(agent: Int, powerLoss: Bool)
        case serverDied
        /// A person's edit was accepted, so it must never be lost.
        case accepted(agent: Int, number: Int64, payload: UInt64)
        /// An edit that was just accepted took an earlier one in. Kept apart: three edits in place would give every event
        /// their size, and a world of days has hundreds of thousands.
        indirect case combined(agent: Int, Combination)
        case outbox(agent: Int, edits: [EditMark])
        case image(agent: Int, ImageMark)
        case rights(RightsChange)
        /// An administrator ended an account's access, or opened it again.
        case access(account: String, isOpen: Bool)
        /// The image is gone; `traces`: keys of the bill records of which a file still tells.
        case wiped(agent: Int, traces: [Int64])
        /// Keys of the bill records of which the files hold a trace after a wipe.
        case traces(agent: Int, bills: [Int64])
        case request(agent: Int, RequestMark)
        case step(agent: Int, MachineStep)
        case status(agent: Int, StatusMark)
        /// Pending rows as plain SQL shows them, and what a person sees through the reader.
        case shown(agent: Int, ShownMark)
        /// Something from outside that gives an agent a reason to act.
        case stimulus(agent: Int)
        /// A link costs by the byte from now on, or no more; a person asks for the bill records that it keeps back.
        case link(agent: Int, isMetered: Bool)
        case recordsAsked(agent: Int)
        case healed
        /// The world was given its time after healing.
        case ended(settled: Bool)
    }
}

/// A row of the truth after a change.
package struct TruthRow: Sendable, Hashable {
    package let entity: Entity
    package let key: Int64
    package let version: Int64
    package let subject: Int64
    /// Hash of the row's columns; nil when it was deleted.
    package let content: UInt64?
    package let value: RowValue
}

/// The parts of a row that decide an edit's fate.
package enum RowValue: Sendable, Hashable {
    case other
    case partner(PartnerState, lowest: Int64?, highest: Int64?)
    case customer(AssociationType, isFormer: Bool, managedBy: String?)
    case usage(Int64)
    case budget(Budget?)
    case freezes([Freeze])
    case discount(Discount?)
    case manager(String?)
    case label(String?)
    case request(purpose: String?, status: String?)
    case conflict(ConflictMark)
}

package struct ConflictMark: Sendable, Hashable {
    package let customer: Int64
    package let register: String
    package let replica: String
    package let edit: Int64
    package let isOpen: Bool
    package let theirsVersion: Int64
    package let choice: String?
    package var deadline: Int64?

    /// The same conflict, decided.
    func closed(choice: String) -> ConflictMark {
        ConflictMark(
            customer: customer, register: register, replica: replica, edit: edit, isOpen: false,
            theirsVersion: theirsVersion, choice: choice, deadline: deadline)
    }
}

/// A line of the server's history of decisions.
package struct RecordMark: Sendable, Hashable {
    package let id: Int64
    package let customer: Int64
    package let register: String
    package let author: String
    package let action: String
    package let before: String
    package let after: String
    package let replica: String?
    package let edit: Int64?
}

/// One push that the server took up, whole.
package struct Judged: Sendable {
    package let account: String
    package let replica: String
    package let edits: [V1.Edit]
    /// The results in the reply; nil when the server died before it could answer.
    package let told: [V1.Result]?
    /// The results that the server's store holds afterwards, by number.
    package let stored: [V1.Result]
    /// Seconds since 1970 by the server.
    package let now: Int64
}

/// An edit as the outbox holds it.
package struct EditMark: Sendable, Hashable {
    package let number: Int64
    package let state: String
    package let customer: Int64
    package let register: String
    package let kind: String
    /// Hash of the edit as it goes on the wire.
    package let payload: UInt64
    package let code: String?
    /// The rule that the result names.
    package let rule: String?
    package let predecessor: Int64?
    package let resultSequence: Int64?
    package let resultVersion: Int64?
    package var dependsOn: Int64?
    /// The first edit of its group.
    package var group: Int64?
    /// The code of a refusal.
    package var reason: String?
    /// Guards that warned.
    package var warnings: [String] = []
    /// The edit that this one went into.
    package var combinedInto: Int64?

    /// The edits that it stands on.
    var builtOn: [Int64] { [predecessor, dependsOn].compactMap { $0 } }

    /// It waits for a person itself: for a decision, or for a code.
    var needsPerson: Bool { state == "held" || state == "waiting" && code == "needs_step_up" }

    /// It has no end yet: what it asks for is laid over the image.
    var isPending: Bool { ["saved", "sent", "waiting", "held", "resulted"].contains(state) }
}

/// Two edits of which the newer one took the older one in.
package struct Combination: Sendable {
    package let older: V1.Edit
    package let newer: V1.Edit
    /// Kind and arguments of what the person asked for last; nil when it was no edit made by itself.
    package let asked: V1.Edit?
}

/// The image of a replica.
package struct ImageMark: Sendable, Hashable {
    package let generation: Int
    package let epoch: String
    /// Nil until the first checkpoint of this generation.
    package let sequence: Int64?
    /// Customers that joined and whose old records are still on their way, with the sequence they joined at.
    package let filling: [Int64: Int64]
    /// Bill records and what belongs to them are loaded into another file.
    package var isHeadsOnly = false
    /// Bill records that name an entry which is not there, in order of entity and key.
    package var bare: [BareRecord] = []
    /// In order of entity and key.
    package let rows: [RowMark]
}

/// A bill record, and an entity of which it names what is not there.
package struct BareRecord: Sendable, Hashable {
    package let key: Int64
    package let customer: Int64
    package let entity: Int
}

package struct RowMark: Sendable, Hashable {
    package let entity: Int
    package let key: Int64
    package let version: Int64
    package let content: UInt64
}

/// A request as it left an agent.
package struct RequestMark: Sendable, Hashable {
    package let lane: Lane
    package let path: String
    /// The member whose token it carries.
    package let account: String?
    /// The replica a push or acknowledgement names, and the one that the sender has.
    package let replica: String?
    package let ownReplica: String
    /// Numbers of the edits of a push with their customers, in order.
    package let edits: [SentEdit]
}

package struct SentEdit: Sendable, Hashable {
    package let number: Int64
    package let customer: Int64
    package let register: String
}

/// The status as a person is told it, beside what holds the machines.
package struct StatusMark: Sendable, Hashable {
    package let phase: EngineStatus.Phase
    package let unsettled: Int
    package let held: Int
    package let dead: Int
    package let pull: PullMachine.State
    package let push: PushMachine.State
    package let hasPullTimer: Bool
    package let hasPushTimer: Bool
    package let pullInFlight: Bool
    package let pushInFlight: Bool
    package let fill: FillMachine.State
    package let hasFillTimer: Bool
    package let fillInFlight: Bool
    package let load: FillMachine.State
    package let hasLoadTimer: Bool
    /// A part is on its way, or is being taken.
    package let loadInFlight: Bool
    /// The last exchange of the pull side failed.
    package let hasProblem: Bool
    package var metering = Metering()
}

/// What a person can see of pending work.
package struct ShownMark: Sendable, Hashable {
    /// Lines of the table `pending`.
    package let pending: [String]
    /// The same lines, worked out again from outbox and image.
    package let rebuilt: [String]
    /// The replica's own reader was asked, and what it shows for each register with pending edits.
    package let read: [String]
}
