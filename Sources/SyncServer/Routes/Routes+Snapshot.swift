import Diagnostics
import HTTPKit
import LedgerStore
import SyncProtocol

/// What the routes of a load share with those of other requests.
struct Loads: Sendable {
    let parts: PartStore
    let pins = PinBook()
}

/// The routes of a first load.
extension Routes {
    func snapshotPlan(_ reader: LedgerReader) throws -> HTTPResponse {
        let scope = try scope(reader)
        let held = request.query("held")
        let pin = try loads.pins.pin(
            for: scope, of: member.partner, reader, held: held, now: monotonicNow, serverTime: now.seconds)
        return .json(200, try WireCoding.encode(try reader.snapshotPlan(scope: scope, pin: pin, held: held)))
    }

    /// A page of a load. Pages of heads hold personal data and are made for each request; a page of the bulk is a part.
    func snapshotRows(_ reader: LedgerReader) throws -> HTTPResponse {
        let (text, scope) = (try cursor(), try scope(reader))
        let position = try reader.position(text, scope: scope)
        guard case .snapshot(let entity, let key) = position.place, entity >= Entity.bulkPlace else {
            return page(try reader.snapshotPage(text, scope: scope, form: form, serverTime: now.seconds))
        }
        let store = loads.parts
        try store.review(member.partner, reader)
        let identity = PartIdentity(
            partner: member.partner, epoch: position.epoch, scope: scope.number, scopeVersion: scope.version,
            pin: position.sequence, at: position.at, entity: entity, key: key,
            left: try store.review(scope, of: member.partner, reader), rows: form.rawValue, coding: .identity)
        func plain() throws -> PartStore.Part {
            try store.part(identity, at: reader.state.sequence) {
                try reader.snapshotPage(text, scope: scope, form: form, serverTime: now.seconds)
            }
        }
        guard let compress = store.compress, AcceptEncoding(request.headers).prefersGzip else {
            return PartReply.reply(try plain(), coding: .identity, to: request, store)
        }
        var coded = identity
        coded.coding = .gzip
        do {
            let part = try store.part(coded, at: reader.state.sequence) {
                guard let bytes = compress(try plain().body.bytes()) else { throw NotCoded() }
                return bytes
            }
            return PartReply.reply(part, coding: .gzip, to: request, store)
        } catch is NotCoded {
            return PartReply.reply(try plain(), coding: .identity, to: request, store)
        }
    }

    private struct NotCoded: Error {}
}
