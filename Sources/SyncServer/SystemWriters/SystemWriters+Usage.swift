import LedgerStore
import PartnerModel
import SyncProtocol

/// What is used of budgets, and the month that ends.
extension SystemWriters {
    func usage(_ key: CustomerKey, _ amount: Money) throws -> SystemOutcome {
        let what = "cannot set the usage"
        let customer = try associated(key, as: .reseller, what)
        guard amount >= .zero else { throw refusal(what, "it is below 0", "give an amount of 0 or more") }
        var changes: [String] = []
        let before = try writer.usage(of: key)
        if before?.amount != amount {
            try writer.putUsage(amount, of: key, asOf: now)
            let words = "usage \(before?.amount.shortText ?? "unknown") -> \(amount.shortText)"
            if let event = try event(of: key, from: before?.amount, to: amount) {
                changes.append(try note(.budget, customer, by: Author.system, words + event))
            } else {
                changes.append("\(customer.accountName): \(words)")
            }
        } else if before?.asOf != now {
            // How old a figure is, is part of it; that it was looked at again is no event.
            try writer.putUsage(amount, of: key, asOf: now)
            changes.append("\(customer.accountName): usage is \(amount.shortText) still, as of now")
        }
        changes += try freezeWhenExhausted(customer, used: amount)
        return changes.isEmpty
            ? .unchanged("usage of \(customer.accountName) is \(amount.shortText) already") : .changed(changes)
    }

    /// Shares of a budget, in percent, that are worth a record when they are reached.
    private static let marks: [Int64] = [100, 90, 75]

    /// Why a new figure is worth a record, in words to follow the figures; nil for one that only grows on. Every record
    /// goes to each replica and stays for good, and figures come every ten minutes. An unknown figure before counts as 0.
    private func event(of customer: CustomerKey, from before: Money?, to after: Money) throws -> String? {
        let before = before ?? .zero
        if after < before { return "" }
        guard case .budget(let budget?) = try writer.register(.budget, of: customer).state else { return nil }
        func reaches(_ amount: Money, _ mark: Int64) -> Bool {
            amount.units.multipliedFullWidth(by: 100) >= budget.amount.units.multipliedFullWidth(by: mark)
        }
        guard let mark = SystemWriters.marks.first(where: { reaches(after, $0) }), !reaches(before, mark) else {
            return nil
        }
        return ", \(mark) % of \(budget.amount.shortText) reached"
    }

    /// One freeze by the budget at a time: usage that grows on adds none.
    private func freezeWhenExhausted(_ customer: CustomerRow, used: Money) throws -> [String] {
        guard case .budget(let budget?) = try writer.register(.budget, of: customer.key).state,
            budget.onExhaustion == .freeze, used >= budget.amount,
            case .freezes(let freezes) = try writer.register(.freezes, of: customer.key).state,
            !freezes.contains(where: { $0.cause == .budget })
        else { return [] }
        let reason = "budget exhausted: \(used.shortText) used of \(budget.amount.shortText)"
        return try add(.account, .budget, reason: reason, to: customer, by: Author.system).changes
    }

    /// A freeze by the budget stays: whether the vendor lifts it is not known, and lifting restores spending.
    func resetMonth() throws -> SystemOutcome {
        let cycle = BillingCycle(containing: now.seconds)
        var changes: [String] = []
        for key in try writer.customers(withBudget: .monthly) {
            guard let customer = try writer.customerRow(key), !customer.isFormer else { continue }
            let before = try writer.usage(of: key)
            let isOfThisMonth = before.map { BillingCycle(containing: $0.asOf.seconds) == cycle } ?? false
            guard before?.amount != .zero || !isOfThisMonth else { continue }
            try writer.putUsage(.zero, of: key, asOf: now)
            let words =
                "month \(cycle) begins: usage \(before?.amount.shortText ?? "unknown") -> \(Money.zero.shortText)"
            changes.append(try note(.budget, customer, by: Author.system, words))
        }
        let cycleKey = Int64(cycle.year * 100 + cycle.month)
        if try writer.cycleStatus(key: cycleKey) == nil {
            try writer.put(
                .cycle, key: cycleKey, subject: Subject.everyone,
                [.text(cycle.description), .text(CycleStatus.estimate.rawValue), .integer(now.seconds)])
            changes.append("cycle \(cycle) is open, an estimate")
        }
        return changes.isEmpty ? .unchanged("month \(cycle) has begun already") : .changed(changes)
    }
}
