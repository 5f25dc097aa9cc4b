/// The smallest part of a customer that is versioned and decided as one.
package enum Register: String, Sendable, CaseIterable {
    case budget, freezes, discount, manager, label
    /// The newest request to associate or disassociate the customer.
    case request
    /// A conflict is itself a register: deciding it is an edit.
    case conflict
}

/// The value of an editable register.
package enum RegisterState: Sendable, Hashable {
    /// Nil = never set.
    case budget(Budget?)
    /// In order of id; empty = not frozen.
    case freezes([Freeze])
    /// Nil = no discount.
    case discount(Discount?)
    /// Account name of the account manager; nil = none.
    case manager(String?)
    /// Nil = no label.
    case label(String?)
    /// Nil = nobody asked for anything.
    case request(AssociationRequest?)

    package var register: Register {
        switch self {
        case .budget: .budget
        case .freezes: .freezes
        case .discount: .discount
        case .manager: .manager
        case .label: .label
        case .request: .request
        }
    }

    /// What a register of this kind holds before its first write.
    package static func empty(_ register: Register) -> RegisterState? {
        switch register {
        case .budget: .budget(nil)
        case .freezes: .freezes([])
        case .discount: .discount(nil)
        case .manager: .manager(nil)
        case .label: .label(nil)
        case .request: .request(nil)
        case .conflict: nil
        }
    }
}
