/// What a scope is made of, whoever holds it.
package struct ScopeDefinition: Sendable, Hashable {
    /// The customers of a scope.
    package enum Customers: Sendable, Hashable {
        case all
        /// Those of the account managers named, as they are assigned at any time; former customers are nobody's.
        case managed(by: [String])
    }

    package var customers: Customers
    /// Coupons serve all customers of the partner, so they are seen whole or not at all.
    package var seesCoupons: Bool
    /// The partner's bill of each cycle, summed over all reseller customers.
    package var seesBills: Bool
    /// The partner's consumption quota.
    package var seesQuota: Bool

    package init(customers: Customers, seesCoupons: Bool, seesBills: Bool, seesQuota: Bool) {
        self.customers = customers
        self.seesCoupons = seesCoupons
        self.seesBills = seesBills
        self.seesQuota = seesQuota
    }

    /// Whether a scope shows of the partner's own figures what this one is to show.
    func showsAs(_ scope: Scope) -> Bool {
        seesCoupons == scope.seesCoupons && seesBills == scope.seesBills && seesQuota == scope.seesQuota
    }
}
