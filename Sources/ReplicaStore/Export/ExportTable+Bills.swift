import PartnerModel

extension ExportTable {
    private static let billTables = """
        bill_record r LEFT JOIN customer c ON c.key = r.customer LEFT JOIN cycle cy ON cy.key = r.cycle
        LEFT JOIN product p ON p.key = r.product LEFT JOIN region g ON g.key = r.region
        LEFT JOIN resource s ON s.key = r.resource
        """

    /// Of one customer the records go by cycle, because its index does; otherwise by key. Neither needs a sort.
    private init(billsOfOneCustomer isOne: Bool) {
        self.init(key: "r.key", after: isOne ? "r.cycle" : nil, tables: ExportTable.billTables)
    }

    /// Every amount of a bill record with what it stands on.
    static func bills(ofOneCustomer isOne: Bool) -> ExportTable {
        var table = ExportTable(billsOfOneCustomer: isOne)
        table.add("bill_id", "r.bill_id")
        table.add("trade_id", "r.trade_id")
        table.add("customer_id", "c.customer_id")
        table.add("source_id", "c.source_id")
        table.add("account_name", "c.account_name")
        table.add("customer", "c.name")
        table.add("cycle", "cy.cycle")
        table.add("status", "cy.status")
        table.add("as_of", "cy.as_of", .time)
        table.add("bill_type", "r.bill_type", .integer)
        table.add("class", classes)
        table.add("charging_mode", "r.charging_mode", .integer)
        table.add("service_code", "p.service_code")
        table.add("service", "p.service_name")
        table.add("product_id", "p.product_id")
        table.add("product", "p.name")
        table.add("resource_type", "p.resource_type_code")
        table.add("region_code", "g.code")
        table.add("region", "g.name")
        table.add("resource_id", "s.resource_id")
        table.add("resource", "s.name")
        table.add("trade_time", "r.trade_time", .time)
        table.add("consume_time", "r.consume_time", .time)
        table.add("usage_type", "r.usage_type")
        table.add("usage_amount", "r.usage_amount")
        table.add("usage_unit", "r.usage_unit")
        table.add("currency", "r.currency")
        table.add("official", "r.official_amount", .money)
        table.add("official_basis", always: "list price")
        for name in ["discount", "payment", "cash", "credit", "coupon", "flexi", "stored_value", "debt", "writeoff"] {
            table.add(name, "r.\(name)_amount", .money)
            if name == "payment" { table.add("payment_basis", always: "settlement price") }
        }
        table.add("period_type", "r.period_type", .integer)
        table.add("period_count", "r.period_count", .integer)
        return table
    }

    /// The vendor's class of a bill type; null for one that its tables do not name.
    private static let classes: String = {
        let cases = BillClass.allCases.map { value in
            let types = (0...255).filter { BillClass(billType: $0) == value }.map { "\($0)" }
            return "WHEN r.bill_type IN (\(types.joined(separator: ", "))) THEN '\(value.rawValue)'"
        }
        return "CASE \(cases.joined(separator: " ")) END"
    }()

    // MARK: FOCUS

    /// The columns of FOCUS 1.0 (FinOps Open Cost and Usage Specification, version 1.0, section "Columns": 43, by name)
    /// and after them our own, which begin with `x_` as its section "Column Naming and Ordering" asks. What a bill
    /// record does not say is null, also where the specification allows none (ContractedCost, EffectiveCost,
    /// ChargePeriodEnd, the names of companies): a guess would be worse.
    ///
    /// `partner` and `partnerName` are the billing account.
    static func focus(ofOneCustomer isOne: Bool, partner: String?, partnerName: String?) -> ExportTable {
        var table = ExportTable(billsOfOneCustomer: isOne)
        for name in focusColumns {
            if let (sql, form) = focusValues[name] {
                table.add(name, sql, form)
            } else {
                let known = ["BillingAccountId": partner, "BillingAccountName": partnerName]
                table.add(name, always: known[name] ?? nil)
            }
        }
        table.add("x_BillId", "CASE WHEN r.bill_id LIKE 'focus:%' THEN substr(r.bill_id, 7) ELSE r.bill_id END")
        table.add("x_BillType", "r.bill_type", .integer)
        table.add("x_ChargingMode", "r.charging_mode", .integer)
        table.add("x_CycleStatus", "cy.status")
        table.add("x_CycleAsOf", "cy.as_of", .time)
        table.add("x_ServiceCode", "p.service_code")
        return table
    }

    private static let focusColumns = [
        "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency",
        "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription",
        "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountCategory",
        "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountStatus", "CommitmentDiscountType",
        "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost",
        "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit",
        "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType",
        "ServiceCategory", "ServiceName", "SkuId", "SkuPriceId", "SubAccountId", "SubAccountName", "Tags",
    ]

    /// The words of the specification for ServiceCategory.
    private static let serviceCategories = [
        "AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools",
        "Identity", "Integration", "Internet of Things", "Management and Governance", "Media", "Migration", "Mobile",
        "Multicloud", "Networking", "Other", "Security", "Storage", "Web",
    ]

    private static let focusValues: [String: (sql: String, form: ExportForm)] = [
        "BilledCost": ("r.payment_amount", .money), "ListCost": ("r.official_amount", .money),
        "BillingCurrency": ("r.currency", .text),
        "BillingPeriodStart": ("r.cycle", .cycleStart), "BillingPeriodEnd": ("r.cycle", .cycleEnd),
        "ChargeCategory": (categories, .text), "ChargeDescription": ("nullif(p.name, '')", .text),
        "ChargePeriodStart": ("r.consume_time", .time),
        "ConsumedQuantity": ("r.usage_amount", .text), "ConsumedUnit": ("r.usage_unit", .text),
        "RegionId": ("g.code", .text), "RegionName": ("g.name", .text),
        "ResourceId": ("s.resource_id", .text), "ResourceName": ("s.name", .text),
        "ResourceType": ("p.resource_type_name", .text),
        "ServiceCategory": (
            "CASE WHEN p.service_code IN ('\(serviceCategories.joined(separator: "', '"))') THEN p.service_code END",
            .text
        ),
        "ServiceName": ("p.service_name", .text),
        // A product that a file gave no id has one of ours.
        "SkuPriceId": ("CASE WHEN p.product_id NOT LIKE 'focus:%' THEN p.product_id END", .text),
        "SubAccountId": ("coalesce(c.source_id, c.customer_id)", .text), "SubAccountName": ("c.name", .text),
    ]

    /// ChargeCategory: as a file said it, else by the vendor's bill type.
    private static let categories = """
        CASE WHEN r.usage_type IN ('Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment') THEN r.usage_type
            WHEN r.bill_type IN (5, 12, 18, 103) THEN 'Usage' WHEN r.bill_type IN (1, 2, 3, 8, 14) THEN 'Purchase'
            WHEN r.bill_type IN (15, 100, 101, 102) THEN 'Tax' WHEN r.bill_type = 9 THEN 'Credit' ELSE 'Adjustment' END
        """
}
