import SQLiteKit
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// What bill records name by key: their customer, cycle, product, region and resource. No record is shown without them.
///
/// A record may come before what it names: an entry that changed after the pin of a load comes with the feed, the resource
/// of a customer that joined with its old records. So names are noted while rows are written, and what is not there is
/// kept in the file until a checkpoint, at which all must be.
final class NamedEntries {
    /// An entry that a record names. The customer is that of the record for a resource, and 0 for what is everybody's.
    private struct Name: Hashable {
        let entity: Entity
        let key: Int64
        let customer: Int64
    }

    /// A column of a bill record that names entries; it has the name of their entity.
    private struct Naming {
        let entity: Entity
        let field: Int
        /// Its bit in the marks of known keys.
        let mark: UInt8
    }

    private static let namings: [Naming] = {
        let columns = Entity.billRecord.columns.map(\.name)
        return [Entity.customer, .cycle, .product, .region, .resource].enumerated().compactMap { place, entity in
            columns.firstIndex(of: entity.name).map { Naming(entity: entity, field: $0 + 2, mark: 1 << UInt8(place)) }
        }
    }()

    /// Their fields by the bits of `ReceivedRow.changed`.
    private static let fields = namings.reduce(UInt64(0)) { $0 | 1 << UInt64($1.field) }
    private static let marks: [UInt8] = Entity.allCases.map { entity in
        namings.first { $0.entity == entity }?.mark ?? 0
    }

    /// Keys from here on are looked up each time: a byte is kept for each one below.
    private static let knownKeysMax: Int64 = 1 << 25

    private let connection: Connection
    /// Entries that were seen in the file, one bit an entity, by key. It may forget any of them at any time.
    private var known: [UInt8] = []
    /// Names noted since the last `settle` of which nothing is known.
    private var unsettled: Set<Name> = []
    private let namings = NamedEntries.namings
    private let fields = NamedEntries.fields

    init(_ connection: Connection) { self.connection = connection }

    // MARK: Noting

    /// A bill record was written. Cost: a look at a byte for each name in which it differs from the record before it.
    @inline(__always)
    func note(record row: ReceivedRow) {
        if row.changed & fields != 0 { noteNames(of: row) }
    }

    private func noteNames(of row: ReceivedRow) {
        for naming in namings {
            let slot = row.slots[naming.field]
            guard slot.isInteger, !isKnown(slot.value, naming.mark) else { continue }
            note(naming.entity, slot.value, customer: row.slots[2].value)
        }
    }

    private func note(_ entity: Entity, _ key: Int64, customer: Int64) {
        unsettled.insert(Name(entity: entity, key: key, customer: entity == .resource ? customer : 0))
    }

    /// A row was written: it is there when a record names it.
    @inline(__always)
    func note(entry entity: Entity, _ key: Int64) {
        let mark = NamedEntries.marks[entity.rawValue]
        if mark != 0 { know(key, mark) }
    }

    /// A row is about to be deleted: no record may name it after that.
    func note(deleted entity: Entity, _ key: Int64) throws {
        let mark = NamedEntries.marks[entity.rawValue]
        guard mark != 0 else { return }
        if isKnown(key, mark) { known[Int(key)] &= ~mark }
        note(entity, key, customer: try entity == .resource ? owner(of: key) : 0)
    }

    /// The customer of a resource; 0 where it is not there.
    private func owner(of resource: Int64) throws -> Int64 {
        let statement = try connection.statement("SELECT customer FROM resource WHERE key = ?")
        try statement.bind(1, resource)
        return try statement.first { $0.int64(0) } ?? 0
    }

    /// Entries may have gone without having been named here: what is known is looked up again.
    func forgetKnown() { known.removeAll(keepingCapacity: true) }

    /// The transaction in which rows were noted came to nothing.
    func forget() {
        forgetKnown()
        unsettled.removeAll()
    }

    private func isKnown(_ key: Int64, _ mark: UInt8) -> Bool {
        key >= 0 && key < known.count && known[Int(key)] & mark != 0
    }

    private func know(_ key: Int64, _ mark: UInt8) {
        guard key >= 0, key < NamedEntries.knownKeysMax else { return }
        if key >= known.count {
            known.append(contentsOf: repeatElement(0, count: max(Int(key) + 1 - known.count, known.count)))
        }
        known[Int(key)] |= mark
    }

    // MARK: Settling

    /// Looks up what was noted and keeps what is not there, in the caller's transaction. Cost: one look-up for each name that
    /// was not known.
    func settle() throws {
        for name in unsettled where try !isThere(name) {
            let statement = try connection.statement(
                "INSERT OR IGNORE INTO missing_entry (entity, key, customer) VALUES (?, ?, ?)")
            try bind(name, to: statement)
            try statement.run()
        }
        unsettled.removeAll(keepingCapacity: true)
    }

    /// The same where the image is to be shown: throws unless all that its records name is there, but for resources of
    /// customers whose old records are still on their way.
    func settleAll() throws {
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .entryForgotten { return unsettled.removeAll() }
        #endif
        try settle()
        let missing = try connection.statement(
            "SELECT entity, key, customer FROM missing_entry ORDER BY entity, key, customer"
        ).rows { row in
            Entity(rawValue: Int(row.int64(0))).map { Name(entity: $0, key: row.int64(1), customer: row.int64(2)) }
        }
        for (place, name) in missing.enumerated() {
            guard let name, try !isThere(name) else {
                if let name { try dismiss(name) }
                continue
            }
            if name.entity == .resource, try Members(connection).isFilling(name.customer) { continue }
            let records = try recordsNaming(name)
            guard records == 0 else { throw NamedEntries.refusal(name, records, others: missing.count - place - 1) }
            try dismiss(name)
        }
    }

    private static func refusal(_ name: Name, _ records: Int64, others: Int) -> StoreError {
        let subject = records == 1 ? "1 bill record names" : "\(records) bill records name"
        let more = others == 0 ? "" : ", and \(others) more \(others == 1 ? "entry" : "entries") may be missing"
        return StoreError(
            .entryMissing, what: "cannot show bill records",
            why: "\(subject) the \(name.entity.name) \(name.key), which is not there\(more)",
            next: "it is tried again by itself; if it stays, have the server's data looked at")
    }

    private func isThere(_ name: Name) throws -> Bool {
        let mark = NamedEntries.marks[name.entity.rawValue]
        if isKnown(name.key, mark) { return true }
        let statement = try connection.statement("SELECT 1 FROM \(name.entity.name) WHERE key = ?")
        try statement.bind(1, name.key)
        guard try statement.first({ _ in true }) != nil else { return false }
        know(name.key, mark)
        return true
    }

    /// How many records name an entry that is not there. Cost: an index where there is one, else a read of all records.
    private func recordsNaming(_ name: Name) throws -> Int64 {
        let isOfCustomer = name.entity == .resource
        let statement = try connection.statement(
            "SELECT count(*) FROM bill_record WHERE \(name.entity.name) = ?1\(isOfCustomer ? " AND customer = ?2" : "")"
        )
        try statement.bind(1, name.key)
        if isOfCustomer { try statement.bind(2, name.customer) }
        return try statement.first { $0.int64(0) } ?? 0
    }

    private func dismiss(_ name: Name) throws {
        let statement = try connection.statement(
            "DELETE FROM missing_entry WHERE entity = ? AND key = ? AND customer = ?")
        try bind(name, to: statement)
        try statement.run()
    }

    private func bind(_ name: Name, to statement: Statement) throws {
        try statement.bind(1, Int64(name.entity.rawValue))
        try statement.bind(2, name.key)
        try statement.bind(3, name.customer)
    }
}
