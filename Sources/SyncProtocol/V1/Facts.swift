package import PartnerModel

extension V1 {
    /// What the judge knew when it held an edit: the content of a conflict's `facts` column. With it the same question can be
    /// put to other rules.
    package struct Facts: Sendable, Hashable, Codable {
        package var association: String
        package var partnerState: String
        package var discountLow: Int?
        package var discountHigh: Int?
        package var now: WireInteger
        package var isFormer: Bool
        package var managedBy: String?
        package var role: String?
        package var used: String?
        package var usedAsOf: WireInteger?
        package var budget: Budget?
        package var freezes: [Freeze]?
        package var madeAt: WireInteger?
        package var rangeHasMoved: Bool
        package var toleratedToday: String
        package var isConfirmed: Bool
        /// Whether the edit's base was intact.
        package var isIntact: Bool
        /// What the guards read.
        package var guards: [Reading]
    }
}

extension V1.Facts {
    package init(_ facts: EditFacts, isIntact: Bool, guards: [V1.Reading]) {
        association = facts.association.rawValue
        partnerState = facts.partnerState.rawValue
        discountLow = facts.discountRange.map { Int($0.lowerBound.value) }
        discountHigh = facts.discountRange.map { Int($0.upperBound.value) }
        now = WireInteger(facts.now.seconds)
        isFormer = facts.isFormer
        managedBy = facts.managedBy
        role = facts.role?.rawValue
        used = facts.used?.exactText
        usedAsOf = facts.usedAsOf.map { WireInteger($0.seconds) }
        budget = facts.budget.map { V1.Budget($0) }
        freezes = facts.freezes.isEmpty ? nil : facts.freezes.map { V1.Freeze($0) }
        madeAt = facts.madeAt.map { WireInteger($0.seconds) }
        rangeHasMoved = facts.rangeHasMoved
        toleratedToday = facts.toleratedToday.exactText
        isConfirmed = facts.isConfirmed
        self.isIntact = isIntact
        self.guards = guards
    }

    /// The domain's facts; a word or number that cannot be read is refused.
    package func facts() throws(WireCoding.Malformed) -> EditFacts {
        guard let association = AssociationType(rawValue: association),
            let partnerState = PartnerState(rawValue: partnerState), let tolerated = Money(toleratedToday)
        else { throw WireCoding.Malformed(why: "the facts of a conflict cannot be read") }
        var range: ClosedRange<BasisPoints>?
        if let low = discountLow, let high = discountHigh, low <= high {
            range = BasisPoints(Int64(low))...BasisPoints(Int64(high))
        }
        var facts = EditFacts(
            association: association, partnerState: partnerState, discountRange: range,
            cycle: BillingCycle(containing: now.value), now: Timestamp(seconds: now.value))
        facts.isFormer = isFormer
        facts.managedBy = managedBy
        facts.role = role.flatMap { MemberRole(rawValue: $0) }
        facts.used = used.flatMap { Money($0) }
        facts.usedAsOf = usedAsOf.map { Timestamp(seconds: $0.value) }
        facts.budget = try budget?.budget()
        var members: [Freeze] = []
        for freeze in freezes ?? [] { members.append(try freeze.freeze()) }
        facts.freezes = members
        facts.madeAt = madeAt.map { Timestamp(seconds: $0.value) }
        facts.rangeHasMoved = rangeHasMoved
        facts.toleratedToday = tolerated
        facts.isConfirmed = isConfirmed
        return facts
    }
}
