package import PartnerModel
import SQLiteKit
import SyncProtocol

/// Finds out what one checkpoint, or a load in place of an older image, brought that was not known: values are read
/// before their rows change and compared with what stands in the end. Cost: a few look-ups for each row of a kind
/// that is watched.
///
/// A customer that was not there before brings no notice: all of it is new, and none of it happened now.
final class ImageWatch {
    /// Shares of a budget that are told.
    static let shares: [Int64] = [75, 90, 100]

    private let before: ImageRows
    private var strangers: Set<Int64> = []
    private var freezes: [Int64: Set<Int64>] = [:]
    private var levels: [Int64: Int] = [:]
    private var openBefore: [Int64: Bool] = [:]
    private var quotaLevel: Int?

    /// `before` is where values stand that are known.
    init(before: Connection) { self.before = ImageRows(connection: before) }

    /// Called with each row before it is written or deleted, in the transaction that does so.
    func willChange(_ entity: Entity, _ key: Int64) throws {
        switch entity {
        case .customer: _ = try isKnown(key)
        case .freezes:
            if try isKnown(key), freezes[key] == nil { freezes[key] = Set(try frozen(key, before).map(\.id)) }
        case .budget, .usage:
            if try isKnown(key), levels[key] == nil { levels[key] = try share(key, before)?.percent ?? 0 }
        case .quota:
            if quotaLevel == nil { quotaLevel = try before.quota().map { ImageWatch.level($0) ?? 0 } }
        case .conflict:
            if openBefore[key] == nil { openBefore[key] = try before.conflict(ConflictKey(key))?.status == "open" }
        default: break
        }
    }

    private func isKnown(_ customer: Int64) throws -> Bool {
        if strangers.contains(customer) { return false }
        if freezes[customer] != nil || levels[customer] != nil { return true }
        if try before.customer(CustomerKey(customer)) != nil { return true }
        strangers.insert(customer)
        return false
    }

    /// What is new in the end, for this replica and its member: conflicts, freezes, budgets, quota, each in order of
    /// key.
    func notices(in connection: Connection, for identity: ReplicaIdentity) throws -> [Notice] {
        let after = ImageRows(connection: connection)
        var notices: [Notice] = []
        for key in openBefore.keys.sorted() where openBefore[key] == false {
            if let notice = try conflict(key, after, identity) { notices.append(notice) }
        }
        for key in freezes.keys.sorted() {
            let new = try frozen(key, after).filter { freeze in
                freezes[key]?.contains(freeze.id) == false
                    && !(freeze.cause == .manual && freeze.author == identity.member)
            }
            if !new.isEmpty, let customer = try after.noticed(key) { notices.append(.frozen(customer, new)) }
        }
        for key in levels.keys.sorted() {
            guard let share = try share(key, after), share.percent > levels[key] ?? 0,
                let customer = try after.noticed(key)
            else { continue }
            notices.append(.budget(customer, share))
        }
        if let quotaLevel, let quota = try after.quota(), let level = ImageWatch.level(quota), level > quotaLevel {
            notices.append(.quota(Notice.Share(percent: level, used: quota.used, amount: quota.amount)))
        }
        return notices
    }

    private func conflict(_ key: Int64, _ after: ImageRows, _ identity: ReplicaIdentity) throws -> Notice? {
        guard let record = try after.conflict(ConflictKey(key)), record.status == "open",
            !strangers.contains(record.customer), try before.customer(CustomerKey(record.customer)) != nil,
            let customer = try after.noticed(record.customer)
        else { return nil }
        let isMine = record.replica == identity.replica
        let needed = Register(rawValue: record.register).flatMap { PermissionItem.needed(for: $0) }
        guard isMine || needed.map({ !identity.lacks($0) }) ?? true else { return nil }
        return .conflict(
            Notice.Conflict(
                key: ConflictKey(key), customer: customer, register: record.register, isMine: isMine,
                mineBy: record.mineBy, theirsBy: record.theirsBy, heldAt: record.heldAt, deadline: record.deadline))
    }

    private func frozen(_ key: Int64, _ rows: ImageRows) throws -> [Freeze] {
        guard case .freezes(let set) = try rows.register(.freezes, of: CustomerKey(key)).state else { return [] }
        return set
    }

    /// The highest share that is reached; nil without a budget or below all of them.
    private func share(_ key: Int64, _ rows: ImageRows) throws -> Notice.Share? {
        guard case .budget(let budget?) = try rows.register(.budget, of: CustomerKey(key)).state,
            budget.amount > .zero, let used = try rows.usage(of: CustomerKey(key))?.used,
            let percent = ImageWatch.shares.last(where: {
                Int128(used.units) * 100 >= Int128(budget.amount.units) * Int128($0)
            })
        else { return nil }
        return Notice.Share(percent: Int(percent), used: used, amount: budget.amount)
    }

    /// The share of the quota at which the vendor warns, or restricts.
    private static func level(_ quota: ConsumptionQuota) -> Int? {
        if quota.isExceeded { return 100 }
        return quota.isNearEnd ? ConsumptionQuota.warningPercent : nil
    }

    /// What a newly loaded image brings that an older one did not show.
    static func compare(_ old: Connection, with new: Connection, for identity: ReplicaIdentity) throws -> [Notice] {
        let watch = ImageWatch(before: old)
        for entity in [Entity.customer, .freezes, .budget, .usage, .quota] {
            for key in try new.statement("SELECT key FROM \(entity.name) ORDER BY key").rows({ $0.int64(0) }) {
                try watch.willChange(entity, key)
            }
        }
        for key in try new.statement("SELECT key FROM conflict WHERE status = 'open' ORDER BY key").rows({ $0.int64(0) }
        ) {
            try watch.willChange(.conflict, key)
        }
        return try watch.notices(in: new, for: identity)
    }
}

extension ImageRows {
    /// The partner's quota; nil when this member does not see it.
    func quota() throws -> ConsumptionQuota? {
        try connection.statement("SELECT amount, used FROM quota ORDER BY key LIMIT 1").first { row in
            ConsumptionQuota(amount: Money(units: row.int64(0)), used: Money(units: row.int64(1)))
        }
    }

    /// A customer as notices name it; nil when it is not here.
    func noticed(_ key: Int64) throws -> Notice.NoticedCustomer? {
        try customer(CustomerKey(key)).map { Notice.NoticedCustomer(key: $0.key, accountName: $0.accountName) }
    }
}

extension ReplicaStore {
    /// The notice of an edit that was refused; nil when it was not, or is gone.
    package func refusal(_ number: EditNumber) throws(StoreError) -> Notice? {
        try StoreError.wrap {
            guard let edit = try rows.edit(number), edit.state == .dead, let result = edit.result else { return nil }
            let name = try live.flatMap {
                try ImageRows(connection: $0.connection).customer(edit.customer)?.accountName
            }
            return .refused(
                Notice.NoticedCustomer(key: edit.customer, accountName: name),
                Notice.Refusal(
                    number: number, kind: edit.intent.kind, register: edit.register, code: result.code,
                    message: result.message))
        }
    }
}
