/// The kinds of row that the feed carries. Their numbers stand on the wire and in ledgers: new ones go to the end.
package enum Entity: Int, Sendable, CaseIterable {
    case partner, cycle, customer, freezes, budget, usage, contact, discount, manager, label, conflict, coupon
    case product, region, resource, billRecord
    case request, history
    /// A customer's place in the scope: its row is a customer that joined, with the cursor that brings its old records; its
    /// tombstone a customer that left, of which nothing may stay.
    case membership
    /// What the records of one cycle come to over all reseller customers; the key is the cycle's. For members who see the
    /// partner's bills.
    case partnerBill
    /// The partner's consumption quota, one row. For members who see it.
    case quota

    /// The order in which a snapshot sends them: the bulk last.
    package static let snapshotOrder: [Entity] = [
        .partner, .quota, .cycle, .partnerBill, .customer, .freezes, .budget, .usage, .contact, .discount, .manager,
        .label,
        .request, .conflict, .coupon, .product, .region, .resource, .billRecord, .history,
    ]

    /// Where the bulk begins in that order: products, regions, resources, bill records, history. Before it stand the heads.
    package static let bulkPlace = snapshotOrder.firstIndex { !$0.isHead } ?? snapshotOrder.count

    /// Those that both stores keep as rows of a table of their name.
    package static let stored = allCases.filter { $0 != .membership }

    /// What a customer that joins a scope brings at once, all by the customer's key.
    package static let registers: [Entity] = [
        .customer, .freezes, .budget, .usage, .contact, .discount, .manager, .label, .request,
    ]

    /// What it brings after that, by a cursor of its own; each row names its customer in its first column.
    package static let records: [Entity] = [.conflict, .resource, .billRecord, .history]

    /// Name on the wire and of the table in both stores.
    package var name: String {
        switch self {
        case .billRecord: "bill_record"
        case .partnerBill: "partner_bill"
        default: "\(self)"
        }
    }

    /// True for the rows that are small in number and usable before the bill records have come.
    package var isHead: Bool {
        rawValue <= Entity.coupon.rawValue || [.request, .partnerBill, .quota].contains(self)
    }

    /// The columns after key and version, in wire order.
    package var columns: [Column] {
        switch self {
        case .partner:
            [
                .text("name"), .text("state"), .text("currency"), .optionalInteger("discount_low"),
                .optionalInteger("discount_high"),
            ]
        case .cycle: [.text("cycle"), .text("status"), .integer("as_of")]
        case .customer:
            [
                .text("customer_id"), .optionalText("source_id"), .text("account_name"), .text("name"),
                .text("association"),
                .integer("associated_on"), .integer("customer_type"), .text("verified_status"), .optionalText("level"),
                .integer("former"), .optionalText("managed_by"),
            ]
        case .freezes: [.text("freezes"), .optionalText("kind")]
        case .budget:
            [
                .optionalInteger("amount"), .optionalText("type"), .optionalText("on_exhaustion"), .text("set_by"),
                .integer("set_at"),
            ]
        case .usage: [.integer("amount"), .integer("as_of")]
        case .contact: [.optionalText("phone"), .optionalText("country_code"), .optionalText("email")]
        case .discount:
            [
                .optionalInteger("percent_bp"), .optionalInteger("valid_from"), .optionalInteger("valid_until"),
                .text("set_by"), .integer("set_at"),
            ]
        case .manager: [.optionalText("account_name")]
        case .label: [.optionalText("label")]
        case .conflict:
            [
                .integer("customer"), .text("register"), .text("replica"), .integer("edit"), .text("status"),
                .text("intent"),
                .text("base"), .text("theirs"), .integer("theirs_version"), .text("mine_by"),
                .optionalText("theirs_by"),
                .text("rule"), .integer("rules_version"), .integer("held_at"), .optionalText("choice"),
                .optionalText("decided_by"), .optionalInteger("decided_at"), .optionalText("outcome"),
                .optionalInteger("outcome_version"), .optionalInteger("deadline"), .optionalText("fallback"),
                .optionalText("facts"), .optionalInteger("theirs_at"), .optionalText("decision_reason"),
            ]
        case .request:
            [
                .optionalText("purpose"), .optionalText("status"), .optionalText("reason"),
                .optionalInteger("requested_at"),
                .optionalText("decided_by"), .optionalInteger("decided_at"),
            ]
        case .history:
            [
                .integer("customer"), .integer("at"), .text("register"), .text("author"), .text("action"),
                .text("before"), .text("after"), .text("rule"), .integer("rules_version"), .optionalText("replica"),
                .optionalInteger("edit"), .optionalText("note"), .optionalText("asked"),
            ]
        case .coupon:
            [
                .text("coupon_id"), .text("code"), .integer("status"), .optionalInteger("customer"), .integer("type"),
                .integer("face_value"), .optionalInteger("balance"), .text("currency"), .integer("valid_from"),
                .integer("expires"), .integer("coupon_version"), .optionalText("plan_name"), .optionalText("usage"),
                .integer("is_frozen"), .optionalText("source_id"),
            ]
        case .product:
            [
                .text("product_id"), .text("name"), .text("service_code"), .text("service_name"),
                .text("resource_type_code"), .optionalText("resource_type_name"), .optionalText("spec"),
            ]
        case .membership: [.text("cursor"), .integer("record_count")]
        case .partnerBill:
            // Sums may be larger than an amount can be, so they are exact decimal texts with eight places.
            [.text("currency"), .integer("record_count"), .integer("other_count")]
                + Entity.summedAmounts.map { .text($0) }
        case .quota: [.integer("amount"), .integer("used"), .text("currency"), .integer("as_of")]
        case .region: [.text("code"), .text("name")]
        case .resource: [.integer("customer"), .text("resource_id"), .optionalText("name")]
        case .billRecord:
            [
                .integer("customer"), .integer("cycle"), .text("bill_id"), .optionalText("trade_id"),
                .integer("bill_type"),
                .integer("charging_mode"), .integer("product"), .optionalInteger("region"),
                .optionalInteger("resource"),
                .optionalInteger("trade_time"), .integer("consume_time"), .optionalText("usage_type"),
                .optionalText("usage_amount"), .optionalText("usage_unit"), .text("currency"),
                .integer("official_amount"),
                .integer("discount_amount"), .integer("payment_amount"), .integer("cash_amount"),
                .integer("credit_amount"),
                .integer("coupon_amount"), .integer("flexi_amount"), .integer("stored_value_amount"),
                .integer("debt_amount"),
                .integer("writeoff_amount"), .optionalInteger("period_type"), .optionalInteger("period_count"),
            ]
        }
    }

    /// The amounts of a bill record that a partner's bill sums, by the names that the sums have.
    package static let summedAmounts = ["official", "discount", "payment", "cash", "credit", "coupon", "debt"]

    /// How many of the columns every peer sends. Those after them came later; a page without them holds null there.
    var columnsAlwaysSent: Int { self == .history ? columns.count - 1 : columns.count }

    /// The entity of a wire name; nil for one that this build does not know.
    package static func named(_ name: String) -> Entity? { allCases.first { $0.name == name } }
}

/// A column of an entity: 64-bit integer or UTF-8 text. Money is an integer of 10^-8, a moment is seconds since 1970
/// UTC, a cycle is YYYYMM, a share is hundredths of a percent.
package struct Column: Sendable, Hashable {
    /// What the values of a column are.
    package enum Kind: Sendable, Hashable { case integer, text }
    package let name: String
    package let kind: Kind
    package let isOptional: Bool

    /// A column of integers.
    package static func integer(_ name: String) -> Column { Column(name: name, kind: .integer, isOptional: false) }
    /// A column of integers or null.
    package static func optionalInteger(_ name: String) -> Column {
        Column(name: name, kind: .integer, isOptional: true)
    }
    /// A column of texts.
    package static func text(_ name: String) -> Column { Column(name: name, kind: .text, isOptional: false) }
    /// A column of texts or null.
    package static func optionalText(_ name: String) -> Column { Column(name: name, kind: .text, isOptional: true) }
}
