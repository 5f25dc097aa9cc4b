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
        if choices.bool(percent: 20) { scenario.hazard = choices.int(in: 1...24) }
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
            switch action {
            case .bothOrders, .later: if scenario.bothOrders != nil { continue }
            default: break
            }
            scenario.steps.append(Scenario.Step(line: 0, action: action))
        }
        // What is put off has its turn.
        if isAnythingPutOff, scenario.bothOrders == nil {
            scenario.steps.append(Scenario.Step(line: 0, action: .bothOrders([members[0], Scenario.system])))
        }
    }

    private var isAnythingPutOff: Bool {
        scenario.steps.contains { if case .later = $0.action { true } else { false } }
    }

    private mutating func addMember(_ name: String, _ choices: inout Choices) {
        var member = Scenario.Member(name: name, account: name, roles: roles(below: managers, &choices))
        if choices.bool(percent: 30), let first = scenario.members.first {
            (member.account, member.roles, member.customers) = (first.account, first.roles, first.customers)
        } else if member.roles.list.contains(.manager) {
            for customer in scenario.customers where choices.bool() { member.customers.append(customer.name) }
        }
        scenario.members.append(member)
    }

    /// Accounts, and those of managers.
    private var accounts: [String] { scenario.members.filter { $0.account == $0.name }.map(\.name) }
    private var managers: [String] {
        scenario.members.filter { $0.account == $0.name && $0.roles.list.contains(.manager) }.map(\.name)
    }

    private func roles(below managers: [String], _ choices: inout Choices) -> Scenario.Roles {
        let items = choices.bool() ? nil : PermissionItem.allCases.filter { _ in choices.bool() }
        let some = items?.isEmpty == true ? nil : items
        switch choices.int(in: 0...4) {
        case 0: return Scenario.Roles([.manager])
        case 1: return Scenario.Roles([.operator], items: some)
        case 2: return Scenario.Roles([.operator, .manager], items: some)
        case 3 where !managers.isEmpty: return Scenario.Roles([.director], managers: managers)
        default: return Scenario.Roles([.administrator])
        }
    }

    /// What administrators do with accounts.
    func accountWrite(_ choices: inout Choices) -> SystemWrite {
        let account = choices.element(of: accounts)
        switch choices.int(in: 0...2) {
        case 0: return .disable(account)
        case 1: return .enable(account)
        default: return .role(account, roles(below: accounts, &choices))
        }
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
    func member(_ choices: inout Choices) -> String { choices.element(of: members) }
    func customer(_ choices: inout Choices) -> String { choices.element(of: scenario.customers.map(\.name)) }

    // MARK: Actions

    private func action(_ choices: inout Choices) -> Action {
        let name = member(&choices)
        switch choices.int(in: 0...37) {
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
        case 28:
            let wishes = (0...choices.int(in: 1...4)).map { _ in wish(&choices) }
            return .edits(name, wishes, choices.element(of: EditTie.allCases))
        case 29: return .undo(name, choices.int(in: 1...1000))
        case 30: return .later(choices.bool() ? .system(systemWrite(&choices)) : .wait(seconds: seconds(&choices) / 4))
        case 32: return .syncRecords(name)
        case 33: return .metered(name, dailyBytes: choices.bool() ? choices.int(in: 1...1_000_000_000) : nil)
        case 34: return .unmetered(name)
        case 31: return .sleep(name, seconds: seconds(&choices))
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
        default:
            let names = choices.bool() ? members : Array(members.prefix(2))
            return .bothOrders(isAnythingPutOff ? names + [Scenario.system] : names)
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
}
