import LedgerStore
import PartnerModel

/// Freezes and the partner's own account.
extension SystemWriters {
    /// The vendor freezes any customer; every other cause exists for reseller customers only.
    func freeze(
        _ key: CustomerKey, _ cause: FreezeCause, _ kind: FreezeKind, reason: String, by author: String?
    ) throws -> SystemOutcome {
        let what = "cannot freeze"
        let customer = try cause == .vendor ? associated(key, what) : associated(key, as: .reseller, what)
        if customer.association == .reseller {
            try check(.freeze(kind, reason: reason), on: .freezes([]), of: customer, what)
        }
        return try add(kind, cause, reason: reason, to: customer, by: author ?? SystemWriters.author(of: cause))
    }

    private static func author(of cause: FreezeCause) -> String {
        switch cause {
        case .budget, .onAssociation: Author.system
        case .partnerState, .vendor: Author.vendor
        case .manual: Author.console
        }
    }

    /// Adds a freeze, unless one of the same kind and cause stands.
    func add(
        _ kind: FreezeKind, _ cause: FreezeCause, reason: String, to customer: CustomerRow, by author: String
    ) throws -> SystemOutcome {
        guard case .freezes(let freezes) = try writer.register(.freezes, of: customer.key).state,
            !freezes.contains(where: { $0.kind == kind && $0.cause == cause })
        else {
            return .unchanged("\(customer.accountName) has a freeze \(kind.rawValue) by \(cause.rawValue) already")
        }
        let added = Freeze(
            id: writer.newKey(), kind: kind, cause: cause, reason: reason, author: author, at: now)
        return try set(.freezes(freezes + [added]), of: customer, by: author)
    }

    /// A former customer's freezes stay as they were, and can be lifted like others.
    func release(_ key: CustomerKey, _ cause: FreezeCause, by author: String?) throws -> SystemOutcome {
        let customer = try known(key, "cannot release")
        guard case .freezes(let freezes) = try writer.register(.freezes, of: key).state,
            freezes.contains(where: { $0.cause == cause })
        else { return .unchanged("\(customer.accountName) has no freeze by \(cause.rawValue)") }
        return try set(
            .freezes(freezes.filter { $0.cause != cause }), of: customer,
            by: author ?? SystemWriters.author(of: cause))
    }

    func partner(_ state: PartnerState) throws -> SystemOutcome {
        var changes: [String] = []
        var row = try writer.partner()
        if row.state != state {
            changes.append("partner: \(row.state.rawValue) -> \(state.rawValue)")
            row.state = state
            try writer.putPartner(row)
        }
        if state == .frozen {
            for key in try writer.customers(of: .reseller) {
                guard let customer = try writer.customerRow(key) else { continue }
                changes += try addPartnerFreeze(to: customer).changes
            }
        } else {
            for key in try writer.customers(frozenBy: .partnerState) {
                changes += try release(key, .partnerState, by: Author.vendor).changes
            }
        }
        return changes.isEmpty ? .unchanged("the partner is \(state.rawValue) already") : .changed(changes)
    }

    func addPartnerFreeze(to customer: CustomerRow) throws -> SystemOutcome {
        try add(
            .accountAndResources, .partnerState, reason: "the partner's account is frozen", to: customer,
            by: Author.vendor)
    }

    func range(_ range: ClosedRange<BasisPoints>?) throws -> SystemOutcome {
        if let range, range.lowerBound.value < 0 || range.upperBound.value > 10_000 {
            throw refusal("cannot set the range", "it goes beyond 0 to 100 %", "give percentages from 0 to 100")
        }
        var row = try writer.partner()
        func words(_ range: ClosedRange<BasisPoints>?) -> String {
            range.map { "\($0.lowerBound.percentText) to \($0.upperBound.percentText) %" } ?? "none"
        }
        guard row.discountRange != range else {
            return .unchanged("the authorised range of discounts is \(words(range)) already")
        }
        let before = words(row.discountRange)
        row.discountRange = range
        try writer.putPartner(row)
        return .changed(["authorised range of discounts: \(before) -> \(words(range))"])
    }
}
