import ConflictRules
import LedgerStore
import PartnerModel
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// What an edit stands on: its base, the edits before it, and the facts of its customer.
extension Judge {
    enum Standing {
        case intact(Bool)
        case unknownPredecessor, waits
        case refused(Int64)
    }

    /// Whether the base is intact, or why the edit can't be judged now or at all.
    func standing(_ edit: V1.Edit, current: Version, _ asker: Asker) throws -> Standing {
        #if FIELDBOOK_DEFECTS
        let dependsOn = Defect.planted == .dependentActsAlone ? nil : edit.dependsOn
        #else
        let dependsOn = edit.dependsOn
        #endif
        if let number = dependsOn?.value {
            switch try fate(of: number, asker) {
            case .unknown: return .unknownPredecessor
            case .waits: return .waits
            case .refused: return .refused(number)
            case .tookEffect: break
            }
        }
        guard let number = edit.predecessor?.value else { return .intact(edit.base.value == current.value) }
        switch try fate(of: number, asker) {
        case .unknown: return .unknownPredecessor
        case .waits: return .waits
        case .refused: return .refused(number)
        case .tookEffect(let version, let wasIntact):
            #if FIELDBOOK_DEFECTS
            if Defect.planted == .stackedOnTrunk { return .intact(edit.base.value == current.value) }
            #endif
            return .intact(version == current.value && wasIntact)
        }
    }

    private enum Fate {
        case unknown, waits, refused
        case tookEffect(version: Int64?, wasIntact: Bool)
    }

    private func fate(of number: Int64, _ asker: Asker) throws -> Fate {
        guard let before = try writer.result(replica: asker.replica, number: number)?.result else { return .unknown }
        switch before.code {
        case .held, .retry, .blocked, .needsStepUp: return .waits
        case .rejected, .forbidden, .unsupported, .expired, .overruled: return .refused
        case .applied, .merged, .noop:
            return .tookEffect(version: before.version?.value, wasIntact: before.baseWasIntact)
        }
    }

    /// What the rules may ask about an edit; nil when the customer is unknown.
    func facts(of customer: CustomerKey, _ edit: V1.Edit, _ asker: Asker) throws -> EditFacts? {
        guard let standing = try writer.standing(of: customer) else { return nil }
        let partner = try writer.partner()
        var facts = EditFacts(
            association: standing.association, partnerState: partner.state, discountRange: partner.discountRange,
            cycle: BillingCycle(containing: now.seconds), now: now)
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .deviceClockDecides {
            facts.cycle = BillingCycle(containing: edit.deviceTime.value)
            facts.now = Timestamp(seconds: edit.deviceTime.value)
        }
        #endif
        facts.isFormer = standing.isFormer
        facts.managedBy = standing.managedBy
        facts.role = asker.role
        facts.isConfirmed = asker.confirmed == edit.number.value
        if let usage = try writer.usage(of: customer) { (facts.used, facts.usedAsOf) = (usage.amount, usage.asOf) }
        if case .budget(let budget) = try writer.register(.budget, of: customer).state { facts.budget = budget }
        if case .freezes(let freezes) = try writer.register(.freezes, of: customer).state { facts.freezes = freezes }
        if let seen = writer.seen(edit.madeUpon) {
            facts.madeAt = seen.at
            facts.rangeHasMoved = try writer.partnerVersion().value > seen.sequence
        }
        let tolerant = rules.toleranceCases
        if !tolerant.isEmpty {
            let midnight = now.seconds - (now.seconds + 8 * 3600) % 86_400
            facts.toleratedToday = try writer.tolerated(
                customer, by: asker.account, rules: tolerant, since: Timestamp(seconds: midnight))
        }
        return facts
    }
}
