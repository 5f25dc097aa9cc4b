import SQLiteKit

/// What the lanes to the server carried on one day.
package struct KeptTraffic: Sendable, Hashable {
    /// One lane's part.
    package struct Lane: Sendable, Hashable {
        package let name: String
        package let requests: Int64
        package let bytesSent: Int64
        package let bytesReceived: Int64

        package init(name: String, requests: Int64, bytesSent: Int64, bytesReceived: Int64) {
            self.name = name
            self.requests = requests
            self.bytesSent = bytesSent
            self.bytesReceived = bytesReceived
        }
    }

    /// Days since 1970 by the device's clock and zone.
    package let day: Int64
    /// By name; none carried nothing.
    package let lanes: [Lane]

    package init(day: Int64, lanes: [Lane]) {
        self.day = day
        self.lanes = lanes
    }
}

extension ReplicaStore {
    /// Keeps when replica and server last agreed and what was carried on a day, in place of what was kept before. One
    /// durable commit, so not for every exchange.
    package func keepMeasures(agreedAt: Int64?, traffic: KeptTraffic) throws(StoreError) {
        try StoreError.wrap {
            try outbox.write { transaction in
                let agreed = try transaction.statement("UPDATE identity SET agreed_at = ? WHERE id = 1")
                try agreed.bind(1, agreedAt)
                try agreed.run()
                try transaction.execute("DELETE FROM traffic")
                for lane in traffic.lanes {
                    let statement = try transaction.statement(
                        "INSERT INTO traffic (lane, day, requests, bytes_sent, bytes_received) VALUES (?, ?, ?, ?, ?)")
                    try statement.bind(1, lane.name)
                    try statement.bind(2, traffic.day)
                    try statement.bind(3, lane.requests)
                    try statement.bind(4, lane.bytesSent)
                    try statement.bind(5, lane.bytesReceived)
                    try statement.run()
                }
            }
            if let known = try rows.identity() { identity = known }
        }
    }

    /// What was kept of the last day; nil when nothing was.
    package func keptTraffic() throws(StoreError) -> KeptTraffic? { try StoreError.wrap { try rows.traffic() } }

    /// How often a statement of any store in this process found a file locked by another.
    package static var lockedCount: Int { SQLiteError.lockedCount }
}

extension ReplicaReader {
    /// What was kept of the last day; nil when nothing was. Up to a few minutes old while a daemon runs.
    package func keptTraffic() throws(StoreError) -> KeptTraffic? { try StoreError.wrap { try outboxRows.traffic() } }
}

extension OutboxRows {
    func traffic() throws -> KeptTraffic? {
        let kept = try connection.statement(
            "SELECT day, lane, requests, bytes_sent, bytes_received FROM traffic ORDER BY lane"
        ).rows { row in
            (
                day: row.int64(0),
                lane: KeptTraffic.Lane(
                    name: row.text(1), requests: row.int64(2), bytesSent: row.int64(3), bytesReceived: row.int64(4))
            )
        }
        return kept.first.map { first in KeptTraffic(day: first.day, lanes: kept.map(\.lane)) }
    }
}
