import PartnerModel

extension ExportTable {
    /// Registers of a customer in the order of the export; what is worked out of them are a pending value and its
    /// state.
    static let pendingRegisters: [Register] = [.budget, .freezes, .discount, .manager, .label, .request]

    /// What stands before the pending values among what is worked out: phone and mail.
    static let contactCells = 2

    /// Customers with their registers, confirmed and pending apart. Gives beside it the places of phone, country code
    /// and mail in the query.
    static func customers() -> (table: ExportTable, contact: [Int]) {
        var table = ExportTable(key: "c.key", tables: customerTables)
        table.add("key", "c.key", .integer)
        for name in ["customer_id", "source_id", "account_name", "name", "association"] { table.add(name, "c.\(name)") }
        table.add("former", "c.former", .flag)
        table.add("associated_on", "c.associated_on", .time)
        table.add("level", "c.level")
        table.add("managed_by", "c.managed_by")
        table.add("phone", worked: 0)
        table.add("email", worked: 1)
        table.add("currency", "(SELECT currency FROM partner WHERE key = 1)")
        table.add("budget", "b.amount", .money)
        table.add("budget_type", "b.type")
        table.add("budget_on_exhaustion", "b.on_exhaustion")
        table.add("budget_basis", "CASE WHEN b.amount IS NOT NULL THEN 'list price' END")
        table.addPending(of: .budget)
        table.add("used", "u.amount", .money)
        table.add("used_basis", "CASE WHEN u.amount IS NOT NULL THEN 'list price' END")
        table.add("used_as_of", "u.as_of", .time)
        table.add("freezes", "f.kind")
        table.add("freezes_document", document("f.freezes"), .document)
        table.addPending(of: .freezes)
        table.add("discount", "d.percent_bp", .percent)
        table.add("discount_from", "d.valid_from", .time)
        table.add("discount_until", "d.valid_until", .time)
        table.addPending(of: .discount)
        table.add("manager", "m.account_name")
        table.addPending(of: .manager)
        table.add("label", "l.label")
        table.addPending(of: .label)
        table.add("request", "q.status")
        table.add("request_purpose", "q.purpose")
        table.add("request_at", "q.requested_at", .time)
        table.addPending(of: .request)
        let contact = ["t.phone", "t.country_code", "t.email"].map { table.hidden($0) }
        return (table, contact)
    }

    private mutating func addPending(of register: Register) {
        guard let place = ExportTable.pendingRegisters.firstIndex(of: register) else { return }
        let name = register.rawValue
        add("\(name)_pending", worked: ExportTable.contactCells + 2 * place)
        add("\(name)_pending_state", worked: ExportTable.contactCells + 2 * place + 1)
    }

    private static let customerTables = """
        customer c LEFT JOIN budget b ON b.key = c.key LEFT JOIN usage u ON u.key = c.key
        LEFT JOIN freezes f ON f.key = c.key LEFT JOIN discount d ON d.key = c.key
        LEFT JOIN manager m ON m.key = c.key LEFT JOIN label l ON l.key = c.key LEFT JOIN request q ON q.key = c.key
        LEFT JOIN contact t ON t.key = c.key
        """

    /// Coupons without their codes, which no list shows either.
    static func coupons() -> ExportTable {
        var table = ExportTable(key: "k.key", tables: "coupon k LEFT JOIN customer c ON c.key = k.customer")
        table.add("coupon_id", "k.coupon_id")
        table.add("state", couponStates)
        table.add("status", "k.status", .integer)
        table.add("customer_id", "c.customer_id")
        table.add("account_name", "c.account_name")
        table.add("customer", "c.name")
        table.add("type", "k.type", .integer)
        table.add("currency", "k.currency")
        table.add("face_value", "k.face_value", .money)
        table.add("balance", "k.balance", .money)
        table.add("valid_from", "k.valid_from", .time)
        table.add("expires", "k.expires", .time)
        table.add("plan", "k.plan_name")
        table.add("usage", "k.usage")
        table.add("frozen", "k.is_frozen", .flag)
        return table
    }

    /// The vendor's coupon states in the words of the lists.
    private static let couponStates = """
        CASE k.status WHEN 1 THEN 'not activated' WHEN 2 THEN 'usable' WHEN 3 THEN 'used' WHEN 4 THEN 'expired'
            WHEN 5 THEN 'reclaimed' ELSE 'state ' || k.status END
        """

    /// What was decided about customers, in the server's order. `replica` is this one's.
    static func history(replica: String?) -> ExportTable {
        var table = ExportTable(key: "h.key", tables: "history h LEFT JOIN customer c ON c.key = h.customer")
        table.add("at", "h.at", .time)
        table.add("customer_id", "c.customer_id")
        table.add("account_name", "c.account_name")
        table.add("customer", "c.name")
        table.add("register", "h.register")
        table.add("action", "h.action")
        table.add("author", "h.author")
        table.add("before", document("h.before"), .document)
        table.add("after", document("h.after"), .document)
        table.add("asked", document("h.asked"), .document)
        table.add("rule", "h.rule")
        table.add("rules_version", "h.rules_version", .integer)
        // Our own id is 32 hex digits; anything else is left out rather than written into a query.
        let isHex = replica?.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) } ?? false
        let own = isHex ? "h.replica = '\(replica ?? "")'" : "0"
        table.add("own_edit", "CASE WHEN \(own) THEN h.edit END", .integer)
        table.add("reason", "h.note")
        return table
    }

    /// A stored document; one that is none becomes a text, so that what holds it stays JSON.
    private static func document(_ column: String) -> String {
        """
        CASE WHEN \(column) IS NULL THEN NULL WHEN json_valid(\(column)) THEN json(\(column))
            ELSE json_quote(\(column)) END
        """
    }
}
