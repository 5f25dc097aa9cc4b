import PartnerModel
import SyncEngine

/// What goes wrong, and what others than people change.
extension StoryMaker {
    mutating func fault(_ kind: Kind, _ who: String) {
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
        case .restarts: add(percent(50) ? .stop(who) : .start(who))
        case .readers: add(percent(50) ? .hold(who) : .release(who))
        case .system, .associations: add(.system(systemWrite(kind)))
        }
    }

    /// A customer goes from one account manager to another, or back, often while its records are on their way.
    mutating func move() {
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

    mutating func systemWrite(_ kind: Kind) -> SystemWrite {
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
