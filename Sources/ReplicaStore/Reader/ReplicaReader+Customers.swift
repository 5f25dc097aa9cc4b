package import PartnerModel
import SQLiteKit

/// One line of a list of customers.
package struct CustomerSummary: Sendable, Hashable {
    package let customer: Customer
    package let budget: Layered
    package let freezes: Layered
    package let discount: Layered
    package let manager: Layered
    package let label: Layered
    package let request: Layered
    package let used: Money?
    /// Seconds since 1970 when `used` was true.
    package let usedAsOf: Int64?
}

/// Everything a replica holds of one customer but its bills.
package struct CustomerDetail: Sendable, Hashable {
    package let summary: CustomerSummary
    package let sourceID: String?
    package let isFormer: Bool
    package let associatedOn: Int64
    package let level: String?
    package let contact: Contact?
    package let openConflicts: [ConflictKey]
}

extension ReplicaReader {
    /// Customers whose name, account name, id or source id contains the text, whatever its case or script; all of them
    /// without one. In order of name. Cost: one pass over the customers.
    package func customers(matching text: String?, limit: Int) throws(StoreError) -> [CustomerSummary] {
        let edits = try StoreError.wrap { try outboxRows.open() }
        return try read { connection in
            let customers = try self.scan(connection, matching: text, limit: limit)
            return try customers.map { try self.summary($0, connection, edits) }
        }
    }

    /// How many customers the image holds.
    package func customerCount() throws(StoreError) -> Int {
        try read { try $0.statement("SELECT count(*) FROM customer").first { Int($0.int64(0)) } ?? 0 }
    }

    /// The customer that a person means: an exact id, account name or source id, else an unambiguous part of a name.
    package func resolveCustomer(_ text: String) throws(StoreError) -> Customer {
        try read { connection in
            for column in ["customer_id", "account_name", "source_id", "name"] {
                let statement = try connection.statement(
                    "SELECT \(ImageRows.customerColumns) FROM customer WHERE \(column) = ? LIMIT 2"
                )
                try statement.bind(1, text)
                let found = try statement.rows(ImageRows.decodeCustomer).compactMap { $0 }
                if found.count == 1 { return found[0] }
            }
            let found = try self.scan(connection, matching: text, limit: 1000)
            // The same name may be written in other bytes, with its accents apart.
            let exact = found.filter { $0.name == text }
            if exact.count == 1 { return exact[0] }
            switch found.count {
            case 0:
                throw StoreError(
                    .notFound, what: "cannot find the customer '\(text.prefix(64))'",
                    why: "no id, account name or name in this replica contains it",
                    next: "look with: fieldbook customers search TEXT")
            case 1: return found[0]
            default:
                let names = found.prefix(5).map { "\($0.name) (\($0.accountName))" }.joined(separator: ", ")
                throw StoreError(
                    .ambiguous, what: "'\(text.prefix(64))' names more than one customer",
                    why: names + (found.count > 5 ? ", …" : ""),
                    next: "name it by account name or id")
            }
        }
    }

    /// All that is known of a customer, with the pending edits laid over; `notFound` when it is not here.
    package func customer(_ key: CustomerKey) throws(StoreError) -> CustomerDetail {
        let edits = try StoreError.wrap { try outboxRows.open(of: key) }
        return try read { connection in
            guard let customer = try ImageRows(connection: connection).customer(key) else {
                throw StoreError(
                    .notFound, what: "cannot show the customer", why: "it is not in this replica",
                    next: "sync first: fieldbook sync --wait")
            }
            let conflicts = try connection.statement(
                "SELECT key FROM conflict WHERE customer = ? AND status = 'open' ORDER BY key")
            try conflicts.bind(1, key.value)
            let open = try conflicts.rows { ConflictKey($0.int64(0)) }
            let statement = try connection.statement(
                """
                SELECT c.source_id, c.former, c.associated_on, c.level, t.key, t.phone, t.country_code, t.email
                FROM customer c LEFT JOIN contact t ON t.key = c.key WHERE c.key = ?
                """)
            try statement.bind(1, key.value)
            let summary = try self.summary(customer, connection, edits)
            let detail = try statement.first { row in
                let contact = row.optionalInt64(4).map { _ in
                    Contact(
                        phone: row.optionalText(5), countryCode: row.optionalText(6), email: row.optionalText(7))
                }
                return CustomerDetail(
                    summary: summary, sourceID: row.optionalText(0), isFormer: row.int64(1) != 0,
                    associatedOn: row.int64(2), level: row.optionalText(3), contact: contact, openConflicts: open)
            }
            guard let detail else {
                throw StoreError(.corrupt, what: "cannot show the customer", why: "its row vanished", next: "try again")
            }
            return detail
        }
    }

    /// The account name of a customer, by which it is told from others of its name; nil when it is not in this replica.
    package func accountName(of key: CustomerKey) throws(StoreError) -> String? {
        guard isLoaded else { return nil }
        return try read { try ImageRows(connection: $0).customer(key)?.accountName }
    }

    // MARK: Parts

    private func scan(_ connection: Connection, matching text: String?, limit: Int) throws -> [Customer] {
        let wanted = text?.lowercased()
        var found: [Customer] = []
        let statement = try connection.statement(
            "SELECT \(ImageRows.customerColumns), source_id FROM customer ORDER BY name, key")
        defer { statement.reset() }
        while found.count < limit, try statement.step() {
            if let wanted {
                let isMatch = [3, 2, 1, 7].contains { column in statement.text(column).lowercased().contains(wanted) }
                guard isMatch else { continue }
            }
            if let customer = ImageRows.decodeCustomer(statement) { found.append(customer) }
        }
        return found
    }

    private func summary(
        _ customer: Customer, _ connection: Connection, _ edits: [OutboxEdit]
    ) throws -> CustomerSummary {
        let image = ImageRows(connection: connection)
        let own = edits.filter { $0.customer == customer.key }
        func layered(_ register: Register) throws -> Layered {
            let (state, version) = try image.register(register, of: customer.key)
            return Overlay.lay(own.filter { $0.register == register }, over: state, version: version)
        }
        let usage = try image.usage(of: customer.key)
        return CustomerSummary(
            customer: customer, budget: try layered(.budget), freezes: try layered(.freezes),
            discount: try layered(.discount), manager: try layered(.manager), label: try layered(.label),
            request: try layered(.request),
            used: usage?.used, usedAsOf: usage?.asOf)
    }
}
