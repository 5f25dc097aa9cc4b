import LedgerStore
import PartnerModel

/// What someone else does at the vendor's console.
extension SystemWriters {
    func budget(_ key: CustomerKey, _ budget: Budget, by author: String?) throws -> SystemOutcome {
        let what = "cannot set the budget"
        let customer = try associated(key, as: .reseller, what)
        try check(.setBudget(budget, validThrough: nil), on: .budget(nil), of: customer, what)
        return try set(.budget(budget), of: customer, by: author ?? Author.console)
    }

    func discount(_ key: CustomerKey, _ discount: Discount?, by author: String?) throws -> SystemOutcome {
        let what = "cannot set the discount"
        let customer = try associated(key, as: .referral, what)
        if let discount { try check(.setDiscount(discount), on: .discount(nil), of: customer, what) }
        return try set(.discount(discount), of: customer, by: author ?? Author.console)
    }

    func manager(_ key: CustomerKey, _ account: String?, by author: String?) throws -> SystemOutcome {
        let what = "cannot assign the account manager"
        let customer = try associated(key, what)
        if let account { try check(.assignManager(account), on: .manager(nil), of: customer, what) }
        return try set(.manager(account), of: customer, by: author ?? Author.console)
    }

    func label(_ key: CustomerKey, _ label: String?, by author: String?) throws -> SystemOutcome {
        let what = "cannot set the label"
        let customer = try associated(key, what)
        try check(.setLabel(label), on: .label(nil), of: customer, what)
        return try set(.label(label), of: customer, by: author ?? Author.console)
    }
}
