import HTTPKit
import LedgerStore
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Gives parts inside one reading transaction: to who asks for one, and to who makes the next ones ahead.
struct PartMaking {
    /// A part, and what it is.
    struct Given {
        let part: PartStore.Part
        let identity: PartIdentity
        /// How its page closes; nil when it was kept already.
        let closing: V1.PageClosing?
    }

    let store: PartStore
    let partner: String
    let reader: LedgerReader
    let scope: Scope
    let form: RowForm
    private let left: Int64

    /// Looks first after what is kept of the partner and the scope.
    init(store: PartStore, partner: String, reader: LedgerReader, scope: Scope, form: RowForm) throws {
        (self.store, self.partner, self.reader, self.scope, self.form) = (store, partner, reader, scope, form)
        try store.review(partner, reader)
        left = try store.review(scope, of: partner, reader)
    }

    /// What the part at a position is; nil when heads stand there, which are no part.
    func identity(_ position: Cursor, _ coding: PartIdentity.Coding) -> PartIdentity? {
        guard case .snapshot(let entity, let key) = position.place, entity >= Entity.bulkPlace else { return nil }
        var identity = PartIdentity(
            partner: partner, epoch: position.epoch, scope: scope.number, scopeVersion: scope.version,
            pin: position.sequence, at: position.at, entity: entity, key: key, left: left, rows: form.rawValue,
            coding: coding)
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .anotherPinsPart { (identity.pin, identity.at) = (0, 0) }
        #endif
        return identity
    }

    /// The part of an identity, whose page begins at the cursor `text`; without coding where that can't be had.
    func give(_ identity: PartIdentity, at text: String) throws -> Given {
        guard identity.coding == .gzip, let compress = store.compress else { return try plain(identity, at: text) }
        var closing: V1.PageClosing?
        do {
            let part = try store.part(identity, at: reader.state.sequence) {
                let plain = try plain(identity, at: text)
                closing = plain.closing
                guard let bytes = compress(try plain.part.body.bytes()) else { throw NotCoded() }
                return bytes
            }
            return Given(part: part, identity: identity, closing: closing)
        } catch is NotCoded { return try plain(identity, at: text) }
    }

    private struct NotCoded: Error {}

    private func plain(_ identity: PartIdentity, at text: String) throws -> Given {
        var identity = identity
        identity.coding = .identity
        var closing: V1.PageClosing?
        let part = try store.part(identity, at: reader.state.sequence) {
            // A part is dated by its pin, whoever makes it and whenever.
            let bytes = try reader.snapshotPage(text, scope: scope, form: form, serverTime: identity.at)
            closing = PartMaking.closing(of: bytes)
            return bytes
        }
        return Given(part: part, identity: identity, closing: closing)
    }

    /// The last line of a page.
    private static func closing(of page: [UInt8]) -> V1.PageClosing? {
        let start = page.dropLast().lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return try? WireCoding.decode(V1.PageClosing.self, from: Array(page[start...].dropLast()))
    }
}
