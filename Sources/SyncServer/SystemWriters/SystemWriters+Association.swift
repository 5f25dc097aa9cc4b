import LedgerStore
package import PartnerModel
import SyncProtocol

/// Who belongs to the partner, how, and who acts for it.
extension SystemWriters {
    /// The effect of a decision on an association request; the request itself is the caller's to write. A rejection and
    /// what is so already have none.
    @discardableResult
    package func decided(
        _ customer: CustomerKey, _ request: AssociationRequest, approve: Bool, by author: String
    ) throws -> SystemOutcome {
        guard approve else { return .unchanged("the request is rejected") }
        switch request.purpose {
        case .associate: return try associate(customer, by: author)
        case .disassociate: return try disassociate(customer, by: author)
        }
    }

    func associate(_ key: CustomerKey, by author: String) throws -> SystemOutcome {
        var customer = try known(key, "cannot associate")
        guard customer.isFormer else { return .unchanged("\(customer.accountName) is associated already") }
        customer.isFormer = false
        customer.associatedOn = now
        try writer.putCustomer(customer)
        var changes = [try note(.request, customer, by: author, "associated as \(customer.association.rawValue)")]
        if customer.association == .reseller {
            changes += try add(
                .account, .onAssociation, reason: "frozen until the partner releases it", to: customer,
                by: Author.system
            ).changes
            if try writer.partner().state == .frozen { changes += try addPartnerFreeze(to: customer).changes }
        }
        return .changed(changes)
    }

    func disassociate(_ key: CustomerKey, by author: String) throws -> SystemOutcome {
        var customer = try known(key, "cannot disassociate")
        guard !customer.isFormer else { return .unchanged("\(customer.accountName) is a former customer already") }
        customer.isFormer = true
        try writer.putCustomer(customer)
        var changes = [try note(.request, customer, by: author, "disassociated")]
        if try writer.values(of: .contact, key: key.value) != nil {
            try writer.delete(.contact, key: key.value, subject: key.value)
        }
        // The vendor's budget records call this deletion by its name.
        changes += try set(.budget(nil), of: customer, by: author, note: "DELETE").changes
        return .changed(changes)
    }

    func associationType(_ key: CustomerKey, _ type: AssociationType, by author: String?) throws -> SystemOutcome {
        var customer = try associated(key, "cannot change the association")
        let before = customer.association
        guard before != type else {
            return .unchanged("\(customer.accountName) is a \(type.rawValue) customer already")
        }
        customer.association = type
        try writer.putCustomer(customer)
        // The partner's bills cover reseller customers.
        try writer.sumPartnerBills(ofCycles: try writer.cycles(of: key))
        let words = "association \(before.rawValue) -> \(type.rawValue)"
        return .changed([try note(.request, customer, by: author ?? Author.vendor, words)])
    }

    func delegate(_ key: CustomerKey, _ reseller: String?, by author: String?) throws -> SystemOutcome {
        let what = "cannot delegate"
        var customer = try associated(key, as: .reseller, what)
        if let reseller { try check(.assignManager(reseller), on: .manager(nil), of: customer, what) }
        let before = customer.managedBy
        guard before != reseller else {
            return .unchanged("\(customer.accountName) is managed by \(reseller ?? "the partner") already")
        }
        customer.managedBy = reseller
        try writer.putCustomer(customer)
        let words = "budgets and freezes managed by \(before ?? "the partner") -> \(reseller ?? "the partner")"
        return .changed([try note(.request, customer, by: author ?? Author.console, words)])
    }

    func request(_ key: CustomerKey, _ purpose: RequestPurpose, reason: String) throws -> SystemOutcome {
        let what = "cannot request to \(purpose.rawValue)"
        let customer = try known(key, what)
        if case .request(let standing?) = try writer.register(.request, of: key).state, standing.status == .pending {
            throw refusal(
                what, "a request of \(customer.accountName) to \(standing.purpose.rawValue) is pending",
                "an administrator decides it first: fieldbook association list")
        }
        let sensible = customer.isFormer ? RequestPurpose.associate : .disassociate
        guard purpose == sensible else {
            throw refusal(
                what, "\(customer.accountName) is \(customer.isFormer ? "a former" : "an associated") customer",
                "request to \(sensible.rawValue)"
            )
        }
        guard reason.unicodeScalars.count <= EditLimits.reasonCharactersMax,
            !reason.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else {
            throw refusal(
                what, "the reason is too long or holds a control character",
                "give at most \(EditLimits.reasonCharactersMax) printable characters")
        }
        let request = AssociationRequest(purpose: purpose, status: .pending, reason: reason, requestedAt: now)
        return try set(.request(request), of: customer, by: Author.customer)
    }
}
