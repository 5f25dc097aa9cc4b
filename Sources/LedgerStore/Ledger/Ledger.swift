package import PartnerModel
import SQLiteKit
package import SyncProtocol

/// The truth about one partner: registers, feed, membership, results. One SQLite file; sequence numbers are given in
/// commit order, because the writer's transaction is immediate and the number is part of it.
///
/// Owned by one thread at a time. No SQL, statement or row id is in its signatures.
package final class Ledger {
    static let applicationID: Int32 = 0x4642_4C31
    static let migrations = [
        M0001_Initial.migration, M0002_Rules.migration, M0003_Asked.migration, M0004_Scopes.migration,
        M0005_PartnerSums.migration, M0006_PastScopes.migration,
    ]

    let connection: Connection

    /// Makes a ledger with its partner row. `epoch` and `sealKey` come from chance: 16 hex digits and 32 bytes.
    package static func create(
        path: String, epoch: String, sealKey: [UInt8], partner: PartnerRow
    ) throws -> Ledger {
        let ledger = Ledger(try Connection(path: path, mode: .create, durability: .full, cacheKiB: 16_384))
        try Migrator.apply(
            Ledger.migrations, to: ledger.connection, file: "ledger", applicationID: applicationID)
        try ledger.connection.write { transaction in
            let state = try transaction.statement(
                """
                INSERT INTO ledger_state (
                    id, epoch, epoch_ordinal, sequence, low_watermark, next_key, seal_key, bills_summed)
                VALUES (1, ?, 1, 0, 0, 1, ?, 1)
                """)
            try state.bind(1, epoch)
            try state.bind(2, blob: sealKey)
            try state.run()
            try transaction.execute(
                """
                INSERT INTO scope (scope, kind, version, sees_coupons, sees_bills, sees_quota)
                VALUES (1, 'all', 1, 1, 1, 1)
                """)
        }
        try ledger.write { try $0.putPartner(partner) }
        return ledger
    }

    /// Opens a ledger for writing, or for reading beside a writer.
    package static func open(path: String, forWriting: Bool) throws -> Ledger {
        let connection = try Connection(
            path: path, mode: .readWrite, durability: forWriting ? .full : .reader, cacheKiB: 8192)
        if forWriting {
            try Migrator.apply(Ledger.migrations, to: connection, file: "ledger", applicationID: applicationID)
        }
        let ledger = Ledger(connection)
        if forWriting { try ledger.sumEarlierBills() }
        return ledger
    }

    private init(_ connection: Connection) { self.connection = connection }

    /// Statements begun so far, to measure what an answer costs.
    package var statementsTaken: Int { connection.statementsTaken }

    /// Reads the file and takes the place of its writer for a moment, or says why it can't. Writes nothing.
    package func probe() throws { try connection.probe() }

    /// Closes the file.
    package func close() { connection.close() }

    /// Runs `body` in one transaction. On return it is durable against power loss; on a throw nothing happened.
    package func write<Value>(_ body: (LedgerWriter) throws -> Value) throws -> Value {
        try connection.write { _ in
            let writer = try LedgerWriter(connection)
            let value = try body(writer)
            try writer.finish()
            return value
        }
    }

    /// Runs `body` on one committed state.
    package func read<Value>(_ body: (LedgerReader) throws -> Value) throws -> Value {
        try connection.read { _ in try body(try LedgerReader(connection)) }
    }
}

/// Identity and position of a ledger.
package struct LedgerState: Sendable, Hashable {
    package let epoch: String
    package let epochOrdinal: Int64
    /// The last sequence given.
    package let sequence: Int64
    package let lowWatermark: Int64
    package let sealKey: [UInt8]
    /// Seconds by which the ledger's clock is ahead of the machine's; for trying out what time brings.
    package let clockOffset: Int64
    package let lineage: [V1.Ancestor]
    /// Listed scopes see of a customer's bill records those consumed since it was assigned.
    package let billsSinceAssignment: Bool
}

/// What a member may see.
package struct Scope: Sendable, Hashable {
    package let number: Int64
    package let version: Int64
    /// False: only the customers of its membership.
    package let isWhole: Bool
    package let seesCoupons: Bool
    /// The partner's bill of each cycle.
    package let seesBills: Bool
    /// The consumption quota.
    package let seesQuota: Bool

    package init(
        number: Int64, version: Int64, isWhole: Bool, seesCoupons: Bool, seesBills: Bool, seesQuota: Bool
    ) {
        self.number = number
        self.version = version
        self.isWhole = isWhole
        self.seesCoupons = seesCoupons
        self.seesBills = seesBills
        self.seesQuota = seesQuota
    }
}

/// The partner's own row.
package struct PartnerRow: Sendable, Hashable {
    package var name: String
    package var state: PartnerState
    package var currency: String
    /// The authorised range of discounts; nil = no permission.
    package var discountRange: ClosedRange<BasisPoints>?

    package init(name: String, state: PartnerState, currency: String, discountRange: ClosedRange<BasisPoints>?) {
        self.name = name
        self.state = state
        self.currency = currency
        self.discountRange = discountRange
    }
}

/// A value of a row's column.
package enum LedgerValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case text(String)

    /// The integer, or null.
    package static func optional(_ value: Int64?) -> LedgerValue { value.map(LedgerValue.integer) ?? .null }
    /// The text, or null.
    package static func optional(_ value: String?) -> LedgerValue { value.map(LedgerValue.text) ?? .null }
    /// The amount in units of 10^-8.
    package static func money(_ value: Money) -> LedgerValue { .integer(value.units) }
}
