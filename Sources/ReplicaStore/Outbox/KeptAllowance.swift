import SQLiteKit

/// What a metered link has used of a day's bytes, and what a person asked for beside it.
package struct KeptAllowance: Sendable, Hashable {
    /// Days since 1970 by the device's clock and zone.
    package let day: Int64
    package let used: Int64
    /// How long the clock has shown an earlier day.
    package let secondsBehind: Int64
    package let areRecordsAsked: Bool

    package init(day: Int64, used: Int64, secondsBehind: Int64, areRecordsAsked: Bool) {
        self.day = day
        self.used = used
        self.secondsBehind = secondsBehind
        self.areRecordsAsked = areRecordsAsked
    }
}

extension ReplicaStore {
    /// Keeps it in place of what was kept before, durably: so not for every exchange.
    package func keepAllowance(_ allowance: KeptAllowance) throws(StoreError) {
        try StoreError.wrap {
            try outbox.write { transaction in
                let statement = try transaction.statement(
                    """
                    INSERT OR REPLACE INTO allowance (id, day, used, seconds_behind, records_asked)
                    VALUES (1, ?, ?, ?, ?)
                    """)
                try statement.bind(1, allowance.day)
                try statement.bind(2, allowance.used)
                try statement.bind(3, allowance.secondsBehind)
                try statement.bind(4, allowance.areRecordsAsked ? 1 : 0)
                try statement.run()
            }
        }
    }

    /// What was kept; nil when nothing was.
    package func keptAllowance() throws(StoreError) -> KeptAllowance? {
        try StoreError.wrap {
            try outbox.statement("SELECT day, used, seconds_behind, records_asked FROM allowance").first { row in
                KeptAllowance(
                    day: row.int64(0), used: row.int64(1), secondsBehind: row.int64(2),
                    areRecordsAsked: row.int64(3) != 0)
            }
        }
    }
}
