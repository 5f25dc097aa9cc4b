import LedgerStore
import PartnerModel

/// The partner's consumption quota.
extension SystemWriters {
    /// Restricting the partner for an exceeded quota is a change of its own: the vendor does it, not the figure.
    func quota(_ quota: ConsumptionQuota) throws -> SystemOutcome {
        guard quota.amount >= .zero else {
            throw refusal("cannot set the consumption quota", "it is below 0", "give a quota of 0 or more")
        }
        let before = try writer.quota()
        func words(_ quota: ConsumptionQuota) -> String {
            "\(quota.used.shortText) used of \(quota.amount.shortText)"
        }
        guard before?.quota != quota || before?.asOf != now else {
            return .unchanged("the consumption quota is \(words(quota)) already")
        }
        try writer.putQuota(quota, currency: try writer.partner().currency, asOf: now)
        // How old a figure is, is part of it.
        if before?.quota == quota { return .changed(["consumption quota: \(words(quota)) still, as of now"]) }
        return .changed(["consumption quota: \(before.map { words($0.quota) } ?? "unknown") -> \(words(quota))"])
    }
}
