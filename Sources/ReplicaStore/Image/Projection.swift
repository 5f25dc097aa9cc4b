import PartnerModel
import SQLiteKit

/// The table `pending`: what edits not yet confirmed make of a customer's registers, for those who read with plain SQL.
struct Projection {
    private let connection: Connection
    private let image: ImageRows

    init(_ connection: Connection) {
        self.connection = connection
        image = ImageRows(connection: connection)
    }

    /// Rewrites the table from the open edits, inside the caller's transaction. Cost: the pending edits.
    func rewrite(_ edits: [OutboxEdit]) throws {
        try connection.execute("DELETE FROM pending")
        try write(edits)
    }

    /// Rewrites what stands of one customer from its open edits; else as the above. Cost: its pending edits.
    func rewrite(_ edits: [OutboxEdit], of customer: CustomerKey) throws {
        let delete = try connection.statement("DELETE FROM pending WHERE customer = ?")
        try delete.bind(1, customer.value)
        try delete.run()
        try write(edits)
    }

    private func write(_ edits: [OutboxEdit]) throws {
        let insert = try connection.statement(
            """
            INSERT INTO pending (customer, register, state, edits, budget_amount, budget_type, freeze_kind, discount_bp, text)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        for group in Projection.groups(edits.filter { $0.state.isPending && $0.register != .conflict }) {
            let (confirmed, version) = try image.register(group[0].register, of: group[0].customer)
            let layered = Overlay.lay(group, over: confirmed, version: version)
            guard let pending = layered.pending else { continue }
            try insert.bind(1, group[0].customer.value)
            try insert.bind(2, group[0].register.rawValue)
            try insert.bind(3, layered.pendingState ?? "")
            try insert.bind(4, Int64(layered.edits.count))
            for index in 5...9 { try insert.bindNull(index) }
            switch pending {
            case .budget(let budget):
                try insert.bind(5, budget?.amount.units)
                try insert.bind(6, budget?.type.rawValue)
            case .freezes(let freezes): try insert.bind(7, freezes.strictestKind?.rawValue ?? "")
            case .discount(let discount): try insert.bind(8, discount?.percent.value ?? 0)
            case .manager(let account): try insert.bind(9, account ?? "")
            case .label(let label): try insert.bind(9, label ?? "")
            case .request(let request): try insert.bind(9, request?.status.rawValue ?? "")
            }
            try insert.run()
        }
    }

    /// Edits of one customer and register together, groups in order of their first edit.
    private static func groups(_ edits: [OutboxEdit]) -> [[OutboxEdit]] {
        var groups: [[OutboxEdit]] = []
        var index: [String: Int] = [:]
        for edit in edits {
            let key = "\(edit.customer.value)/\(edit.register.rawValue)"
            if let known = index[key] {
                groups[known].append(edit)
            } else {
                index[key] = groups.count
                groups.append([edit])
            }
        }
        return groups
    }
}
