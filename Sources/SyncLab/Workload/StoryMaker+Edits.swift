import PartnerModel

/// What people ask for, alone and against each other.
extension StoryMaker {
    /// Two people change the same customer without seeing each other, and a third, or one of them, decides.
    mutating func collide() {
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

    mutating func wish() -> Wish { wish(pick(customers)) }

    mutating func wish(_ customer: Scenario.Customer) -> Wish {
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

    mutating func decision() -> Decision {
        switch pick(0...9) {
        case ..<4: .mine
        case ..<7: .theirs
        case ..<9: .budget(cents: Int64(pick(1...12)) * 5_000)
        default: .discount(basisPoints: Int64(pick(1...20)) * 100)
        }
    }

    /// Edits of one customer that are asked for at once.
    mutating func tie(_ who: String) {
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
    mutating func meet(_ who: String) {
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
    mutating func age(_ who: String) {
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
}
