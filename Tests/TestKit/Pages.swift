package import SyncProtocol

/// A field of a row as a server sends it.
package enum RowField: Sendable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    case integer(Int64)
    case text(String)
    case null
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(stringLiteral value: String) { self = .text(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(_ value: Int64?) { self = value.map { .integer($0) } ?? .null }
    package init(_ value: String?) { self = value.map { .text($0) } ?? .null }

    fileprivate func write(to page: inout PageWriter) {
        switch self {
        case .integer(let value): page.add(value)
        case .text(let value): Array(value.utf8).withUnsafeBytes { page.add(text: $0) }
        case .null: page.addNull()
        }
    }
}

/// A row of a page. Without fields it is a tombstone.
package struct PageRow: Sendable {
    package let entity: Entity
    package let key: Int64
    package let version: Int64
    package let fields: [RowField]

    package init(_ entity: Entity, _ key: Int64, version: Int64, _ fields: [RowField] = []) {
        self.entity = entity
        self.key = key
        self.version = version
        self.fields = fields
    }

    package static func partner(version: Int64 = 1) -> PageRow {
        PageRow(.partner, 1, version: version, ["Partner", "active", "USD", 500, 3000])
    }

    package static func cycle(
        _ key: Int64 = 202_611, _ text: String = "2026-11", status: String = "estimate"
    ) -> PageRow {
        PageRow(.cycle, key, version: 1, [.text(text), .text(status), 1_794_000_000])
    }

    package static func customer(
        _ key: Int64, version: Int64 = 1, name: String = "Customer", source: String? = nil,
        association: String = "reseller"
    ) -> PageRow {
        PageRow(
            .customer, key, version: version,
            [
                .text("id-\(key)"), RowField(source), .text("account-\(key)"), .text(name), .text(association), 1, 1,
                "2", nil, 0, nil,
            ])
    }

    /// A monthly budget of whole major units; nil is a budget that was taken away.
    package static func budget(_ key: Int64, version: Int64, _ major: Int64?) -> PageRow {
        PageRow(
            .budget, key, version: version,
            [
                RowField(major.map { $0 * 100_000_000 }), RowField(major.map { _ in "monthly" }),
                RowField(major.map { _ in "manual" }), "x", 1,
            ])
    }

    /// Manual freezes of one kind, by id.
    package static func freezes(
        _ key: Int64, version: Int64, ids: [Int64], kind: String = "account", reason: String = "r"
    ) -> PageRow {
        let members = ids.map {
            "{\"at\":\"1\",\"by\":\"x\",\"cause\":\"manual\",\"id\":\"\($0)\","
                + "\"kind\":\"\(kind)\",\"reason\":\"\(reason)\"}"
        }
        return PageRow(
            .freezes, key, version: version,
            [.text("[\(members.joined(separator: ","))]"), RowField(ids.isEmpty ? nil : kind)])
    }

    /// A discount of ten percent.
    package static func discount(_ key: Int64, version: Int64, until: Int64) -> PageRow {
        PageRow(.discount, key, version: version, [1000, 1, .integer(until), "x", 1])
    }

    package static func coupon(_ key: Int64, customer: Int64, version: Int64 = 1, units: Int64 = 500_000_000) -> PageRow
    {
        PageRow(
            .coupon, key, version: version,
            [
                .text("k\(key)"), "code", 2, .integer(customer), 1, .integer(units), nil, "USD", 1, 2, 1, nil, nil, 0,
                nil,
            ])
    }

    package static func product(_ key: Int64 = 9) -> PageRow {
        PageRow(.product, key, version: 1, ["p", "Server", "ecs", "Elastic", "vm", nil, nil])
    }

    /// A bill record whose official and payment amounts are `units`.
    package static func bill(
        _ key: Int64, customer: Int64, units: Int64, cycle: Int64 = 202_611, currency: String = "USD",
        version: Int64 = 1
    ) -> PageRow {
        PageRow(
            .billRecord, key, version: version,
            [
                .integer(customer), .integer(cycle), .text("b\(key)"), nil, 5, 3, 9, nil, nil, nil, 1_793_000_000, nil,
                nil, nil,
                .text(currency), .integer(units), 0, .integer(units), 0, 0, 0, 0, 0, 0, 0, nil, nil,
            ])
    }

    /// Writes the row as a server would.
    package func write(to page: inout PageWriter) {
        guard !fields.isEmpty else { return page.append(tombstone: entity, key: key, version: version) }
        page.begin(entity, key: key, version: version)
        for field in fields { field.write(to: &page) }
        page.end()
    }
}

/// How a page stands among the others.
package enum PageEnd: Sendable { case more, last, checkpoint }

/// The bytes of a page as a server writes them.
package func pageBytes(
    _ kind: String, epoch: String, from start: String, to cursor: String, sequence: Int64, _ end: PageEnd,
    _ rows: [PageRow], form: RowForm = .packed
) throws -> [UInt8] {
    var writer = try PageWriter(kind: kind, epoch: epoch, start: start, serverTime: 1, form: form)
    for row in rows {
        if writer.wantsCursor { try writer.append(cursor: "\(cursor)-\(writer.rowCount)") }
        row.write(to: &writer)
    }
    try writer.finish(cursor: cursor, sequence: sequence, more: end == .more, checkpoint: end == .checkpoint)
    return writer.bytes
}
