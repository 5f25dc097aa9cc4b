import PartnerModel

/// Who takes part, and what they are to the partner.
extension ScenarioParser {
    mutating func takeMember(_ words: inout LineWords) throws(ScenarioError) {
        words.skip()
        guard scenario.members.count < ScenarioParser.membersMax else {
            throw words.failure("there are more than \(ScenarioParser.membersMax) members", "use fewer")
        }
        let name = try words.newName("the member", known: scenario.customers.map(\.name) + scenario.members.map(\.name))
        var member = Scenario.Member(name: name, account: name, roles: try roles(&words, knownMembers: managers))
        while !words.isAtEnd {
            switch try words.word("account or customers") {
            case "account": try takeAccount(&member, &words)
            case "customers": try takeCustomers(&member, &words)
            default: throw words.lastFailure("is not known here", "say account NAME or customers NAME …")
            }
        }
        // A second replica has the managers of its account.
        if member.account == name, member.roles.list.contains(.director), member.roles.managers.isEmpty {
            throw words.failure("the director has no managers", "name them: director of MEMBER,MEMBER")
        }
        scenario.members.append(member)
    }

    private func takeAccount(_ member: inout Scenario.Member, _ words: inout LineWords) throws(ScenarioError) {
        let account = try words.word("an account")
        guard let other = scenario.members.first(where: { $0.account == account }) else {
            throw words.lastFailure("is not a member above", "name the member whose second replica this is")
        }
        guard other.roles.list == member.roles.list else {
            throw words.lastFailure("has another role", "give both the role \(Words.list(other.roles.list))")
        }
        guard member.roles.items == nil, member.roles.managers.isEmpty else {
            throw words.lastFailure("has items and managers already", "leave them out here")
        }
        member.account = account
        member.roles = other.roles
        member.customers = other.customers
    }

    private func takeCustomers(_ member: inout Scenario.Member, _ words: inout LineWords) throws(ScenarioError) {
        guard member.roles.list.contains(.manager) else {
            throw words.lastFailure("belong to managers only", "make the member a manager, or leave them out")
        }
        guard member.account == member.name else {
            throw words.lastFailure("belong to the account", "leave them out")
        }
        repeat {
            let customer = try customer(&words)
            guard !member.customers.contains(customer) else {
                throw words.lastFailure("stands twice", "name each customer once")
            }
            member.customers.append(customer)
        } while !words.isAtEnd
    }

    /// Roles with the managers of a director and the items of an operator: `director of mona,milo`.
    func roles(_ words: inout LineWords, knownMembers: [String]) throws(ScenarioError) -> Scenario.Roles {
        var roles = Scenario.Roles([])
        roles.list = try words.list("the role") { part throws(ScenarioError) in
            try part.one(of: MemberRole.self, "the role")
        }
        do { _ = try MemberRights(roles.list) } catch {
            throw words.lastFailure("do not go together: \(error.why)", "leave roles out")
        }
        while words.peek == "of" || words.peek == "items" {
            if try words.word("of or items") == "of" {
                guard roles.list.contains(.director) else {
                    throw words.lastFailure("belongs to directors only", "make the member a director, or leave it out")
                }
                roles.managers = try words.list("a manager") { part throws(ScenarioError) in
                    try part.name("a manager", of: knownMembers)
                }
            } else {
                guard roles.list.contains(.operator) else {
                    throw words.lastFailure("are given to operators only", "make the member an operator")
                }
                roles.items = try words.list("an item") { part throws(ScenarioError) in
                    try part.one(of: PermissionItem.self, "the item")
                }
            }
        }
        return roles
    }

    /// Accounts that have the role of a manager when the story begins.
    private var managers: [String] {
        scenario.members.filter { $0.account == $0.name && $0.roles.list.contains(.manager) }.map(\.name)
    }

    private var accounts: [String] { scenario.members.filter { $0.account == $0.name }.map(\.name) }

    /// What administrators do with accounts; nil for another word.
    func accountWrite(_ words: inout LineWords) throws(ScenarioError) -> SystemWrite? {
        switch words.lastWord {
        case "disable": return .disable(try words.name("an account of a member", of: accounts))
        case "enable": return .enable(try words.name("an account of a member", of: accounts))
        case "role":
            let account = try words.name("an account of a member", of: accounts)
            let roles = try roles(&words, knownMembers: accounts)
            guard !roles.list.contains(.director) || !roles.managers.isEmpty else {
                throw words.failure("the director has no managers", "name them: director of MEMBER,MEMBER")
            }
            return .role(account, roles)
        default: return nil
        }
    }
}
