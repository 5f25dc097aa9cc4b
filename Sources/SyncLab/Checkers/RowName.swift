import PartnerModel
import SyncProtocol

enum RowName {
    static func text(_ entity: Int, _ key: Int64) -> String { "\(Entity(rawValue: entity)?.name ?? "row") \(key)" }
}

extension RowValue {
    /// For people who read why a promise is broken.
    var text: String {
        switch self {
        case .budget(let budget):
            budget.map { "\($0.amount.shortText) \($0.type.rawValue) \($0.onExhaustion.rawValue)" } ?? "none"
        case .freezes(let freezes):
            freezes.isEmpty
                ? "none" : freezes.map { "\($0.id) \($0.cause.rawValue) \($0.kind.rawValue)" }.joined(separator: ", ")
        case .discount(let discount):
            discount.map { "\($0.percent.percentText) until \($0.validUntil.seconds)" } ?? "none"
        case .manager(let text), .label(let text): text ?? "none"
        case .request(let purpose, let status): "\(purpose ?? "none") \(status ?? "")"
        case .other, .partner, .customer, .usage, .conflict: "\(self)"
        }
    }
}
