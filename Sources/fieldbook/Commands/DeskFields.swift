import PartnerModel
import ReplicaStore
import TerminalKit

/// One field of the register that a conflict is about, from its three sides.
struct DeskField: Hashable {
    /// As `--take` names it.
    let name: String
    let base: String
    let mine: String
    let theirs: String

    /// The three sides are not all the same.
    var differs: Bool { base != theirs || mine != theirs }
}

/// A register taken apart for a person.
enum DeskFields {
    /// The fields of a conflict, in the order in which they are shown.
    static func of(_ conflict: ConflictDetail) -> [DeskField] {
        let mine = mine(conflict)
        let names = values(conflict.theirs).map(\.0)
        let (base, theirs) = (values(conflict.base), values(conflict.theirs))
        let asked = mine.map { values($0) }
        return names.indices.map { index in
            DeskField(
                name: names[index], base: index < base.count ? base[index].1 : "-",
                mine: asked.map { index < $0.count ? $0[index].1 : "-" } ?? "-", theirs: theirs[index].1)
        }
    }

    /// What the author of the held edit saw come out; nil when it cannot be carried out on what he saw.
    static func mine(_ conflict: ConflictDetail) -> RegisterState? { applied(conflict, to: conflict.base) }

    /// What carrying out the held edit would make of a state; nil when it cannot be.
    static func applied(_ conflict: ConflictDetail, to state: RegisterState) -> RegisterState? {
        state.applying(conflict.mine) { kind, reason in
            Freeze(
                id: 0, kind: kind, cause: .manual, reason: reason, author: conflict.mineBy,
                at: Timestamp(seconds: conflict.mineMadeAt))
        }
    }

    /// The fields of a state as names and words.
    static func values(_ state: RegisterState) -> [(String, String)] {
        switch state {
        case .budget(let budget):
            [
                ("amount", budget?.amount.shortText ?? "none"), ("type", budget?.type.rawValue ?? "-"),
                ("on-exhaustion", budget?.onExhaustion.rawValue ?? "-"),
            ]
        case .freezes(let freezes):
            [
                ("state", freezes.strictestKind.map { "frozen: \($0.rawValue)" } ?? "not frozen"),
                ("freezes", freezes.isEmpty ? "none" : freezes.map(text).joined(separator: "; ")),
            ]
        case .discount(let discount):
            [
                ("percent", discount.map { "\($0.percent.percentText) %" } ?? "none"),
                ("from", discount.map { DeskTime.day($0.validFrom.seconds) } ?? "-"),
                ("until", discount.map { DeskTime.day($0.validUntil.seconds) } ?? "-"),
            ]
        case .manager(let account): [("manager", account ?? "none")]
        case .label(let label): [("label", label ?? "none")]
        case .request(let request):
            [
                ("request", request.map { "\($0.purpose.rawValue): \($0.status.rawValue)" } ?? "none"),
                ("reason", request.map { $0.reason.isEmpty ? "-" : $0.reason } ?? "-"),
            ]
        }
    }

    /// A state in one phrase.
    static func text(_ state: RegisterState) -> String {
        switch state {
        case .budget(nil): "no budget"
        case .discount(nil): "no discount"
        case .manager(nil): "no account manager"
        case .label(nil): "no label"
        case .request(nil): "no request"
        case .budget(let budget?):
            "\(budget.amount.shortText) \(budget.type.rawValue), on exhaustion \(budget.onExhaustion.rawValue)"
        case .freezes(let freezes): freezes.isEmpty ? "not frozen" : freezes.map(text).joined(separator: "; ")
        case .discount(let discount?):
            "\(discount.percent.percentText) % from \(DeskTime.day(discount.validFrom.seconds)) until "
                + DeskTime.day(discount.validUntil.seconds)
        case .manager(let account?): account
        case .label(let label?): "\"\(label)\""
        case .request(let request?): "\(request.purpose.rawValue): \(request.status.rawValue)"
        }
    }

    /// What an edit asks for in one phrase.
    static func text(_ intent: EditIntent) -> String {
        guard case .setDiscount(let discount) = intent else { return Wording.text(intent) }
        return "set discount to \(text(RegisterState.discount(discount)))"
    }

    private static func text(_ freeze: Freeze) -> String {
        "\(freeze.kind.rawValue) (\(freeze.cause.rawValue), by \(freeze.author): \(freeze.reason))"
    }

    /// A register's name in a sentence.
    static func name(_ register: Register) -> String {
        switch register {
        case .budget, .freezes, .discount, .label, .conflict: register.rawValue
        case .manager: "account manager"
        case .request: "association request"
        }
    }
}
