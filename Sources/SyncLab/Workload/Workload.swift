import PartnerModel
import PropertyKit
import SyncEngine

/// The scenario that a seed draws: a few customers, so that edits collide; some kinds of fault, not all, so that each gets
/// room; then the world is healed and must come to rest.
package enum Workload {
    /// The same seed, the same scenario.
    package static func scenario(seed: UInt64) -> Scenario {
        var maker = Maker(seed: seed)
        return maker.make()
    }

    private enum Kind: CaseIterable {
        case network, offline, cuts, kills, powerLosses, serverKills, disks, clocks, tokens, system, associations,
            restarts, readers, bulk, sleeps, ages, moves, roles
    }

    private struct Maker {
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
        /// Accounts whose access is ended.
        var disabled: Set<String> = []

        init(seed: UInt64) {
            self.seed = seed
            chance = SeededGenerator(seed: seed)
        }

        private mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }
        private mutating func pick<Value>(_ values: [Value]) -> Value { values[pick(0...values.count - 1)] }
        private mutating func percent(_ share: Int) -> Bool { pick(0...99) < share }
        private mutating func add(_ action: Action) { scenario.steps.append(Scenario.Step(line: 0, action: action)) }

        mutating func make() -> Scenario {
            scenario.title = "seed \(seed)"
            for kind in Kind.allCases where percent(40) { kinds.append(kind) }
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
            return scenario
        }

        private mutating func makeCustomers() {
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

        private mutating func makeMembers() {
            var unmanaged = customers.map(\.name)
            for index in 1...pick(2...6) {
                let name = "m\(index)"
                // Requests are for administrators; two of them can answer one.
                let answers = index <= 2 && registers.contains(.request)
                let isManager = percent(kinds.contains(.moves) ? 70 : 40) && !answers
                var member = Scenario.Member(
                    name: name, account: index > 1 && percent(15) ? "m1" : name,
                    roles: answers
                        ? Scenario.Roles([.administrator]) : isManager ? Scenario.Roles([.manager]) : others())
                if member.account != name {
                    member.roles = scenario.members[0].roles
                    member.customers = scenario.members[0].customers
                } else if isManager {
                    // A customer has one account manager.
                    member.customers = customers.map(\.name).filter { unmanaged.contains($0) && percent(60) }
                    unmanaged.removeAll { member.customers.contains($0) }
                }
                scenario.members.append(member)
                names.append(name)
            }
        }

        /// Roles of somebody who is no account manager, or not only that.
        private mutating func others() -> Scenario.Roles {
            let managers = scenario.members.filter { $0.account == $0.name && $0.roles.list.contains(.manager) }
            let some = PermissionItem.allCases.filter { _ in percent(60) }
            let items = percent(60) || some.isEmpty ? nil : some
            switch pick(0...9) {
            case ..<4: return Scenario.Roles([.administrator])
            case ..<7: return Scenario.Roles([.operator], items: items)
            case 7: return Scenario.Roles([.manager, .operator], items: items)
            default:
                let below = managers.filter { _ in percent(70) }.map(\.name)
                guard !below.isEmpty else { return Scenario.Roles([.administrator]) }
                return Scenario.Roles([.director], managers: below)
            }
        }

        /// An administrator gives somebody other roles, ends an access, or opens it again.
        private mutating func changeAccount() {
            let account = pick(scenario.members.filter { $0.account == $0.name }.map(\.name))
            switch pick(0...9) {
            case ..<2:
                disabled.insert(account)
                add(.system(.disable(account)))
            case ..<4:
                let account = disabled.sorted().first ?? account
                disabled.remove(account)
                add(.system(.enable(account)))
                if percent(60) { add(.sync(account)) }
            default: add(.system(.role(account, percent(35) ? Scenario.Roles([.manager]) : others())))
            }
            // What a change meets: a load, an edit on its way, a death.
            if percent(40) { add(.wait(seconds: pick([1, 5, 31, 40]))) }
            if percent(30) { add(.edit(account, wish())) }
            if percent(20) { add(.kill(account, atWrite: pick(1...30))) }
        }

        private mutating func step() {
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

        /// Two people change the same customer without seeing each other, and a third, or one of them, decides.
        private mutating func collide() {
            let customer = pick(customers)
            let two = [pick(names), pick(names)]
            for name in two { add(.offline(name)) }
            for name in two { for _ in 0..<pick(1...2) { add(.edit(name, wish(customer))) } }
            for name in two {
                add(.online(name))
                add(.wait(seconds: pick([1, 40])))
            }
            add(.wait(seconds: 40))
            if percent(70) { add(.decide(pick(names), decision())) }
        }

        private mutating func wish() -> Wish { wish(pick(customers)) }

        private mutating func wish(_ customer: Scenario.Customer) -> Wish {
            let others = registers.filter { [.manager, .label, .request].contains($0) }
            let hasMoney = registers.count > others.count
            if !others.isEmpty, !hasMoney || percent(40) {
                switch pick(others) {
                case .manager: return .manager(customer.name, percent(25) ? nil : pick(names))
                case .label: return .label(customer.name, percent(20) ? nil : pick(["gold", "silver", "new"]))
                default: return .request(customer.name, approve: percent(60))
                }
            }
            // Now and then an edit that does not fit the customer, so that refusals are met too.
            let fits = percent(95)
            if (customer.association == .reseller) == fits {
                let isFreeze = registers.contains(.freezes) && (!registers.contains(.budget) || percent(45))
                switch isFreeze ? pick(6...9) : pick(0...5) {
                case ..<4:
                    return .budget(
                        // Now and then above what a manager sets without a code.
                        customer.name, cents: percent(4) ? 200_000_000 : Int64(pick(1...12)) * 5_000,
                        type: percent(20) ? .oneTime : nil,
                        action: percent(20) ? .freeze : nil, thisCycle: percent(15))
                case ..<6: return .adjust(customer.name, cents: Int64(pick(-6...6)) * 5_000)
                case ..<8: return .freeze(customer.name, pick(FreezeKind.allCases), reason: "late payment")
                default: return .unfreeze(customer.name, pick(FreezeKind.allCases))
                }
            }
            return percent(75)
                ? .discount(customer.name, basisPoints: Int64(pick(1...32)) * 100, days: pick(1...40))
                : .cancelDiscount(customer.name)
        }

        private mutating func decision() -> Decision {
            switch pick(0...9) {
            case ..<4: .mine
            case ..<7: .theirs
            case ..<9: .budget(cents: Int64(pick(1...12)) * 5_000)
            default: .discount(basisPoints: Int64(pick(1...20)) * 100)
            }
        }

        private mutating func fault(_ kind: Kind, _ who: String) {
            let lane: Lane? = percent(50) ? nil : pick(Lane.allCases)
            switch kind {
            case .network:
                let fault: NetworkFault = pick([
                    .refuse, .drop, .loseReply, .delay(seconds: pick([1, 10, 70])),
                    .duplicate(seconds: pick([1, 5, 40])), .stale, .portal, .junk,
                    .status(pick([401, 403, 404, 413, 429, 500, 502, 503])), .loseReply,
                ])
                add(.network(who, fault, lane, count: pick(1...3)))
            case .cuts:
                add(
                    .network(
                        who, percent(70) ? .cut(perMille: pick(0...999)) : .cutRequest(perMille: pick(0...999)), lane,
                        count: pick(1...4)))
            case .offline: add(percent(50) ? .offline(who) : .online(who))
            case .kills: add(.kill(who, atWrite: percent(60) ? pick(1...40) : nil))
            case .powerLosses: add(.powerLoss(who, atWrite: percent(60) ? pick(1...40) : nil))
            case .serverKills:
                switch pick(0...3) {
                case 0: add(.serverKill(atWrite: percent(70) ? pick(1...25) : nil))
                case 1: add(.serverPowerLoss(atWrite: percent(70) ? pick(1...25) : nil))
                case 2: add(.serverStop)
                default: add(.serverStart)
                }
            case .disks: add(.disk(who, pick([.full, .free, .error(atWrite: pick(1...20)), .free])))
            case .clocks:
                add(
                    .clock(
                        who,
                        pick([.jump(seconds: 31_536_000), .jump(seconds: -86_400), .stopped, .right, .jump(seconds: 7)])
                    ))
            case .tokens:
                switch pick(0...3) {
                case 0: add(.useToken(who, of: pick(names)))
                case 1: add(.renew(who))
                default: add(.revoke(who))
                }
            case .ages: age(who)
            case .sleeps: add(.sleep(who, seconds: pick([30, 600, 7200])))
            case .bulk:
                add(.system(.bills(pick(customers).name, count: pick(70...300))))
                if percent(60) { add(.network(who, .cut(perMille: pick(300...990)), .pull, count: 2)) }
            case .moves: move()
            case .roles: changeAccount()
            case .restarts: add(percent(50) ? .stop(who) : .start(who))
            case .readers: add(percent(50) ? .hold(who) : .release(who))
            case .system, .associations: add(.system(systemWrite(kind)))
            }
        }

        /// Edits of one customer that are asked for at once.
        private mutating func tie(_ who: String) {
            let customer = pick(customers)
            var wishes = [wish(customer), wish(customer)]
            if percent(30) { wishes.append(wish(customer)) }
            if percent(30), registers.contains(.freezes), registers.contains(.budget) {
                wishes = [
                    .budget(customer.name, cents: Int64(pick(1...12)) * 5_000, type: nil, action: nil, thisCycle: false)
                ]
                wishes.append(.unfreeze(customer.name, .account))
            }
            // Often the first meets a change by others, and the rest must not act alone.
            let meets = percent(60)
            if meets { add(.offline(who)) }
            add(.edits(who, wishes, percent(50) ? .linked : .together))
            guard meets else { return }
            add(
                .system(
                    customer.association == .reseller
                        ? .budget(customer.name, cents: Int64(pick(1...12)) * 5_000)
                        : .discount(customer.name, basisPoints: Int64(pick(1...20)) * 100)))
            add(.online(who))
        }

        /// What the domain's hazards are made of: others act while someone is away.
        private mutating func meet(_ who: String) {
            let name = pick(customers).name
            switch pick(0...2) {
            case 0 where registers.contains(.freezes):
                // A budget that is used up, its freeze, and a release that would not cure it.
                add(.system(.usage(name, cents: Int64(pick(1...12)) * 5_000)))
                add(.system(.freeze(name, .budget, .account)))
                add(.wait(seconds: 60))
                add(.edit(who, .unfreeze(name, .account)))
            case 1 where registers.contains(.freezes):
                // Someone releases while a freeze is on its way.
                add(.system(.freeze(name, .manual, .account)))
                add(.wait(seconds: 60))
                add(.offline(who))
                add(.edit(who, .freeze(name, pick(FreezeKind.allCases), reason: "late payment")))
                add(.system(.release(name, .manual)))
                add(.wait(seconds: hasAged ? 60 : 3_700))
                hasAged = true
                add(.online(who))
            case 2 where registers.contains(.request):
                // Two answer one request.
                add(.system(.request(name, .disassociate)))
                add(.wait(seconds: 60))
                for member in names.prefix(2) { add(.offline(member)) }
                for member in names.prefix(2) { add(.edit(member, .request(name, approve: percent(50)))) }
                for member in names.prefix(2) { add(.online(member)) }
            default: add(.system(.usage(name, cents: Int64(pick(1...12)) * 5_000)))
            }
        }

        /// An edit is made and comes late by the server's clock: hours, a day, or past the deadline of conflicts.
        private mutating func age(_ who: String) {
            kinds.removeAll { $0 == .ages }
            guard !hasAged else { return }
            hasAged = true
            add(.offline(who))
            add(.edit(who, wish()))
            if percent(70) { add(.edit(pick(names), wish())) }
            if percent(50) { add(.wait(seconds: 40)) }
            guard percent(40) else { return add(.wait(seconds: 3_700)) }
            // Nobody runs meanwhile, so the time costs nothing.
            for name in names { add(.stop(name)) }
            add(.wait(seconds: percent(50) ? 90_000 : 700_000))
            for name in names { add(.start(name)) }
            add(.online(who))
        }

        /// A customer goes from one account manager to another, or back, often while its records are on their way.
        private mutating func move() {
            let managers = scenario.members.filter { $0.roles.list.contains(.manager) }
            let name = pick(customers).name
            guard !managers.isEmpty else { return add(.system(.manager(name, pick(names)))) }
            let manager = pick(managers)
            if percent(40) { add(.system(.bills(name, count: pick(10...200)))) }
            if percent(30) {
                let fault: NetworkFault =
                    percent(60) ? .delayReply(seconds: pick([5, 40, 50])) : .cut(perMille: pick(300...990))
                add(.network(manager.name, fault, .fill, count: pick(1...2)))
            }
            if percent(30) { add(.edit(manager.name, wish())) }
            add(.system(.manager(name, percent(20) ? nil : manager.account)))
            if percent(40) { add(.wait(seconds: pick([1, 10, 40]))) }
            if percent(30) { add(.system(.removeBill(name))) }
            if percent(40) { add(.system(.manager(name, percent(40) ? nil : pick(managers).account))) }
            if percent(25) { add(.kill(manager.name, atWrite: pick(1...30))) }
        }

        private mutating func systemWrite(_ kind: Kind) -> SystemWrite {
            let name = pick(customers).name
            if kind == .associations {
                return pick([
                    .leave(name), .join(name), .partner(pick(PartnerState.allCases)), .rename(name, "renamed"),
                    .closeCycle, .touchAll, .resetMonth, .association(name, pick(AssociationType.allCases)),
                ])
            }
            return switch pick(0...14) {
            case 9: .request(name, percent(75) ? .disassociate : .associate)
            case 10: .manager(name, percent(30) ? nil : pick(names))
            case 11: .label(name, percent(30) ? nil : pick(["gold", "vendor"]))
            case 12: .release(name, pick(FreezeCause.allCases))
            case 13: .range(pick([nil, 100...1000, 1...3000, 1...3000]))
            case 14: pick([.delegate(name, to: "reseller-one"), .delegate(name, to: nil), .delegate(name, to: nil)])
            case 0: .usage(name, cents: Int64(pick(1...100)) * 100)
            case 1, 2: .freeze(name, pick(FreezeCause.allCases), pick(FreezeKind.allCases))
            case 3: .unfreeze(name)
            case 4: .budget(name, cents: Int64(pick(1...12)) * 5_000)
            case 5: .discount(name, basisPoints: Int64(pick(1...20)) * 100)
            case 6: .bill(name, cents: Int64(pick(1...900)))
            case 7: .correctBill(name)
            default: .removeBill(name)
            }
        }
    }
}
