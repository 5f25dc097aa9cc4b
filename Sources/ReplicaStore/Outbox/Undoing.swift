import Diagnostics
import PartnerModel
import SyncProtocol

/// What takes back the effect of an edit, as its result tells it. Pure.
struct Undoing {
    let intent: EditIntent
    /// What the edit made of the register, and the version of that.
    let became: RegisterState
    let version: Version

    /// Throws with the reason when an edit did nothing that can be taken back.
    init(_ edit: OutboxEdit, now: Timestamp) throws(StoreError) {
        func refusal(_ why: String, _ next: String) -> StoreError {
            StoreError(.badState, what: "cannot undo edit \(edit.number.value)", why: why, next: next)
        }
        let show = "see it with: fieldbook edits show \(edit.number.value)"
        if edit.intent.kind == .decideRequest || edit.intent.kind == .decideConflict {
            throw refusal("a decision is made once", "make a new edit if the outcome is not what you want")
        }
        guard edit.state == .resulted || edit.state == .settled, let result = edit.result else {
            let (why, next) = Undoing.instead(of: edit)
            throw refusal(why, next)
        }
        guard result.code == .applied || result.code == .merged else {
            throw refusal("its result is \(result.code.rawValue): it changed nothing", show)
        }
        guard let was = try? result.was?.state(), let became = try? result.became?.state(),
            let version = result.version?.value, was.register == edit.register, became.register == edit.register
        else {
            throw refusal(
                "the server did not tell what stood before and after it", "make the opposite edit yourself")
        }
        do { intent = try Undoing.opposite(of: edit, was: was, became: became, now: now) } catch {
            throw refusal(error.why, error.next)
        }
        self.became = became
        self.version = Version(version)
    }

    /// Why an edit without an effect has none, and what to do instead.
    private static func instead(of edit: OutboxEdit) -> (why: String, next: String) {
        let number = edit.number.value
        return switch edit.state {
        case .saved: ("it was not sent yet", "discard it: fieldbook edits discard \(number)")
        case .sent, .waiting, .resulted: ("it has no result yet", "wait for it: fieldbook sync --wait")
        case .held: ("it waits for a person", "decide its conflict: fieldbook conflicts list")
        case .dead: ("it was refused", "discard it: fieldbook edits discard \(number)")
        case .discarded, .settled, .combined: ("it was set aside", "see it with: fieldbook edits show \(number)")
        }
    }

    /// Why there is no opposite, and what to do instead.
    private struct NoOpposite: Error {
        let why: String
        let next: String
    }

    private static func opposite(
        of edit: OutboxEdit, was: RegisterState, became: RegisterState, now: Timestamp
    ) throws(NoOpposite) -> EditIntent {
        switch (edit.intent, was, became) {
        case (.setBudget, .budget(let budget), _):
            guard let budget else {
                throw NoOpposite(
                    why: "there was no budget before it, and a budget can't be taken away",
                    next: "set one that does no harm: fieldbook budget set CUSTOMER AMOUNT")
            }
            return .setBudget(budget, validThrough: nil)
        case (.adjustBudget(let delta, _), _, _):
            guard let back = Money.zero.subtracting(delta) else {
                throw NoOpposite(why: "the opposite is out of range", next: "set the budget yourself")
            }
            return .adjustBudget(delta: back, validThrough: nil)
        case (.freeze(let kind, _), .freezes(let before), .freezes(let after)):
            let known = Set(before.map(\.id))
            let added = after.filter { $0.kind == kind && !known.contains($0.id) }.map(\.id)
            guard !added.isEmpty else { throw NoOpposite(why: "it added no freeze", next: "there is nothing to undo") }
            return .unfreeze(kind, reason: "undo of edit \(edit.number.value)", seen: added)
        case (.unfreeze, .freezes(let before), .freezes(let after)):
            let left = Set(after.map(\.id))
            guard let kind = before.filter({ !left.contains($0.id) }).strictestKind else {
                throw NoOpposite(why: "it lifted no freeze", next: "there is nothing to undo")
            }
            return .freeze(kind, reason: "undo of edit \(edit.number.value)")
        case (.setDiscount, .discount(let discount), _):
            // A grant that is over can't be granted again; what stood before is then no discount.
            guard let discount, discount.validUntil > now else { return .cancelDiscount }
            return .setDiscount(discount)
        case (.cancelDiscount, .discount(let discount), _):
            guard let discount, discount.validUntil > now else {
                throw NoOpposite(
                    why: discount == nil ? "there was no discount before it" : "the discount would be over by now",
                    next: "grant a new one: fieldbook discount set CUSTOMER PERCENT --until DATE")
            }
            return .setDiscount(discount)
        case (.assignManager, _, _): return .withdrawManager
        case (.withdrawManager, .manager(let account?), _): return .assignManager(account)
        case (.setLabel, .label(let label), _): return .setLabel(label)
        default:
            throw NoOpposite(why: "nothing stood there before it", next: "there is nothing to undo")
        }
    }
}
