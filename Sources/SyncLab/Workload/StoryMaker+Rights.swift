import PartnerModel
import SyncEngine

/// What administrators do with accounts and customers: who sees what, and who may do what, changes.
extension StoryMaker {
    /// Of a hundred steps how many change rights. Half of the worlds have none, few have little else.
    mutating func drawRights() { rightsPercent = pick([0, 0, 0, 0, 6, 6, 12, 25]) }

    mutating func changeRights() {
        // What the change meets: a load under way, a reply on its way, a server that dies of it.
        if percent(20) {
            let fault: NetworkFault =
                percent(60) ? .delayReply(seconds: pick([5, 20, 40])) : .cut(perMille: pick(100...990))
            add(.network(pick(names), fault, pick(Lane.allCases), count: pick(1...2)))
        }
        if kinds.contains(.serverKills), percent(10) { add(.serverKill(atWrite: pick(1...12))) }
        switch pick(0...99) {
        case ..<30: changeRoles()
        case ..<45: changeAccess()
        case ..<55: changeItems()
        case ..<70: revoke()
        case ..<88: handOver()
        default: endAssociation()
        }
    }

    private var accounts: [String] { scenario.members.filter { $0.account == $0.name }.map(\.name) }

    private mutating func changeRoles() {
        let account = pick(accounts)
        add(.system(.role(account, percent(35) ? Scenario.Roles([.manager]) : others())))
        // Sometimes the next change comes before the first is known, or while what it led to is loaded.
        if percent(25) {
            if percent(60) { add(.wait(seconds: pick([1, 2, 31]))) }
            add(.system(.role(account, percent(50) ? Scenario.Roles([.manager]) : others())))
        }
        follow(account)
    }

    /// An access ends, or is opened again.
    private mutating func changeAccess() {
        let account = pick(accounts)
        if let ended = disabled.sorted().first, percent(60) {
            disabled.remove(ended)
            add(.system(.enable(ended)))
            if percent(60) { add(.sync(ended)) }
            return follow(ended)
        }
        disabled.insert(account)
        add(.system(.disable(account)))
        follow(account)
    }

    /// The same role with fewer items, or with more.
    private mutating func changeItems() {
        let account = pick(accounts)
        let role = percent(70) ? Scenario.Roles([.operator]).list : Scenario.Roles([.manager, .operator]).list
        let items = PermissionItem.allCases.filter { _ in percent(65) }
        add(.system(.role(account, Scenario.Roles(role, items: items.isEmpty ? nil : items))))
        follow(account)
    }

    /// A token is taken back, and perhaps another given.
    private mutating func revoke() {
        let name = pick(names)
        add(.revoke(name))
        follow(name)
        if percent(60) { add(.renew(name)) }
    }

    /// A customer goes to another manager and back, with edits on both sides.
    private mutating func handOver() {
        let managers = accounts.filter { account in
            scenario.members.contains { $0.name == account && $0.roles.list.contains(.manager) }
        }
        guard !managers.isEmpty else { return changeRoles() }
        let customer = pick(customers)
        let two = [pick(managers), pick(managers)]
        for account in [two[0], two[1], two[0]] {
            add(.system(.manager(customer.name, account)))
            if percent(40) { add(.edit(pick(two), wish(customer))) }
            if percent(60) { add(.wait(seconds: pick([1, 5, 31, 60]))) }
        }
        follow(two[0])
    }

    private mutating func endAssociation() {
        let customer = pick(customers)
        if percent(40) { add(.edit(pick(names), wish(customer))) }
        add(.system(.leave(customer.name)))
        if percent(60) { add(.wait(seconds: pick([1, 31, 60]))) }
        if percent(30) { add(.edit(pick(names), wish(customer))) }
        if percent(70) { add(.system(.join(customer.name))) }
    }

    /// What comes after a change: time, an edit that does not know of it, a death.
    private mutating func follow(_ name: String) {
        if percent(40) { add(.wait(seconds: pick([1, 5, 31, 40]))) }
        if percent(30) { add(.edit(name, wish())) }
        if percent(15) { add(.kill(name, atWrite: pick(1...30))) }
    }
}
