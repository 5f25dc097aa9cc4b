import PartnerModel
import ReplicaStore

extension Wording {
    /// A partner's state and what it means for what can be done.
    static func partnerState(_ state: String) -> String {
        switch PartnerState(rawValue: state) {
        case .restricted: "restricted: reseller customers cannot purchase"
        case .frozen: "frozen: reseller customers and their resources are frozen too"
        case .active, nil: state
        }
    }

    static func range(_ range: ClosedRange<BasisPoints>?) -> String {
        range.map { "\($0.lowerBound.percentText) to \($0.upperBound.percentText) % are authorised" }
            ?? "no permission to grant any"
    }

    static func text(_ row: QuotaRow) -> String {
        let share = row.quota.usedShare.map { " (\($0.percentText) %)" } ?? ""
        return "\(row.quota.used.shortText) of \(row.quota.amount.shortText) \(row.currency) used\(share)"
    }

    /// What a person should know of a quota that nears its end; nil while it does not.
    static func warning(_ quota: ConsumptionQuota) -> String? {
        if quota.isExceeded {
            return "the consumption quota is exceeded: the vendor restricts the partner until it is repaid or raised"
        }
        guard quota.isNearEnd else { return nil }
        return
            "more than \(ConsumptionQuota.warningPercent) % of the consumption quota is used; past it the partner is "
            + "restricted and reseller customers cannot purchase"
    }

    /// Why something is not shown.
    static func lacking(_ item: PermissionItem) -> String {
        let what =
            switch item {
            case .bills: "the partner's bills"
            case .quota: "the consumption quota"
            default: item.rawValue
            }
        return "your role does not see \(what): it lacks the item \(item.rawValue)"
    }
}
