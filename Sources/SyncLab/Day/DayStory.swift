import PartnerModel
import PropertyKit
import SyncEngine

/// What happens on a day in the field, drawn from a seed: links that come and go, machines that are suspended, edits, usage every
/// ten minutes, bills, a month that ends twenty minutes after the beginning and a cycle that closes.
struct DayStory {
    static let quarter = 900
    private static let people = ["mona", "milo", "ann"]
    private static let customers = (1...6).map { "c\($0)" }

    private var chance: SeededGenerator
    private var offline: Set<String> = []
    private var used: [String: Int64] = [:]

    init(seed: UInt64) { chance = SeededGenerator(seed: seed) }

    /// Who there is, without any step.
    static func setting() -> Scenario {
        var scenario = Scenario()
        scenario.title = "a day in the field"
        scenario.customers = customers.map { name in
            var customer = Scenario.Customer(name: name, association: .reseller)
            (customer.budgetCents, customer.bills) = (500_00, 20)
            return customer
        }
        scenario.members = [
            Scenario.Member(
                name: "mona", account: "mona", roles: Scenario.Roles([.manager]), customers: Array(customers.prefix(3))),
            Scenario.Member(
                name: "milo", account: "milo", roles: Scenario.Roles([.manager]), customers: Array(customers.suffix(3))),
            Scenario.Member(name: "ann", account: "ann", roles: Scenario.Roles([.administrator])),
        ]
        return scenario
    }

    /// What happens in the quarter of an hour that begins now, with the time that passes.
    mutating func steps(ofQuarter quarter: Int) -> [Action] {
        var actions: [Action] = []
        // The world begins at 15:40 UTC, twenty minutes before a month of billing ends.
        let hour = (15 + (40 + quarter * 15) / 60) % 24
        for person in DayStory.people { actions += day(of: person, hour: hour, quarter: quarter) }
        actions += others(quarter)
        actions.append(.wait(seconds: 300))
        actions += people()
        actions.append(.wait(seconds: DayStory.quarter - 300))
        return actions
    }

    private mutating func draw(_ count: Int) -> Int { Int(chance.next() % UInt64(count)) }
    private mutating func one(of names: [String]) -> String { names[draw(names.count)] }

    /// Links and suspends of one person.
    private mutating func day(of person: String, hour: Int, quarter: Int) -> [Action] {
        let isNight = hour >= 22 || hour < 6
        if isNight, quarter % 4 == 0 { return [.sleep(person, seconds: 3_500)] }
        if isNight { return [] }
        if draw(12) == 0 { return [.sleep(person, seconds: 600 + draw(1_200))] }
        if offline.contains(person) {
            guard draw(2) == 0 else { return [] }
            offline.remove(person)
            return [.online(person)]
        }
        switch draw(6) {
        case 0:
            offline.insert(person)
            return [.offline(person)]
        case 1:
            let faults: [NetworkFault] = [.drop, .refuse, .loseReply, .cut(perMille: 300), .status(503), .portal]
            return [.network(person, faults[draw(faults.count)], nil, count: 1 + draw(6))]
        default: return []
        }
    }

    /// Edits of the quarter.
    private mutating func people() -> [Action] {
        guard draw(3) == 0 else { return [] }
        let person = one(of: DayStory.people)
        let own =
            switch person {
            case "mona": Array(DayStory.customers.prefix(3))
            case "milo": Array(DayStory.customers.suffix(3))
            default: DayStory.customers
            }
        let customer = one(of: own)
        switch draw(5) {
        case 0:
            return [
                .edit(
                    person,
                    .budget(customer, cents: Int64(600_00 + draw(50_000)), type: nil, action: nil, thisCycle: false))
            ]
        case 1: return [.edit(person, .adjust(customer, cents: Int64(1_00 + draw(1_000))))]
        case 2: return [.edit(person, .freeze(customer, .account, reason: "late"))]
        case 3: return [.edit(person, .unfreeze(customer, .account))]
        default: return [.edit(person, .label(customer, "l\(draw(1_000))"))]
        }
    }

    /// What the vendor does.
    private mutating func others(_ quarter: Int) -> [Action] {
        var actions: [Action] = []
        for customer in DayStory.customers where draw(3) == 0 {
            used[customer, default: 0] += Int64(draw(2_000))
            actions.append(.system(.usage(customer, cents: used[customer] ?? 0)))
        }
        actions.append(.system(.bills(one(of: DayStory.customers), count: 1 + draw(3))))
        if quarter == 2 {
            actions.append(.system(.resetMonth))
            used = [:]
        }
        if quarter == 40 { actions.append(.system(.closeCycle)) }
        return actions
    }
}
