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

    package init(customers: Customers, seesCoupons: Bool) {
        self.customers = customers
        self.seesCoupons = seesCoupons
    }
}
