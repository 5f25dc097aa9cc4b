import SQLiteKit

extension Directory {
    /// What a partner has decided; what it said nothing of is as everywhere.
    package func policy(of partner: String) throws -> PartnerPolicy {
        let statement = try connection.statement("SELECT key, value FROM policy WHERE partner = ? ORDER BY key")
        try statement.bind(1, partner)
        var policy = PartnerPolicy()
        for (key, value) in try statement.rows({ ($0.text(0), $0.text(1)) }) {
            // A key or value of a newer version is passed over.
            if let key = PartnerPolicy.Key(rawValue: key) { _ = policy.set(key, value) }
        }
        return policy
    }

    /// Stores one decision of a partner. Durable on return.
    package func store(_ key: PartnerPolicy.Key, of policy: PartnerPolicy, partner: String) throws {
        try connection.write { transaction in
            let statement = try transaction.statement(
                """
                INSERT INTO policy (partner, key, value) VALUES (?, ?, ?)
                ON CONFLICT (partner, key) DO UPDATE SET value = excluded.value
                """)
            try statement.bind(1, partner)
            try statement.bind(2, key.rawValue)
            try statement.bind(3, policy[key])
            try statement.run()
        }
    }
}
