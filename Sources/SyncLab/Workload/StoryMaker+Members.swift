import PartnerModel

/// Who there is.
extension StoryMaker {
    mutating func makeMembers() {
        var unmanaged = customers.map(\.name)
        for index in 1...pick(2...6) {
            let name = "m\(index)"
            // Requests are for administrators; two of them can answer one.
            let answers = index <= 2 && registers.contains(.request)
            let isManager = percent(kinds.contains(.moves) || rightsPercent > 0 ? 70 : 40) && !answers
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
    mutating func others() -> Scenario.Roles {
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
}
