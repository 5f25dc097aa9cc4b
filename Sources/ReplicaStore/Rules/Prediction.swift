import ConflictRules
import Diagnostics
import PartnerModel
import SQLiteKit
package import SyncProtocol

/// What this replica expects of an edit, by the server's own rules on what is known here. Kept with the edit, so that a
/// result that came out otherwise can be explained.
package struct Prediction: Sendable, Hashable, Codable {
    package let code: ResultCode
    /// The rule that decides.
    package let rule: String
    package let rulesVersion: Int
    /// Seconds since 1970 by the device when it was predicted.
    package let at: Int64

    package init(code: ResultCode, rule: String, rulesVersion: Int, at: Int64) {
        self.code = code
        self.rule = rule
        self.rulesVersion = rulesVersion
        self.at = at
    }

    /// Whether a result says something else. Transient results say nothing yet.
    package func differs(from result: V1.Result) -> Bool {
        guard result.code.isTerminal || result.code == .held else { return false }
        return result.code != code || result.rule.map { $0 != rule } ?? false
    }
}

/// Puts an edit to the rules as the server would, with what the image knows.
struct Predictor {
    let image: ImageRows
    let rules: RuleSet
    let identity: ReplicaIdentity
    /// When the image was last known to be the server's, by the device; the author saw no newer one.
    let checkpointAt: Int64?
    let now: Int64

    /// What the rules make of an edit of a customer, after the pending ones of that customer that were made before.
    func judge(
        _ intent: EditIntent, before: RegisterState, current: RegisterState, isIntact: Bool, madeAt: Int64?,
        _ customer: Customer, after earlier: [OutboxEdit]
    ) throws -> Judgement {
        var facts = try facts(of: customer, after: earlier)
        facts.madeAt = madeAt.map { Timestamp(seconds: $0) }
        return rules.judge(
            RuleQuestion(intent: intent, before: before, current: current, isIntact: isIntact, facts: facts))
    }

    /// What is to be expected of an edit that is about to be sent; nil for one that can't be foretold: a decision, or one
    /// whose customer is not here any more. `earlier` are the pending edits of the same customer with lower numbers.
    /// `madeAt` is when its author began what it asks for, by the device.
    func prediction(of edit: OutboxEdit, madeAt: Int64, after earlier: [OutboxEdit]) throws -> Prediction? {
        guard edit.register != .conflict, let customer = try image.customer(edit.customer),
            let footing = try Footing(edit)
        else { return nil }
        return prediction(try judge(edit.intent, on: footing, madeAt: madeAt, customer, after: earlier))
    }

    /// What the rules make of an edit that stands on `footing` when it arrives at what is known here.
    func judge(
        _ intent: EditIntent, on footing: Footing, madeAt: Int64, _ customer: Customer, after earlier: [OutboxEdit]
    ) throws -> Judgement {
        let (confirmed, version) = try image.register(intent.register, of: customer.key)
        let sameRegister = earlier.filter { $0.register == intent.register }
        let current = Overlay.lay(sameRegister, over: confirmed, version: version).visible
        var isIntact = footing.base == version
        // What a predecessor came to is what this one was made upon.
        let predecessor = footing.predecessor.flatMap { number in earlier.last { $0.number == number } }
        if let result = predecessor?.result, let reached = result.version?.value {
            isIntact = reached >= version.value && result.baseWasIntact
        }
        return try judge(
            intent, before: footing.before, current: current, isIntact: isIntact, madeAt: madeAt, customer,
            after: earlier)
    }

    /// The short form that is kept.
    func prediction(_ judgement: Judgement) -> Prediction {
        Prediction(code: judgement.code, rule: judgement.rule, rulesVersion: rules.version, at: now)
    }

    /// What guards look at. What an edit finds on the registers beside its own is what the edits before it make of
    /// them: an unfreeze after a raise is judged on the raised budget. A held edit makes nothing of them yet.
    func facts(of customer: Customer, after earlier: [OutboxEdit]) throws -> EditFacts {
        let partner = try image.partnerState()
        var facts = EditFacts(
            association: customer.association, partnerState: partner?.state ?? .active,
            discountRange: partner?.discountRange, cycle: BillingCycle(containing: now), now: Timestamp(seconds: now))
        facts.isFormer = customer.isFormer
        facts.managedBy = customer.managedBy
        facts.role = identity.role.flatMap(MemberRole.init(rawValue:))
        facts.madeAt = checkpointAt.map { Timestamp(seconds: $0) }
        if let usage = try image.usage(of: customer.key) {
            (facts.used, facts.usedAsOf) = (usage.used, Timestamp(seconds: usage.asOf))
        }
        if case .budget(let budget) = try standing(.budget, customer, earlier) { facts.budget = budget }
        if case .freezes(let freezes) = try standing(.freezes, customer, earlier) { facts.freezes = freezes }
        return facts
    }

    private func standing(_ register: Register, _ customer: Customer, _ earlier: [OutboxEdit]) throws -> RegisterState {
        let (confirmed, version) = try image.register(register, of: customer.key)
        let laid = earlier.filter { $0.register == register && $0.state != .held }
        return Overlay.lay(laid, over: confirmed, version: version).visible
    }
}

extension Judgement {
    /// The code that the server's result would have.
    var code: ResultCode {
        switch outcome {
        case .apply(_, let isAsAsked): isAsAsked ? .applied : .merged
        case .noop: .noop
        case .overruled: .overruled
        case .hold: .held
        case .rejected: .rejected
        case .expired: .expired
        case .forbidden: .forbidden
        case .needsStepUp: .needsStepUp
        }
    }

    /// Why an edit is refused; nil when it is not.
    var refusal: LimitViolation? {
        switch outcome {
        case .rejected(let violation), .expired(let violation), .forbidden(let violation): violation
        case .apply, .noop, .overruled, .hold, .needsStepUp: nil
        }
    }
}
