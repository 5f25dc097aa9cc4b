import PartnerModel
import SyncProtocol

/// The truth of the server at any sequence, rebuilt from a history.
struct TruthLine {
    struct Target: Hashable {
        let entity: Int
        let key: Int64
    }

    private(set) var changes: [Target: [TruthRow]] = [:]
    private(set) var sequence: Int64 = 0
    private(set) var rights: RightsLine

    init(_ members: [MemberFacts]) { rights = RightsLine(members) }

    mutating func take(_ change: RightsChange) { rights.take(change) }

    mutating func take(_ sequence: Int64, _ rows: [TruthRow]) {
        self.sequence = sequence
        for row in rows { changes[Target(entity: row.entity.rawValue, key: row.key), default: []].append(row) }
    }

    /// What rights give at a sequence, in order of entity and key.
    func visible(by rights: RightsFacts, at sequence: Int64) -> [RowMark] {
        var rows: [RowMark] = []
        for (target, versions) in changes {
            guard let row = versions.last(where: { $0.version <= sequence }), let content = row.content,
                sees(rights, row.subject, at: sequence)
            else { continue }
            rows.append(RowMark(entity: target.entity, key: target.key, version: row.version, content: content))
        }
        return rows.sorted { ($0.entity, $0.key) < ($1.entity, $1.key) }
    }

    /// The first row of an image that is none of the server's, now or before; nil when there is none.
    func neverWas(_ image: ImageMark) -> String? {
        for row in image.rows {
            let versions = changes[Target(entity: row.entity, key: row.key)] ?? []
            if !versions.contains(where: { $0.version == row.version && $0.content == row.content }) {
                return "\(RowName.text(row.entity, row.key)) of version \(row.version), which never was like that"
            }
        }
        return nil
    }

    /// The first difference between what a member must hold at a checkpoint and what it holds; nil when there is none.
    func difference(_ image: ImageMark, of member: MemberFacts, at sequence: Int64) -> String? {
        var why: String?
        for rights in rights.possible(member, at: sequence) {
            why = difference(image, by: rights, at: sequence)
            if why == nil { return nil }
        }
        return why ?? "sequence \(sequence) lies within a change of roles"
    }

    /// The same by rights that are known.
    func difference(_ image: ImageMark, by rights: RightsFacts, at sequence: Int64) -> String? {
        let all = visible(by: rights, at: sequence)
        guard all != image.rows else { return nil }
        // Old records of a customer that joined may be missing while they are fetched; what is there is as it must be.
        let wanted = all.filter { !isOnItsWay($0, image) }
        guard wanted != image.rows else { return nil }
        let held = Dictionary(uniqueKeysWithValues: image.rows.map { (Target(entity: $0.entity, key: $0.key), $0) })
        for row in wanted {
            let name = RowName.text(row.entity, row.key)
            guard let own = held[Target(entity: row.entity, key: row.key)] else {
                return "\(name) of version \(row.version) is missing"
            }
            if own.version != row.version { return "\(name) has version \(own.version), not \(row.version)" }
            if own.content != row.content { return "\(name) of version \(row.version) has another content" }
        }
        let known = Set(all.map { Target(entity: $0.entity, key: $0.key) })
        let extra = image.rows.first { !known.contains(Target(entity: $0.entity, key: $0.key)) }
        return extra.map { "\(RowName.text($0.entity, $0.key)) of version \($0.version) must not be there" }
            ?? "the rows stand in another order"
    }

    private func isOnItsWay(_ row: RowMark, _ image: ImageMark) -> Bool {
        if image.isHeadsOnly, Entity(rawValue: row.entity)?.isHead == false {
            return !image.rows.contains { $0.entity == row.entity && $0.key == row.key }
        }
        guard !image.filling.isEmpty, Entity.records.contains(where: { $0.rawValue == row.entity }),
            let subject = changes[Target(entity: row.entity, key: row.key)]?.last?.subject,
            let joined = image.filling[subject]
        else { return false }
        return row.version <= joined
            && !image.rows.contains { $0.entity == row.entity && $0.key == row.key }
    }

    // MARK: Who sees what

    /// Whether rows of a subject may stand in a member's image at a sequence.
    func sees(_ member: MemberFacts, _ subject: Int64, at sequence: Int64) -> Bool {
        rights.possible(member, at: sequence).contains { sees($0, subject, at: sequence) }
    }

    /// The first row of an image that rights do not show as the server stands now; nil when there is none.
    func unseen(in image: ImageMark, by rights: RightsFacts) -> RowMark? {
        image.rows.first { row in
            guard let subject = changes[Target(entity: row.entity, key: row.key)]?.last?.subject else { return false }
            return !sees(rights, subject, at: sequence)
        }
    }

    private func sees(_ rights: RightsFacts, _ subject: Int64, at sequence: Int64) -> Bool {
        rights.sees(subject) { accounts in
            if case .customer(_, isFormer: true, _)? = value(.customer, subject, at: sequence) { return false }
            guard case .manager(let account?)? = value(.manager, subject, at: sequence) else { return false }
            return accounts.contains(account)
        }
    }

    /// Whether rows of a subject were a member's to see at some time.
    func everSaw(_ member: MemberFacts, _ subject: Int64) -> Bool {
        let versions = changes[Target(entity: Entity.manager.rawValue, key: subject)] ?? []
        return rights.ever(member).contains { rights in
            rights.sees(subject) { accounts in
                versions.contains {
                    if case .manager(let account?) = $0.value { accounts.contains(account) } else { false }
                }
            }
        }
    }

    private func value(_ entity: Entity, _ key: Int64, at sequence: Int64) -> RowValue? {
        changes[Target(entity: entity.rawValue, key: key)]?.last { $0.version <= sequence }?.value
    }
}
