import PartnerModel
import PropertyKit
import SyncEngine

/// Draws one story, choice by choice. The order of the choices is part of what a seed means.
struct StoryMaker {
    enum Kind: CaseIterable {
        case network, offline, cuts, kills, powerLosses, serverKills, disks, clocks, tokens, system, associations,
            restarts, readers, bulk, sleeps, ages, moves
    }

    let seed: UInt64
    var chance: SeededGenerator
    var scenario = Scenario()
    var kinds: [Kind] = []
    var names: [String] = []
    var customers: [Scenario.Customer] = []
    /// The registers that this world is about; few, so that edits meet.
    var registers: [Register] = []
    /// Hours passed already; once is enough, for their polling is most of what a run costs.
    var hasAged = false
    /// Of a hundred steps how many change rights.
    var rightsPercent = 0
    /// Accounts whose access is ended.
    var disabled: Set<String> = []

    init(seed: UInt64) {
        self.seed = seed
        chance = SeededGenerator(seed: seed)
    }

    mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }
    mutating func pick<Value>(_ values: [Value]) -> Value { values[pick(0...values.count - 1)] }
    mutating func percent(_ share: Int) -> Bool { pick(0...99) < share }
    mutating func add(_ action: Action) { scenario.steps.append(Scenario.Step(line: 0, action: action)) }

    mutating func make() -> Scenario {
        scenario.title = "seed \(seed)"
        for kind in Kind.allCases where percent(40) { kinds.append(kind) }
        drawRights()
        registers = pick([
            [.budget, .freezes, .discount], [.budget], [.freezes], [.discount], [.budget, .freezes],
            [.budget, .freezes, .discount], [.manager, .label, .request], [.budget, .label],
            [.budget, .freezes, .discount, .manager, .label, .request],
        ])
        makeCustomers()
        makeMembers()
        for name in names where percent(50) {
            add(.start(name))
            // The first load meets faults too.
            if percent(30), kinds.contains(.cuts) { fault(.cuts, name) }
            if percent(30), kinds.contains(.network) { fault(.network, name) }
            if percent(15), kinds.contains(.restarts) {
                add(.network(name, .delay(seconds: 20), .pull, count: 1))
                add(.wait(seconds: 5))
                add(.stop(name))
                add(.start(name))
            }
        }
        for name in names where !scenario.steps.contains(where: { $0.action == .start(name) }) && percent(30) {
            add(.wait(seconds: pick(1...60)))
            add(.start(name))
        }
        if registers.contains(.freezes) {
            for customer in customers where customer.association == .reseller && percent(60) {
                add(.system(.freeze(customer.name, pick([.onAssociation, .budget]), pick(FreezeKind.allCases))))
            }
        }
        if registers.contains(.request) {
            for customer in customers where percent(70) { add(.system(.request(customer.name, .disassociate))) }
        }
        for _ in 0..<pick(20...80) { step() }
        for account in disabled.sorted() where percent(70) { add(.system(.enable(account))) }
        add(.heal)
        for name in names { add(.renew(name)) }
        add(.settle)
        for name in names { add(.look(name)) }
        meter()
        return scenario
    }

    mutating func makeCustomers() {
        for index in 1...pick(1...4) {
            var customer = Scenario.Customer(
                name: "c\(index)",
                association: percent(registers == [.discount] ? 10 : registers.contains(.discount) ? 60 : 95)
                    ? .reseller : .referral)
            if customer.association == .reseller {
                if percent(70) { customer.budgetCents = Int64(pick(1...20)) * 10_000 }
            } else if percent(40) {
                customer.discountBasisPoints = Int64(pick(1...20)) * 100
            }
            customer.bills = percent(30) ? pick(0...80) : pick(0...6)
            scenario.customers.append(customer)
        }
        customers = scenario.customers
    }

    mutating func step() {
        if percent(rightsPercent) { return changeRights() }
        let who = pick(names)
        switch pick(0...99) {
        case ..<30: add(.wait(seconds: pick([1, 1, 2, 5, 10, 30, 60, 120, 400])))
        case ..<60: add(.edit(who, wish()))
        case ..<68: add(.decide(who, decision()))
        case ..<70: add(.sync(who))
        case ..<72: add(.look(who))
        case ..<74: collide()
        case ..<76: add(percent(50) ? .discard(who, pick(1...4)) : .resend(who, pick(1...4)))
        case ..<77: add(.undo(who, pick(1...4)))
        case ..<79: tie(who)
        case ..<81: meet(who)
        default: if kinds.isEmpty { add(.wait(seconds: 3)) } else { fault(pick(kinds), who) }
        }
    }
}
