import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

/// Domain values in words and in JSON, the same everywhere.
enum Wording {
    static func text(_ state: RegisterState) -> String {
        switch state {
        case .budget(let budget):
            budget.map { "\($0.amount.shortText) \($0.type.rawValue), on exhaustion \($0.onExhaustion.rawValue)" }
                ?? "none"
        case .freezes(let freezes):
            freezes.isEmpty
                ? "not frozen"
                : freezes.map { "\($0.kind.rawValue) (\($0.cause.rawValue): \($0.reason))" }.joined(separator: "; ")
        case .discount(let discount):
            discount.map { "\($0.percent.percentText) % until \(day($0.validUntil))" } ?? "none"
        case .manager(let account): account ?? "none"
        case .label(let label): label ?? "none"
        case .request(let request):
            request.map { "\($0.purpose.rawValue): \($0.status.rawValue)" } ?? "none"
        }
    }

    /// Whom an edit is about, with the id. The outbox forgets the names of a customer that left once the edit has its end.
    static func customer(of edit: OutboxEdit) -> String {
        edit.customerName.isEmpty ? gone : "\(edit.customerName) (\(edit.customerID))"
    }

    /// How far a first load is. A daemon knows at any moment; its file can't be read while it is written.
    static func loaded(_ image: ImageState, _ running: Local.Status?) -> String {
        let total = running?.loadRowsTotal?.value ?? image.rowsTotal
        return rowsLoaded(image, running).map { "\($0) of \(total) rows" } ?? "\(total) rows, on their way"
    }

    /// Rows that a load has brought; nil when that can't be told at this moment.
    static func rowsLoaded(_ image: ImageState, _ running: Local.Status?) -> Int64? {
        image.isLoading ? running?.loadRowsDone?.value ?? image.rowsDone : image.rowsDone
    }

    /// What stands for a customer whose name is not kept.
    static let gone = "a customer that is not yours any more"

    /// The short form for tables: an amount, a kind, a percentage.
    static func short(_ state: RegisterState) -> String {
        switch state {
        case .budget(let budget): budget?.amount.shortText ?? "-"
        case .freezes(let freezes): freezes.strictestKind?.rawValue ?? "-"
        case .discount(let discount): discount.map { "\($0.percent.percentText) %" } ?? "-"
        case .manager(let account): account ?? "-"
        case .label(let label): label ?? "-"
        case .request(let request): request?.status.rawValue ?? "-"
        }
    }

    /// Confirmed and pending never look alike.
    static func text(_ layered: Layered, short isShort: Bool) -> String {
        let confirmed = isShort ? short(layered.confirmed) : text(layered.confirmed)
        guard let pending = layered.pending else { return confirmed }
        let wanted = isShort ? short(pending) : text(pending)
        return isShort
            ? "\(confirmed) -> \(wanted) (pending)"
            : "\(confirmed)\npending: \(wanted) (\(layered.pendingState ?? ""))"
    }

    static func text(_ intent: EditIntent) -> String {
        let through = intent.validThrough.map { ", valid through \($0)" } ?? ""
        switch intent {
        case .setBudget(let budget, _): return "set budget to \(text(RegisterState.budget(budget)))\(through)"
        case .adjustBudget(let delta, _):
            return "change budget by \(delta.units > 0 ? "+" : "")\(delta.shortText)\(through)"
        case .freeze(let kind, let reason): return "freeze \(kind.rawValue): \(reason)"
        case .unfreeze(let kind, let reason, _): return "unfreeze \(kind.rawValue): \(reason)"
        case .setDiscount(let discount): return "set discount to \(text(RegisterState.discount(discount)))"
        case .cancelDiscount: return "cancel the discount"
        case .assignManager(let account): return "assign account manager \(account)"
        case .withdrawManager: return "withdraw the account manager"
        case .setLabel(let label): return label.map { "set label \"\($0)\"" } ?? "take the label away"
        case .decideRequest(let approve): return "\(approve ? "approve" : "reject") the association request"
        case .decideConflict(let key, let choice):
            switch choice {
            case .mine: return "decide conflict \(key.value): mine"
            case .theirs: return "decide conflict \(key.value): theirs"
            case .budget(let budget): return "decide conflict \(key.value): budget \(budget.amount.shortText)"
            case .discount(let discount):
                return "decide conflict \(key.value): discount \(discount.percent.percentText) %"
            case .freeze(let kind): return "decide conflict \(key.value): freeze \(kind.rawValue)"
            }
        }
    }

    /// Several customers may share a name, so the account name goes with it.
    static func text(_ customer: Customer) -> String { "\(customer.name) (\(customer.accountName))" }

    /// How far the old records of customers that joined are here.
    static func text(_ joining: ReplicaStore.FillProgress) -> String {
        "of \(Context.count(Int(joining.customers), "customer")): \(joining.recordsDone) of \(joining.recordsTotal)"
    }

    static func text(_ state: EditState) -> String {
        switch state {
        case .saved: "saved here, not sent"
        case .sent: "sent, no answer yet"
        case .waiting: "waiting"
        case .held: "held for a person"
        case .resulted: "accepted, not yet in the feed"
        case .settled: "settled"
        case .dead: "refused"
        case .discarded: "discarded"
        case .combined: "combined"
        }
    }

    /// `3, 4 and 5`.
    static func list(_ words: [String]) -> String {
        words.count < 2 ? words.joined() : "\(words.dropLast().joined(separator: ", ")) and \(words[words.count - 1])"
    }

    static func day(_ time: Timestamp) -> String { DeskTime.day(time.seconds) }
    static func time(_ seconds: Int64) -> JSONOutput { .text(Instant(seconds: seconds).rfc3339) }
    static func time(_ seconds: Int64?) -> JSONOutput { seconds.map { time($0) } ?? .null }

    static func json(_ state: RegisterState) -> JSONOutput {
        switch state {
        case .budget(let budget):
            guard let budget else { return .null }
            return .object([
                "amount": .text(budget.amount.exactText), "type": .text(budget.type.rawValue),
                "onExhaustion": .text(budget.onExhaustion.rawValue),
                "basis": .text("list price"),
            ])
        case .freezes(let freezes):
            return .array(
                freezes.map {
                    .object([
                        "id": .integer($0.id), "kind": .text($0.kind.rawValue), "cause": .text($0.cause.rawValue),
                        "reason": .text($0.reason),
                        "by": .text($0.author), "at": time($0.at.seconds),
                    ])
                })
        case .discount(let discount):
            guard let discount else { return .null }
            return .object([
                "percent": .text(discount.percent.percentText), "validFrom": time(discount.validFrom.seconds),
                "validUntil": time(discount.validUntil.seconds),
            ])
        case .manager(let account): return .optional(account)
        case .label(let label): return .optional(label)
        case .request(let request):
            guard let request else { return .null }
            return .object([
                "purpose": .text(request.purpose.rawValue), "status": .text(request.status.rawValue),
                "reason": .text(request.reason), "requestedAt": time(request.requestedAt.seconds),
            ])
        }
    }

    static func json(_ layered: Layered) -> JSONOutput {
        .object([
            "confirmed": json(layered.confirmed), "version": .integer(layered.version.value),
            "pending": layered.pending.map { json($0) } ?? .null, "pendingState": .optional(layered.pendingState),
        ])
    }

    static func json(_ customer: Customer) -> [String: JSONOutput] {
        [
            "key": .integer(customer.key.value), "customerId": .text(customer.customerID),
            "accountName": .text(customer.accountName),
            "name": .text(customer.name), "association": .text(customer.association.rawValue),
        ]
    }
}
