package import Diagnostics
package import SyncProtocol

/// What a command of a person's own may be run on. The words stand in settings and events.
package enum HookKind: String, Sendable, Hashable, CaseIterable, Codable {
    case conflict, refused, freeze, quota, budget, login
}

/// One event as its command reads it: a JSON object with the version of its form. Of a customer it has key and
/// account name, never a phone or a mail.
package struct HookEvent: Sendable, Hashable, Codable {
    /// Rises when a field changes its meaning or goes; new fields may come without.
    package static let schemaVersion = 1

    package struct Customer: Sendable, Hashable, Codable {
        package var key: WireInteger
        package var accountName: String?
        package init(key: Int64, accountName: String?) {
            self.key = WireInteger(key)
            self.accountName = accountName
        }
    }

    /// A conflict that opened.
    package struct Conflict: Sendable, Hashable, Codable {
        package var number: WireInteger
        package var register: String
        /// The held edit is of this replica.
        package var mine: Bool
        package var mineBy: String
        package var theirsBy: String?
        package var heldAt: String
        package var deadline: String?
        package init(
            number: Int64, register: String, mine: Bool, mineBy: String, theirsBy: String?, heldAt: String,
            deadline: String?
        ) {
            self.number = WireInteger(number)
            self.register = register
            self.mine = mine
            self.mineBy = mineBy
            self.theirsBy = theirsBy
            self.heldAt = heldAt
            self.deadline = deadline
        }
    }

    /// An edit of this replica that was refused for good.
    package struct Edit: Sendable, Hashable, Codable {
        package var number: WireInteger
        package var kind: String
        package var register: String
        package var code: String
        package var why: String?
        package init(number: Int64, kind: String, register: String, code: String, why: String?) {
            self.number = WireInteger(number)
            self.kind = kind
            self.register = register
            self.code = code
            self.why = why
        }
    }

    /// A freeze that somebody else, or something, put in place.
    package struct Freeze: Sendable, Hashable, Codable {
        package var kind: String
        package var cause: String
        package var by: String
        package var reason: String
        package var at: String
        package init(kind: String, cause: String, by: String, reason: String, at: String) {
            self.kind = kind
            self.cause = cause
            self.by = by
            self.reason = reason
            self.at = at
        }
    }

    /// A share that was reached: of a customer's budget, or of the partner's quota. Amounts are exact decimal texts.
    package struct Share: Sendable, Hashable, Codable {
        /// 75, 90 or 100.
        package var percent: Int
        package var used: String
        package var amount: String
        package init(percent: Int, used: String, amount: String) {
            self.percent = percent
            self.used = used
            self.amount = amount
        }
    }

    /// Why the server does not take the token, and what to do.
    package struct Login: Sendable, Hashable, Codable {
        package var why: String
        package var next: String
        package init(why: String, next: String) {
            self.why = why
            self.next = next
        }
    }

    package var schemaVersion = HookEvent.schemaVersion
    package let event: HookKind
    package let at: String
    package var customer: Customer?
    package var conflict: Conflict?
    package var edit: Edit?
    package var freezes: [Freeze]?
    package var budget: Share?
    package var quota: Share?
    package var login: Login?
    /// How many events of this kind it stands for, itself the newest of them; absent for one alone.
    package var summarised: Int?
    /// Made up, for a trial of the command.
    package var test: Bool?

    package init(_ event: HookKind, at: Instant) {
        self.event = event
        self.at = at.rfc3339
    }

    /// The line that the command reads: one object and a line feed.
    package var line: [UInt8] { ((try? WireCoding.encode(self)) ?? []) + [0x0A] }

    /// An event such as may come, for a trial.
    package static func sample(_ kind: HookKind, at: Instant) -> HookEvent {
        var event = HookEvent(kind, at: at)
        event.test = true
        if kind != .quota, kind != .login { event.customer = Customer(key: 1, accountName: "acct-1") }
        switch kind {
        case .conflict:
            event.conflict = Conflict(
                number: 1, register: "budget", mine: true, mineBy: "ana", theirsBy: "ben", heldAt: at.rfc3339,
                deadline: at.advanced(by: .seconds(604_800)).rfc3339)
        case .refused:
            event.edit = Edit(
                number: 1, kind: "set-budget", register: "budget", code: "rejected", why: "this is a trial")
        case .freeze:
            event.freezes = [
                Freeze(kind: "account", cause: "budget", by: "system", reason: "this is a trial", at: at.rfc3339)
            ]
        case .budget: event.budget = Share(percent: 90, used: "450.00000000", amount: "500.00000000")
        case .quota: event.quota = Share(percent: 75, used: "7500.00000000", amount: "10000.00000000")
        case .login: event.login = Login(why: "this is a trial", next: "nothing is to be done")
        }
        return event
    }
}
