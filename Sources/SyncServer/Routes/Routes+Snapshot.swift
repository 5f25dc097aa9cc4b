import Diagnostics
import HTTPKit
import LedgerStore
import SyncProtocol

/// What the routes of a load share with those of other requests.
struct Loads: Sendable {
    let parts: PartStore
    let pins = PinBook()
    let ahead = PartsAhead()
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
        guard case .snapshot(let entity, _) = position.place, entity >= Entity.bulkPlace else {
            return page(try reader.snapshotPage(text, scope: scope, form: form, serverTime: now.seconds))
        }
        let (store, member) = (loads.parts, member)
        let making = try PartMaking(
            store: store, partner: member.partner, reader: reader, scope: scope, form: form)
        let isCoded = store.compress != nil && AcceptEncoding(request.headers).prefersGzip
        guard let identity = making.identity(position, isCoded ? .gzip : .identity) else {
            throw LedgerError.cursorRefused
        }
        loads.ahead.asked(identity)
        let given = try making.give(identity, at: text)
        if let closing = given.closing, given.part.isKept { loads.ahead.made(identity, closing) }
        return PartReply.reply(given.part, coding: given.identity.coding, to: request, store)
    }
}
