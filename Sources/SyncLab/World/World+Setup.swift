import Diagnostics
import LedgerStore
import PartnerModel
import SyncServer

extension World {
    /// Makes the server with the scenario's customers, and an agent for each member.
    func prepare(_ scenario: Scenario) throws {
        let chance = LabChance(seed: Mix.of(seed, 11))
        let adminToken = try server.initialize(chance: chance)
        tokens[adminToken] = "admin"
        try server.start()
        guard let ledger = server.writer else { return }
        try SystemWriter(ledger: ledger, now: server.clock.now().seconds).make(scenario.customers)
        if let focus = scenario.focus {
            let options = FocusImport.Options(
                association: .reseller, isStrict: false, openCycle: nil, now: server.clock.now().seconds)
            let path = focus.hasPrefix("/") ? focus : "\(scenarioFolder)/\(focus)"
            _ = try FocusImport.run(file: path, into: ledger, options: options)
        }
        for customer in scenario.customers {
            keys[customer.name] = try ledger.read { try $0.customer(id: customer.name) }?.value
        }
        var accounts: Set<String> = ["admin"]
        for (index, member) in scenario.members.enumerated() {
            let isNew = accounts.insert(member.account).inserted
            let token =
                isNew
                ? try server.addMember(member, chance: chance)
                : try server.newToken(account: member.account, chance: chance)
            tokens[token] = member.account
            agents.append(LabAgent(member, index: index, token: token, folder: "\(folder)/\(member.name)", world: self))
            addMember(
                MemberFacts(name: member.name, account: member.account, roles: member.roles))
        }
        lookAtTruth(isPush: false)
    }
}
