package import PartnerModel
package import SyncEngine

/// A story about a server and its agents: who there is, what happens, and what must have come of it.
///
/// The same form serves the files that people write, the runs that a seed draws, and a failure made small.
package struct Scenario: Sendable, Hashable {
    /// A customer as the server has it before the story begins.
    package struct Customer: Sendable, Hashable {
        package var name: String
        package var association: AssociationType
        package var budgetCents: Int64?
        package var discountBasisPoints: Int64?
        package var bills = 0

        package init(name: String, association: AssociationType) {
            self.name = name
            self.association = association
        }
    }

    /// A replica and the person who holds it. Several may belong to one account.
    package struct Member: Sendable, Hashable {
        package var name: String
        package var account: String
        package var roles: Roles
        /// For a manager: the customers assigned.
        package var customers: [String] = []
    }

    /// What a member is to the partner.
    package struct Roles: Sendable, Hashable {
        package var list: [MemberRole]
        /// What an operator may do; nil = everything that operators may.
        package var items: [PermissionItem]?
        /// Accounts of the managers below a director.
        package var managers: [String] = []

        package init(_ list: [MemberRole], items: [PermissionItem]? = nil, managers: [String] = []) {
            self.list = list
            self.items = items
            self.managers = managers
        }
    }

    /// One line of what happens.
    package struct Step: Sendable, Hashable {
        /// Line of the file; 0 when it comes from none.
        package var line: Int
        package var action: Action
    }

    package var title = ""
    /// The incident of another system that the story comes from.
    package var incident = ""
    /// Number of the hazard of the domain that it shows; nil for another kind of story.
    package var hazard: Int?
    /// A FOCUS file loaded before anything else, relative to the scenario's folder.
    package var focus: String?
    package var customers: [Customer] = []
    package var members: [Member] = []
    package var steps: [Step] = []

    package init() {}

    /// The word of `in both orders` for those who are no members.
    package static let system = "system"

    /// Those named by `in both orders`, if any: such a story is run twice.
    package var bothOrders: [String]? {
        for step in steps { if case .bothOrders(let names) = step.action { return names } }
        return nil
    }
}

/// One thing that happens.
package enum Action: Sendable, Hashable {
    case start(String)
    case stop(String)
    /// The process dies, now or before its n-th write from now; it comes back after a moment.
    case kill(String, atWrite: Int?)
    /// The machine loses power: what was not forced to disk may be gone.
    case powerLoss(String, atWrite: Int?)
    case offline(String)
    case online(String)
    /// The machine is suspended for a time: nothing runs, connections die.
    case sleep(String, seconds: Int)
    case edit(String, Wish)
    /// Several edits asked for at once.
    case edits(String, [Wish], EditTie)
    case discard(String, Int)
    case resend(String, Int)
    /// Takes back what the member's n-th edit did.
    case undo(String, Int)
    /// Decides the oldest open conflict that the member sees.
    case decide(String, Decision)
    case sync(String)
    /// The person asks for the bill records that a metered link keeps back.
    case syncRecords(String)
    /// The machine's link costs by the byte, `dailyBytes` a day at most, if that is limited; or it does no more.
    case metered(String, dailyBytes: Int?)
    case unmetered(String)
    /// A person reads what the replica shows.
    case look(String)
    /// Another program keeps the replica open for reading, or ends.
    case hold(String)
    case release(String)
    /// The next exchanges meet a fault.
    case network(String, NetworkFault, Lane?, count: Int)
    case clock(String, ClockFault)
    case disk(String, DiskFault)
    case revoke(String)
    case renew(String)
    /// The replica is set up with the token of another member.
    case useToken(String, of: String)
    case serverStop, serverStart
    case serverKill(atWrite: Int?)
    case serverPowerLoss(atWrite: Int?)
    case system(SystemWrite)
    case wait(seconds: Int)
    /// A change by others, or time that passes, put off until it is the system's turn in `bothOrders`.
    indirect case later(Action)
    /// All faults end: the network, the disks, the server; nobody is offline.
    case heal
    /// Time runs until nothing is left to do, within a bound.
    case settle
    /// The members come online and settle one after the other, and for `system` what was put off is carried out; the
    /// story is run once in each order.
    case bothOrders([String])
    /// With `first`: only in the order in which that member came first.
    case expect(Expectation, first: String?)
}

/// What ties edits that are asked for at once.
package enum EditTie: String, Sendable, CaseIterable {
    /// Each but the first acts only when the first took effect.
    case linked
    /// They take effect whole or not at all.
    case together
}

/// An edit as a person asks for it.
package enum Wish: Sendable, Hashable {
    case budget(String, cents: Int64, type: BudgetType?, action: ExhaustionAction?, thisCycle: Bool)
    case adjust(String, cents: Int64)
    case freeze(String, FreezeKind, reason: String)
    case unfreeze(String, FreezeKind)
    case discount(String, basisPoints: Int64, days: Int)
    case cancelDiscount(String)
    /// Nil takes it away.
    case manager(String, String?)
    case label(String, String?)
    /// Answers the pending association request.
    case request(String, approve: Bool)

    package var customer: String {
        switch self {
        case .budget(let name, _, _, _, _), .adjust(let name, _), .freeze(let name, _, _), .unfreeze(let name, _),
            .discount(let name, _, _), .cancelDiscount(let name), .manager(let name, _), .label(let name, _),
            .request(let name, _):
            name
        }
    }
}

/// What a person decides about a held edit.
package enum Decision: Sendable, Hashable {
    case mine, theirs
    case budget(cents: Int64)
    case discount(basisPoints: Int64)
    case freeze(FreezeKind)
}

/// What happens to one exchange.
package enum NetworkFault: Sendable, Hashable {
    /// No connection is made.
    case refuse
    /// The request is lost on the way; the client waits until it gives up.
    case drop
    /// The request ends inside; the server never has it whole.
    case cutRequest(perMille: Int)
    /// The server acts, its reply is lost.
    case loseReply
    /// The reply ends after a part of its bytes.
    case cut(perMille: Int)
    case delay(seconds: Int)
    /// The server answers at once and the reply arrives later.
    case delayReply(seconds: Int)
    /// The request reaches the server a second time, later.
    case duplicate(seconds: Int)
    /// A cache answers with an earlier reply to the same kind of request.
    case stale
    /// A captive portal answers with a page and status 200.
    case portal
    /// Bytes that are no HTTP.
    case junk
    /// Something between, or the server itself, answers with a status.
    case status(Int)
}

/// What happens to a device's clock. A jump is seconds from what it shows.
package enum ClockFault: Sendable, Hashable {
    case jump(seconds: Int)
    case stopped, right
}

/// What happens to a replica's disk.
package enum DiskFault: Sendable, Hashable {
    case full, free
    /// The n-th write from now fails once.
    case error(atWrite: Int)
}

/// A change by someone who is no agent.
package enum SystemWrite: Sendable, Hashable {
    case usage(String, cents: Int64)
    case freeze(String, FreezeCause, FreezeKind)
    /// Lifts every freeze of a cause that no partner may lift.
    case unfreeze(String)
    case budget(String, cents: Int64)
    case discount(String, basisPoints: Int64)
    case bill(String, cents: Int64)
    /// So many bill records at once.
    case bills(String, count: Int)
    /// The newest bill record is corrected, or taken back.
    case correctBill(String)
    case removeBill(String)
    case rename(String, String)
    case closeCycle
    /// Every row is written anew, as by a migration at the source.
    case touchAll
    case partner(PartnerState)
    /// The association ends; the customer becomes a former one. Or begins again.
    case leave(String)
    case join(String)
    case association(String, AssociationType)
    /// A reseller takes budgets and freezes over, or gives them back.
    case delegate(String, to: String?)
    /// The authorised range of discounts in hundredths of a percent; nil = none may be granted.
    case range(ClosedRange<Int64>?)
    case request(String, RequestPurpose)
    case manager(String, String?)
    case label(String, String?)
    /// The month ends: monthly budgets count from nothing.
    case resetMonth
    /// Someone else lifts the freezes of a cause.
    case release(String, FreezeCause)
    /// An administrator gives an account other roles.
    case role(String, Scenario.Roles)
    /// An administrator ends an account's access, or opens it again.
    case disable(String)
    case enable(String)
}

/// What must be so.
package enum Expectation: Sendable, Hashable {
    /// Result or state of a member's n-th edit.
    case edit(String, Int, String)
    /// The rule that the result of a member's n-th edit names.
    case rule(String, Int, String)
    /// The code that the result of a member's n-th edit gives as its reason.
    case reason(String, Int, String)
    /// The result of a member's n-th edit carries this guard's warning.
    case warned(String, Int, String)
    /// The last edit that the member asked for was refused at once with this code.
    case refused(String, code: String)
    /// What the server holds; nil = none.
    case budget(String, cents: Int64?)
    case discount(String, basisPoints: Int64?)
    /// How many freezes the server holds.
    case freezes(String, Int)
    case manager(String, String?)
    case label(String, String?)
    case request(String, RequestStatus)
    case former(String, Bool)
    /// How many bill records of a customer a member holds; nil = the customer is not in the replica.
    case seesBills(String, customer: String, Int?)
    /// What a member sees, pending edits included.
    case sees(String, customer: String, cents: Int64?)
    case seesFreezes(String, customer: String, Int)
    case seesDiscount(String, customer: String, basisPoints: Int64?)
    case seesManager(String, customer: String, String?)
    case seesLabel(String, customer: String, String?)
    case conflicts(Int)
    case unsettled(String, Int)
    case phase(String, String)
    case agreement
}
