import Diagnostics
import Hooks
import PartnerModel
import ReplicaStore
import SyncEngine
import SyncProtocol

/// What the engine tells of, in the form that commands read.
enum HookEvents {
    /// Freezes told of one customer at once, and bytes of a server's words.
    private static let freezesMax = 10
    private static let wordsBytesMax = 1000

    static func events(of news: EngineNews, at now: Instant) -> [HookEvent] {
        switch news {
        case .notices(let notices): return notices.map { event(of: $0, at: now) }
        case .loginNeeded(let problem):
            var event = HookEvent(.login, at: now)
            event.login = HookEvent.Login(why: cut(problem.why), next: cut(problem.next))
            return [event]
        }
    }

    private static func event(of notice: Notice, at now: Instant) -> HookEvent {
        switch notice {
        case .conflict(let conflict):
            var event = HookEvent(.conflict, at: now)
            event.customer = customer(conflict.customer)
            event.conflict = HookEvent.Conflict(
                number: conflict.key.value, register: conflict.register, mine: conflict.isMine,
                mineBy: conflict.mineBy, theirsBy: conflict.theirsBy, heldAt: time(conflict.heldAt),
                deadline: conflict.deadline.map { time($0) })
            return event
        case .frozen(let noticed, let freezes):
            var event = HookEvent(.freeze, at: now)
            event.customer = customer(noticed)
            event.freezes = freezes.prefix(freezesMax).map { freeze in
                HookEvent.Freeze(
                    kind: freeze.kind.rawValue, cause: freeze.cause.rawValue, by: freeze.author,
                    reason: cut(freeze.reason), at: time(freeze.at.seconds))
            }
            return event
        case .budget(let noticed, let share):
            var event = HookEvent(.budget, at: now)
            event.customer = customer(noticed)
            event.budget = self.share(share)
            return event
        case .quota(let share):
            var event = HookEvent(.quota, at: now)
            event.quota = self.share(share)
            return event
        case .refused(let noticed, let refusal):
            var event = HookEvent(.refused, at: now)
            event.customer = customer(noticed)
            event.edit = HookEvent.Edit(
                number: refusal.number.value, kind: refusal.kind.rawValue, register: refusal.register.rawValue,
                code: refusal.code.rawValue, why: refusal.message.map { cut($0) })
            return event
        }
    }

    private static func customer(_ noticed: Notice.NoticedCustomer) -> HookEvent.Customer {
        HookEvent.Customer(key: noticed.key.value, accountName: noticed.accountName)
    }

    private static func share(_ share: Notice.Share) -> HookEvent.Share {
        HookEvent.Share(percent: share.percent, used: "\(share.used)", amount: "\(share.amount)")
    }

    private static func time(_ seconds: Int64) -> String { Instant(seconds: seconds).rfc3339 }

    private static func cut(_ text: String) -> String { String(VisibleText.prefix(text, bytesMax: wordsBytesMax)) }
}
