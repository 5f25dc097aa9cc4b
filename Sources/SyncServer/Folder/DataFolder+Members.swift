import ConflictRules
package import Diagnostics
import LedgerStore
package import PartnerModel

/// What a member is to be: roles, and whose customers they see by them.
package struct MemberPlan: Sendable, Hashable {
    package var account: String
    package var rights: MemberRights
    /// Accounts of the managers below a director.
    package var managers: [String]
    /// Ids, account names or source ids of customers that are assigned to a manager now.
    package var customers: [String]

    package init(account: String, rights: MemberRights, managers: [String] = [], customers: [String] = []) {
        self.account = account
        self.rights = rights
        self.managers = managers
        self.customers = customers
    }

    /// Whose customers the member sees.
    var scope: ScopeDefinition {
        let customers: ScopeDefinition.Customers =
            if rights.seesAllCustomers { .all } else if rights.roles.contains(.director) {
                .managed(by: managers)
            } else if rights.roles.contains(.manager) { .managed(by: [account]) } else { .managed(by: []) }
        let items = rights.items
        return ScopeDefinition(
            customers: customers, seesCoupons: items.contains(.coupons), seesBills: items.contains(.bills),
            seesQuota: items.contains(.quota))
    }
}

/// Members of the folder's partner, in the directory and in its ledger.
extension DataFolder {
    /// Adds a member of one role and returns a token for it.
    package func addMember(
        account: String, role: MemberRole, customers: [String], clock: any WallClock, chance: any Chance
    ) throws -> String {
        try addMember(
            MemberPlan(account: account, rights: MemberRights(role), customers: customers), clock: clock, chance: chance
        )
    }

    /// Adds a member and returns a token for it. A manager sees the customers that are assigned to them, now those
    /// named.
    package func addMember(_ plan: MemberPlan, clock: any WallClock, chance: any Chance) throws -> String {
        try DataFolder.check(account: plan.account)
        let directory = try openDirectory()
        let partner = try onlyPartner()
        let members = try directory.members(of: partner)
        if members.contains(where: { $0.account == plan.account }) {
            throw UserError(
                .refused, what: "cannot add \(plan.account)", why: "there is a member of that name",
                next: "choose another name, or give it other roles with: fieldbook-server member role \(plan.account)")
        }
        try check(plan, members)
        let scope = try withLedger(partner) { try $0.write { try place(plan, replacing: nil, clock, $0) } }
        try directory.put(Member(partner: partner, account: plan.account, rights: plan.rights, scope: scope))
        return try newToken(directory, partner: partner, account: plan.account, clock: clock, chance: chance)
    }

    /// Gives a member other roles. At no time is the member without a scope: one that is no longer used goes last, so
    /// that what is cut off between leaves nothing but a scope too many.
    package func setRights(_ plan: MemberPlan, clock: any WallClock) throws {
        let directory = try openDirectory()
        let partner = try onlyPartner()
        let members = try directory.members(of: partner)
        guard let member = members.first(where: { $0.account == plan.account }) else {
            throw UserError(
                .refused, what: "cannot change \(plan.account.prefix(64))", why: "there is no member of that name",
                next: "list them with: fieldbook-server member list --data \(path)")
        }
        try check(plan, members)
        try withLedger(partner) { ledger in
            let old = try ledger.read { try $0.scope(member.scope) }
            let isKept = old?.isWhole == false && plan.scope.customers != .all
            let scope = try ledger.write {
                try place(plan, replacing: isKept ? member.scope : nil, clock, $0)
            }
            try directory.put(Member(partner: partner, account: plan.account, rights: plan.rights, scope: scope))
            if let old, !old.isWhole, scope != old.number { try ledger.write { try $0.dropScope(old.number) } }
        }
    }

    /// Brings what the members' scopes show of the partner's own figures in line with their items, as it was not while
    /// scopes knew nothing of bills and quota. Changes nothing where it is so already.
    package func alignScopes(clock: any WallClock) throws {
        let directory = try openDirectory()
        for partner in try directory.partners() {
            try withLedger(partner) { ledger in
                for member in try directory.members(of: partner) {
                    let items = member.rights.items
                    let scope = try ledger.write { writer in
                        try writer.alignScope(
                            member.scope, seesCoupons: items.contains(.coupons), seesBills: items.contains(.bills),
                            seesQuota: items.contains(.quota),
                            at: Timestamp(seconds: writer.state.now(by: clock).seconds))
                    }
                    guard let scope, scope != member.scope else { continue }
                    try directory.put(
                        Member(partner: partner, account: member.account, rights: member.rights, scope: scope))
                }
            }
        }
    }

    private func place(
        _ plan: MemberPlan, replacing old: Int64?, _ clock: any WallClock, _ writer: LedgerWriter
    ) throws -> Int64 {
        let now = Timestamp(seconds: writer.state.now(by: clock).seconds)
        let scope = try writer.putScope(plan.scope, replacing: old, at: now)
        let system = SystemWriters(writer: writer, rulesVersion: RuleSet.standard.version, now: now)
        for name in plan.customers {
            try assign(try known(name, writer), name, to: plan.account, system, writer)
        }
        return scope
    }

    private func check(_ plan: MemberPlan, _ members: [Member]) throws(UserError) {
        guard plan.customers.isEmpty || plan.rights.roles.contains(.manager) else {
            throw refusal(plan, "customers are assigned to managers only", "leave --customers out")
        }
        guard plan.rights.roles.contains(.director) == !plan.managers.isEmpty else {
            throw plan.managers.isEmpty
                ? refusal(plan, "a director needs managers", "give --managers ACCOUNT,ACCOUNT,…")
                : refusal(plan, "managers stand below directors only", "leave --managers out")
        }
        for manager in plan.managers
        where !members.contains(where: { $0.account == manager && $0.rights.roles.contains(.manager) }) {
            throw refusal(
                plan, "\(manager.prefix(64)) is no account manager", "list members with: fieldbook-server member list")
        }
    }

    private func refusal(_ plan: MemberPlan, _ why: String, _ next: String) -> UserError {
        UserError(.refused, what: "cannot give \(plan.account.prefix(64)) these roles", why: why, next: next)
    }

    private func withLedger<Value>(_ partner: String, _ body: (Ledger) throws -> Value) throws -> Value {
        let ledger = try Ledger.open(path: ledgerFile(partner), forWriting: true)
        defer { ledger.close() }
        return try body(ledger)
    }

    private func assign(
        _ customer: CustomerKey, _ name: String, to account: String, _ system: SystemWriters, _ reader: LedgerReader
    ) throws {
        if case .manager(let other?) = try reader.register(.manager, of: customer).state {
            guard other != account else { return }
            throw UserError(
                .refused, what: "cannot give the member the customer \(name)", why: "\(other) is its account manager",
                next: "leave it out, or take it from \(other) first: fieldbook-server admin manager \(name) none")
        }
        try system.carryOut(.manager(customer, account))
    }

    private func known(_ customer: String, _ reader: LedgerReader) throws -> CustomerKey {
        if let key = try reader.customer(id: customer) { return key }
        if let key = try reader.customer(sourceID: customer) { return key }
        throw UserError(
            .refused, what: "cannot give the member the customer \(customer)",
            why: "there is none of that id or account name",
            next: "list ids with: fieldbook-server dump --entity customer --data \(path)")
    }
}
