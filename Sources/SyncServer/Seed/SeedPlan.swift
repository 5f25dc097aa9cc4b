package import PartnerModel

/// What to generate. The same plan gives the same rows, on any machine and for ever.
package struct SeedPlan: Sendable, Hashable {
    package let customers: Int
    package let bills: Int
    package let coupons: Int
    /// Bill records that the first customer has beside its share of the others.
    package let largest: Int
    package let seed: UInt64
    /// The cycle that is still an estimate; the five before it are closed.
    package let openCycle: BillingCycle

    package init(
        customers: Int, bills: Int, coupons: Int, largest: Int = 0, seed: UInt64, openCycle: BillingCycle
    ) {
        self.largest = largest
        self.customers = customers
        self.bills = bills
        self.coupons = coupons
        self.seed = seed
        self.openCycle = openCycle
    }

    package static var defaultCycle: BillingCycle {
        guard let cycle = BillingCycle(year: 2026, month: 11) else { preconditionFailure("2026-11 is a cycle") }
        return cycle
    }
}

/// Words that generated rows are made of. Codes follow the vendor's forms; names are invented.
enum SeedWords {
    static let names = [
        "Atlas Freight", "Bluebird Clinics", "Cedar & Sons", "Delta Foods", "Evergreen Schools", "华云科技有限公司", "上海晨星贸易",
        "株式会社みどり", "대한물류", "ООО Северный Ветер", "Агро Союз", "شركة النور", "Café Müller GmbH", "Łódź Systemy",
        "São João Energia", "Ñandú Turismo", "Harbour Light", "Kestrel Analytics", "Nordlys AS", "Ὀλυμπία Ναυτιλιακή",
    ]
    /// Accounts of account managers. A member of such a name is one of them.
    static let managers = ["mona", "li.wei", "ibrahim"]
    static let services: [(code: String, name: String, resource: String, resourceName: String, spec: String)] = [
        ("hws.service.type.ec2", "Elastic Cloud Server", "hws.resource.type.vm", "Cloud server", "s6.large.2.linux"),
        ("hws.service.type.ebs", "Elastic Volume Service", "hws.resource.type.volume", "Disk", "SAS"),
        ("hws.service.type.obs", "Object Storage Service", "hws.resource.type.obs", "Storage", "STANDARD"),
        ("hws.service.type.vpc", "Virtual Private Cloud", "hws.resource.type.bandwidth", "Bandwidth", "19_bgp"),
        (
            "hws.service.type.rds", "Relational Database Service", "hws.resource.type.rds.vm", "Database instance",
            "rds.mysql.n1.large.2"
        ),
        ("hws.service.type.cce", "Cloud Container Engine", "hws.resource.type.cce.cluster", "Cluster", "cce.s1.small"),
    ]
    static let regions = [
        ("ap-southeast-1", "CN-Hong Kong"), ("ap-southeast-3", "AP-Singapore"), ("eu-west-101", "EU-Dublin"),
        ("la-south-2", "LA-Santiago"),
    ]
    static let freezeReasons = ["invoice 90 days late", "fraud suspected", "asked by the customer", "contract ended"]
}
