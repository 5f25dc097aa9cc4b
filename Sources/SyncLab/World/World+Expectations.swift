import PartnerModel
import ReplicaStore
import SyncEngine
import SyncProtocol

extension World {
    /// Why an expectation does not hold; nil when it does.
    func failure(of expectation: Expectation) -> String? {
        switch expectation {
        case .edit(let name, let number, let word):
            let found = state(of: number, by: name)
            return found.contains(word)
                ? nil : "edit \(number) of \(name) is \(found.joined(separator: ", ")), not \(word)"
        case .refused(let name, let code):
            guard case .refused(let found)? = agents.first(where: { $0.member.name == name })?.made.last else {
                return "the last edit of \(name) was not refused"
            }
            return found == code ? nil : "the last edit of \(name) was refused with \(found), not \(code)"
        case .budget(let customer, let cents):
            return difference(
                "the budget of \(customer)", budget(customer).map { Words.cents($0) }, cents.map { Words.cents($0) })
        case .discount(let customer, let share):
            guard case .discount(let found)? = value(.discount, customer) else {
                return difference("the discount of \(customer)", nil, share.map { BasisPoints($0).percentText })
            }
            return difference(
                "the discount of \(customer)", found?.percent.percentText, share.map { BasisPoints($0).percentText })
        case .freezes(let customer, let count):
            var found = 0
            if case .freezes(let freezes)? = value(.freezes, customer) { found = freezes.count }
            return found == count ? nil : "\(customer) has \(found) freezes, not \(count)"
        case .rule(let name, let number, let rule):
            let found = mark(of: number, by: name)?.rule
            return difference("the rule of edit \(number) of \(name)", found, rule)
        case .reason(let name, let number, let code):
            return difference("the reason of edit \(number) of \(name)", mark(of: number, by: name)?.reason, code)
        case .warned(let name, let number, let guarding):
            let found = mark(of: number, by: name)?.warnings ?? []
            return found.contains(guarding)
                ? nil : "the warnings of edit \(number) of \(name) are \(found), not \(guarding)"
        case .manager(let customer, let account):
            var found: String?
            if case .manager(let known)? = value(.manager, customer) { found = known }
            return difference("the manager of \(customer)", found, account)
        case .label(let customer, let label):
            var found: String?
            if case .label(let known)? = value(.label, customer) { found = known }
            return difference("the label of \(customer)", found, label)
        case .request(let customer, let status):
            var found: String?
            if case .request(_, let known)? = value(.request, customer) { found = known }
            return difference("the request of \(customer)", found, status.rawValue)
        case .former(let customer, let isFormer):
            guard case .customer(_, let found, _)? = value(.customer, customer) else {
                return "\(customer) is not there"
            }
            return found == isFormer ? nil : "\(customer) is \(found ? "" : "not ")a former customer"
        case .conflicts(let count):
            let found = truth.values.count { row in
                if case .conflict(let mark) = row.value { return mark.isOpen }
                return false
            }
            return found == count ? nil : "open conflicts: \(found), not \(count)"
        case .agreement: return agreementFailure()
        case .sees, .seesFreezes, .seesBills, .seesDiscount, .seesManager, .seesLabel, .unsettled, .phase:
            return failureAtAgent(expectation)
        }
    }

    private func failureAtAgent(_ expectation: Expectation) -> String? {
        switch expectation {
        case .sees(let name, let customer, let cents):
            guard case .budget(let found)? = seen(name, customer)?.budget.visible else {
                return "\(name) does not see \(customer)"
            }
            return difference(
                "what \(name) sees as the budget of \(customer)",
                found.map { Words.cents($0.amount.units / World.unitsPerCent) },
                cents.map { Words.cents($0) })
        case .seesFreezes(let name, let customer, let count):
            guard case .freezes(let found)? = seen(name, customer)?.freezes.visible else {
                return "\(name) does not see \(customer)"
            }
            return found.count == count ? nil : "\(name) sees \(found.count) freezes of \(customer), not \(count)"
        case .seesDiscount, .seesManager, .seesLabel: return failureOfSeen(expectation)
        case .seesBills(let name, let customer, let count):
            let rows = agents.first { $0.member.name == name }?.image?.rows ?? []
            let key = keys[customer] ?? 0
            let isThere = rows.contains { $0.entity == Entity.customer.rawValue && $0.key == key }
            let bills = rows.count { row in
                row.entity == Entity.billRecord.rawValue
                    && truth[TruthKey(entity: .billRecord, key: row.key)]?.subject == key
            }
            return difference(
                "what \(name) holds of the bills of \(customer)", isThere || bills > 0 ? "\(bills)" : nil,
                count.map { "\($0)" })
        case .unsettled(let name, let count):
            let found =
                agents.first { $0.member.name == name }?.edits.count { $0.isPending } ?? 0
            return found == count ? nil : "\(name) has \(found) edits without an end, not \(count)"
        case .phase(let name, let phase):
            let found = agents.first { $0.member.name == name }?.engine?.status.phase.rawValue ?? "not running"
            return found == phase ? nil : "\(name) says \(found), not \(phase)"
        default: return nil
        }
    }

    private func failureOfSeen(_ expectation: Expectation) -> String? {
        func difference(
            _ name: String, _ customer: String, _ wanted: String?, _ part: (CustomerSummary) -> String??
        ) -> String? {
            guard let summary = seen(name, customer), let found = part(summary) else {
                return "\(name) does not see \(customer)"
            }
            return self.difference("what \(name) sees of \(customer)", found, wanted)
        }
        switch expectation {
        case .seesDiscount(let name, let customer, let share):
            return difference(name, customer, share.map { BasisPoints($0).percentText }) {
                if case .discount(let found) = $0.discount.visible { .some(found?.percent.percentText) } else { nil }
            }
        case .seesManager(let name, let customer, let account):
            return difference(name, customer, account) {
                if case .manager(let found) = $0.manager.visible { .some(found) } else { nil }
            }
        case .seesLabel(let name, let customer, let label):
            return difference(name, customer, label) {
                if case .label(let found) = $0.label.visible { .some(found) } else { nil }
            }
        default: return nil
        }
    }

    private static let unitsPerCent = Money.unitsPerMajor / 100

    private func difference(_ what: String, _ found: String?, _ wanted: String?) -> String? {
        found == wanted ? nil : "\(what) is \(found ?? "none"), not \(wanted ?? "none")"
    }

    private func value(_ entity: Entity, _ customer: String) -> RowValue? {
        keys[customer].flatMap { truth[TruthKey(entity: entity, key: $0)]?.value }
    }

    private func budget(_ customer: String) -> Int64? {
        guard case .budget(let budget)? = value(.budget, customer) else { return nil }
        return budget.map { $0.amount.units / World.unitsPerCent }
    }

    private func seen(_ name: String, _ customer: String) -> CustomerSummary? {
        guard let agent = agents.first(where: { $0.member.name == name }), let key = keys[customer],
            let reader = try? ReplicaReader(directory: agent.folder)
        else { return nil }
        return try? reader.customer(CustomerKey(key)).summary
    }

    /// The words that fit an edit: its state and its result's code.
    private func state(of number: Int, by name: String) -> [String] {
        guard let agent = agents.first(where: { $0.member.name == name }), agent.made.indices.contains(number - 1)
        else { return ["not made"] }
        switch agent.made[number - 1] {
        case .refused(let code): return ["refused", code]
        case .accepted(let number):
            guard let mark = agent.edits.first(where: { $0.number == number }) else { return ["lost"] }
            return [mark.state] + (mark.code.map { [$0] } ?? [])
        }
    }

    private func mark(of number: Int, by name: String) -> EditMark? {
        guard let agent = agents.first(where: { $0.member.name == name }), agent.made.indices.contains(number - 1),
            case .accepted(let number) = agent.made[number - 1]
        else { return nil }
        return agent.edits.first { $0.number == number }
    }

    private func agreementFailure() -> String? {
        let verdict = Agreement().check(history)
        if case .valid = verdict { return nil }
        return "\(verdict)"
    }
}
