import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// The conditions that keep a query inside a scope. Numbers only: nothing of a user's stands in them.
struct ScopeFilter {
    let scope: Scope
    /// Of a customer's bill records only those consumed since it was assigned.
    let isNarrow: Bool

    init(_ scope: Scope, _ state: LedgerState) {
        self.scope = scope
        isNarrow = state.billsSinceAssignment && !scope.isWhole
    }

    /// The condition on rows `e` of an entity; nil when the scope sees none of it.
    func condition(_ entity: Entity) -> String? {
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .entryForgotten, entity == .resource { return nil }
        #endif
        if entity == .membership { return nil }
        if entity == .coupon { return scope.seesCoupons ? "1" : nil }
        if entity == .partnerBill { return scope.seesBills ? "1" : nil }
        if entity == .quota { return scope.seesQuota ? "1" : nil }
        if scope.isWhole { return "1" }
        switch entity {
        case .partner, .cycle, .product, .region: return "1"
        case .customer, .freezes, .budget, .usage, .contact, .discount, .manager, .label, .request:
            return "e.key IN (\(present("subject")))"
        case .billRecord where isNarrow: return billCondition
        case .conflict, .resource, .billRecord, .history: return "e.customer IN (\(present("subject")))"
        case .coupon, .partnerBill, .quota, .membership: return nil
        }
    }

    /// The condition on bill records `e` where a partner narrows them.
    var billCondition: String {
        isNarrow
            ? "EXISTS (\(present("1")) AND m.subject = e.customer AND e.consume_time >= m.joined_at)" : "1"
    }

    private func present(_ column: String) -> String {
        "SELECT \(column) FROM membership m WHERE m.scope = \(scope.number) AND m.\"left\" IS NULL"
    }

    /// The subjects that are no customer and that the scope sees.
    private var shared: String {
        [
            Subject.everyone, scope.seesCoupons ? Subject.coupons : nil, scope.seesBills ? Subject.bills : nil,
            scope.seesQuota ? Subject.quota : nil,
        ].compactMap { $0 }.map(String.init).joined(separator: ", ")
    }

    /// What the scope is told after a sequence `?1`, in order: sequence, entity, key, whether the row is gone. Of a customer
    /// that joined, nothing that happened before: the joining brings it as it is. Cost: one look-up a change after `?1`.
    var changes: String {
        let rows = "SELECT sequence, entity, key, deleted FROM feed WHERE sequence > ?1"
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .scopeForgotten { return "\(rows) ORDER BY sequence" }
        #endif
        if scope.isWhole { return "\(rows) AND (subject > 0 OR subject IN (\(shared))) ORDER BY sequence" }
        return """
            \(rows) AND (subject IN (\(shared))
                OR EXISTS (\(present("1")) AND m.subject = feed.subject AND m.joined < feed.sequence))
            UNION ALL
            SELECT joined, \(Entity.membership.rawValue), subject, 0 FROM membership
                WHERE scope = \(scope.number) AND joined > ?1 AND "left" IS NULL
            UNION ALL
            SELECT "left", \(Entity.membership.rawValue), subject, 1 FROM membership
                WHERE scope = \(scope.number) AND "left" > ?1
            ORDER BY 1
            """
    }
}
