/// The smallest part of a customer that is versioned and decided as one.
package enum Register: String, Sendable, CaseIterable {
    case budget, freezes, discount
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

    package var register: Register {
        switch self {
        case .budget: .budget
        case .freezes: .freezes
        case .discount: .discount
        }
    }

    /// What a register of this kind holds before its first write.
    package static func empty(_ register: Register) -> RegisterState? {
        switch register {
        case .budget: .budget(nil)
        case .freezes: .freezes([])
        case .discount: .discount(nil)
        case .conflict: nil
        }
    }
}
