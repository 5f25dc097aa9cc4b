import Diagnostics
package import PartnerModel

/// States of registers in words, for the history and for what a command says it changed.
package enum StateWording {
    /// What a register holds, in a few words.
    package static func text(_ state: RegisterState) -> String {
        switch state {
        case .budget(let budget):
            budget.map { "\($0.amount.shortText) \($0.type.rawValue), \($0.onExhaustion.rawValue) when exhausted" }
                ?? "none"
        case .freezes(let freezes):
            freezes.isEmpty
                ? "not frozen"
                : freezes.map { "\($0.kind.rawValue) (\($0.cause.rawValue): \($0.reason))" }.joined(separator: "; ")
        case .discount(let discount):
            discount.map { "\($0.percent.percentText) % until \(Instant(seconds: $0.validUntil.seconds).rfc3339)" }
                ?? "none"
        case .manager(let account): account ?? "none"
        case .label(let label): label ?? "none"
        case .request(let request):
            request.map { "\($0.purpose.rawValue), \($0.status.rawValue)" } ?? "none"
        }
    }

    /// A register as a person calls it.
    package static func name(_ register: Register) -> String {
        switch register {
        case .budget, .freezes, .discount, .label, .conflict: register.rawValue
        case .manager: "account manager"
        case .request: "association"
        }
    }
}
