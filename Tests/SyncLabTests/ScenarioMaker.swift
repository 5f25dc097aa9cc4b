import PartnerModel
import PropertyKit
import SyncEngine
import SyncProtocol

@testable import SyncLab

/// Draws scenarios that a file can say, with every form of every word.
struct ScenarioMaker {
    private(set) var scenario = Scenario()
    private var members: [String] { scenario.members.map(\.name) }

    static func scenario(_ choices: inout Choices) -> Scenario {
        var maker = ScenarioMaker()
        maker.make(&choices)
        return maker.scenario
    }

    private mutating func make(_ choices: inout Choices) {
        scenario.title = ScenarioMaker.text(&choices)
        if choices.bool() { scenario.incident = ScenarioMaker.text(&choices) }
        if choices.bool(percent: 20) { scenario.focus = ScenarioMaker.text(&choices) }
        for index in 0...choices.int(in: 0...3) {
            var customer = Scenario.Customer(
                name: "customer-\(index)", association: choices.element(of: AssociationType.allCases))
            if choices.bool() { customer.budgetCents = ScenarioMaker.cents(&choices) }
            if choices.bool() { customer.discountBasisPoints = choices.int64(in: 0...1_000_000) }
            customer.bills = choices.int(in: 0...ScenarioParser.billsMax)
            scenario.customers.append(customer)
        }
        for index in 0...choices.int(in: 1...7) { addMember("m\(index)", &choices) }
        let steps = choices.int(in: 0...40)
        for _ in 0..<steps {
            let action = action(&choices)
            if case .bothOrders = action, scenario.bothOrders != nil { continue }
            scenario.steps.append(Scenario.Step(line: 0, action: action))
        }
    }

    private mutating func addMember(_ name: String, _ choices: inout Choices) {
        var member = Scenario.Member(name: name, account: name, role: choices.element(of: MemberRole.allCases))
        if choices.bool(percent: 30), let first = scenario.members.first {
            (member.account, member.role, member.customers) = (first.account, first.role, first.customers)
        } else if member.role == .manager {
            for customer in scenario.customers where choices.bool() { member.customers.append(customer.name) }
        }
        scenario.members.append(member)
    }

    // MARK: Values

    static func text(_ choices: inout Choices) -> String {
        let text = choices.text(count: 1...30).filter { $0 != "\"" }
        return text.isEmpty ? "x" : text
    }

    static func cents(_ choices: inout Choices) -> Int64 { choices.int64(in: -999_999_999_999...999_999_999_999) }
    private func write(_ choices: inout Choices) -> Int? { choices.bool() ? choices.int(in: 1...1_000_000) : nil }
    private func seconds(_ choices: inout Choices) -> Int {
        choices.int(in: 0...100) * choices.element(of: [1, 60, 3600])
    }
    private func member(_ choices: inout Choices) -> String { choices.element(of: members) }
    private func customer(_ choices: inout Choices) -> String { choices.element(of: scenario.customers.map(\.name)) }

    // MARK: Actions

    private func action(_ choices: inout Choices) -> Action {
        let name = member(&choices)
        switch choices.int(in: 0...29) {
        case 0: return .start(name)
        case 1: return .stop(name)
        case 2: return .kill(name, atWrite: write(&choices))
        case 3: return .powerLoss(name, atWrite: write(&choices))
        case 4: return .offline(name)
        case 5: return .online(name)
        case 6, 7, 8: return .edit(name, wish(&choices))
        case 9: return .discard(name, choices.int(in: 1...1000))
        case 10: return .resend(name, choices.int(in: 1...1000))
        case 11: return .decide(name, decision(&choices))
        case 12: return .sync(name)
        case 13: return .look(name)
        case 14: return .hold(name)
        case 15: return .release(name)
        case 16: return .clock(name, clockFault(&choices))
        case 17: return .disk(name, diskFault(&choices))
        case 18: return .revoke(name)
        case 19: return .renew(name)
        case 20: return .useToken(name, of: member(&choices))
        case 21, 22: return .system(systemWrite(&choices))
        case 23, 24: return .expect(expectation(&choices), first: choices.bool() ? scenario.bothOrders?.first : nil)
        case 25, 26:
            let lane = choices.bool() ? choices.element(of: Lane.allCases) : nil
            return .network(name, networkFault(&choices), lane, count: choices.int(in: 1...10_000))
        case 27: return .wait(seconds: seconds(&choices) / 4)
        default: return common(&choices)
        }
    }

    private func common(_ choices: inout Choices) -> Action {
        switch choices.int(in: 0...6) {
        case 0: return .serverStop
        case 1: return .serverStart
        case 2: return .serverKill(atWrite: write(&choices))
        case 3: return .serverPowerLoss(atWrite: write(&choices))
        case 4: return .heal
        case 5: return .settle
        default: return .bothOrders(choices.bool() ? members : Array(members.prefix(2)))
        }
    }

    private func wish(_ choices: inout Choices) -> Wish {
        let name = customer(&choices)
        switch choices.int(in: 0...5) {
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
        default: return .cancelDiscount(name)
        }
    }

    private func decision(_ choices: inout Choices) -> Decision {
        switch choices.int(in: 0...3) {
        case 0: .mine
        case 1: .theirs
        case 2: .budget(cents: ScenarioMaker.cents(&choices))
        default: .discount(basisPoints: choices.int64(in: 0...1_000_000))
        }
    }

    private func networkFault(_ choices: inout Choices) -> NetworkFault {
        switch choices.int(in: 0...10) {
        case 0: .refuse
        case 1: .drop
        case 2: .cutRequest(perMille: choices.int(in: 0...999))
        case 3: .loseReply
        case 4: .cut(perMille: choices.int(in: 0...999))
        case 5: .delay(seconds: seconds(&choices))
        case 6: .duplicate(seconds: seconds(&choices))
        case 7: .stale
        case 8: .portal
        case 9: .junk
        default: .status(choices.int(in: 400...599))
        }
    }

    private func clockFault(_ choices: inout Choices) -> ClockFault {
        let jump = choices.int(in: -40_000...40_000) * choices.element(of: [1, 60, 3600, 86_400])
        return [.jump(seconds: jump), .stopped, .right][choices.int(in: 0...2)]
    }

    private func diskFault(_ choices: inout Choices) -> DiskFault {
        [.full, .free, .error(atWrite: choices.int(in: 1...1_000_000))][choices.int(in: 0...2)]
    }

    private func systemWrite(_ choices: inout Choices) -> SystemWrite {
        let name = customer(&choices)
        let cents = ScenarioMaker.cents(&choices)
        switch choices.int(in: 0...13) {
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
        default: return .join(name)
        }
    }

    private func expectation(_ choices: inout Choices) -> Expectation {
        let name = member(&choices)
        let customer = customer(&choices)
        let number = choices.int(in: 0...1000)
        let cents = choices.bool() ? ScenarioMaker.cents(&choices) : nil
        switch choices.int(in: 0...10) {
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
        default: return .agreement
        }
    }
}
