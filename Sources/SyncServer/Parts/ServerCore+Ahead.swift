import Diagnostics
import LedgerStore
import SyncProtocol

/// Parts of loads are made before they are asked for, in a server that has a thread for it.
extension ServerCore {
    /// From here on the next parts of a load are made while it takes those before.
    package func beginMakingAhead() {
        loads.ahead.begin(loads.parts.limits) { [self] job in
            do { return try makeAhead(job) } catch {
                // Who asks for the part is told what is wrong with it.
                log.log(.info, "part-not-ahead", [("why", "\(error)")])
                return nil
            }
        }
    }

    /// Ends what `beginMakingAhead` began.
    package func endMakingAhead() { loads.ahead.end() }

    /// Makes a part as its load would be given it now; nil when that is another load's part by now, when it was there
    /// already, or when it could not be kept.
    private func makeAhead(_ job: PartsAhead.Job) throws -> (place: PartsAhead.Place, closing: V1.PageClosing)? {
        try pool.withReader(job.load.partner) { ledger in
            try ledger.read { reader in
                guard let scope = try reader.scope(job.load.scope), let form = RowForm(rawValue: job.load.rows) else {
                    return nil
                }
                let making = try PartMaking(
                    store: loads.parts, partner: job.load.partner, reader: reader, scope: scope, form: form)
                let position = try reader.position(job.cursor, scope: scope)
                guard let identity = making.identity(position, job.load.coding), identity.left == job.load.left else {
                    return nil
                }
                let given = try making.give(identity, at: job.cursor)
                guard given.part.isKept, let closing = given.closing else { return nil }
                return (PartsAhead.Place(identity), closing)
            }
        }
    }
}
