import PartnerModel
import PropertyKit
import SyncProtocol

@testable import SyncLab

/// What members ask for, what others change, and what must be so, in every form.
extension ScenarioMaker {
    func wish(_ choices: inout Choices) -> Wish {
        let name = customer(&choices)
        switch choices.int(in: 0...8) {
        case 0:
            return .budget(
                name, cents: ScenarioMaker.cents(&choices),
                type: choices.bool() ? choices.element(of: BudgetType.allCases) : nil,
                action: choices.bool() ? choices.element(of: ExhaustionAction.allCases) : nil, thisCycle: choices.bool()
            )
        case 1: return .adjust(name, cents: ScenarioMaker.cents(&choices))
        case 2:
            return .freeze(
                name, choices.element(of: FreezeKind.allCases), reason: ScenarioMaker.text(&choices))
        case 3: return .unfreeze(name, choices.element(of: FreezeKind.allCases))
        case 4:
            return .discount(
                name, basisPoints: choices.int64(in: 0...1_000_000), days: choices.int(in: 0...3650))
        case 5: return .cancelDiscount(name)
        case 6: return .manager(name, account(&choices))
        case 7: return .label(name, choices.bool() ? ScenarioMaker.text(&choices) : nil)
        default: return .request(name, approve: choices.bool())
        }
    }

    func decision(_ choices: inout Choices) -> Decision {
        switch choices.int(in: 0...4) {
        case 0: .mine
        case 1: .theirs
        case 2: .budget(cents: ScenarioMaker.cents(&choices))
        case 3: .discount(basisPoints: choices.int64(in: 0...1_000_000))
        default: .freeze(choices.element(of: FreezeKind.allCases))
        }
    }

    func systemWrite(_ choices: inout Choices) -> SystemWrite {
        let name = customer(&choices)
        let cents = ScenarioMaker.cents(&choices)
        switch choices.int(in: 0...22) {
        case 0: return .usage(name, cents: cents)
        case 1:
            return .freeze(name, choices.element(of: FreezeCause.allCases), choices.element(of: FreezeKind.allCases))
        case 2: return .unfreeze(name)
        case 3: return .budget(name, cents: cents)
        case 4: return .discount(name, basisPoints: choices.int64(in: 0...1_000_000))
        case 5: return .bill(name, cents: cents)
        case 6: return .bills(name, count: choices.int(in: 1...ScenarioParser.billsMax))
        case 7: return .correctBill(name)
        case 8: return .removeBill(name)
        case 9: return .rename(name, ScenarioMaker.text(&choices))
        case 10: return .closeCycle
        case 11: return .partner(choices.element(of: PartnerState.allCases))
        case 12: return .leave(name)
        case 13: return .join(name)
        default: return others(name, &choices)
        }
    }

    private func others(_ name: String, _ choices: inout Choices) -> SystemWrite {
        switch choices.int(in: 0...10) {
        case 9, 10: return accountWrite(&choices)
        case 0: return .touchAll
        case 1: return .association(name, choices.element(of: AssociationType.allCases))
        case 2: return .delegate(name, to: account(&choices))
        case 3:
            let low = choices.int64(in: 0...500_000)
            return .range(choices.bool() ? low...low + choices.int64(in: 0...500_000) : nil)
        case 4: return .request(name, choices.element(of: RequestPurpose.allCases))
        case 5: return .manager(name, account(&choices))
        case 6: return .label(name, choices.bool() ? ScenarioMaker.text(&choices) : nil)
        case 7: return .resetMonth
        default: return .release(name, choices.element(of: FreezeCause.allCases))
        }
    }

    private func account(_ choices: inout Choices) -> String? { choices.element(of: ["north-it", "zoe", nil]) }

    func expectation(_ choices: inout Choices) -> Expectation {
        let name = member(&choices)
        let customer = customer(&choices)
        let number = choices.int(in: 0...1000)
        let cents = choices.bool() ? ScenarioMaker.cents(&choices) : nil
        switch choices.int(in: 0...20) {
        case 0:
            let words = ["saved", "held", "dead", "refused"] + ResultCode.allCases.map(\.rawValue)
            return .edit(name, max(1, number), choices.element(of: words))
        case 1: return .refused(name, code: "FB.EXPIRED")
        case 2: return .budget(customer, cents: cents)
        case 3: return .discount(customer, basisPoints: cents.map { abs($0) % 1_000_001 })
        case 4: return .freezes(customer, number)
        case 5: return .sees(name, customer: customer, cents: cents)
        case 6: return .seesFreezes(name, customer: customer, number)
        case 7: return .conflicts(number)
        case 8: return .unsettled(name, number)
        case 9: return .phase(name, "needs-person")
        case 10: return .agreement
        default: return furtherExpectation(name, customer, &choices)
        }
    }

    private func furtherExpectation(_ name: String, _ customer: String, _ choices: inout Choices) -> Expectation {
        let number = choices.int(in: 1...1000)
        let text = choices.bool() ? ScenarioMaker.text(&choices) : nil
        switch choices.int(in: 0...9) {
        case 0: return .rule(name, number, "hold")
        case 1: return .reason(name, number, "FB.EXPIRED")
        case 2: return .warned(name, number, "spent")
        case 3: return .manager(customer, account(&choices))
        case 4: return .label(customer, text)
        case 5: return .request(customer, choices.element(of: RequestStatus.allCases))
        case 6: return .former(customer, choices.bool())
        case 7:
            return .seesDiscount(
                name, customer: customer, basisPoints: choices.bool() ? choices.int64(in: 0...1_000_000) : nil)
        case 8: return .seesManager(name, customer: customer, account(&choices))
        default: return .seesLabel(name, customer: customer, text)
        }
    }
}
