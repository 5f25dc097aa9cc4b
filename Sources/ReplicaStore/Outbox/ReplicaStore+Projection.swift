import PartnerModel

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// The projection of open edits into the image, for plain SQL.
extension ReplicaStore {
    func openEdits() throws -> [OutboxEdit] { try rows.open() }

    /// Writes the projection of pending edits for plain SQL. It is a convenience: when it can't be written now (a full
    /// disk), readers of ours do not miss it and the next change writes it.
    func refreshProjection() {
        guard let live else { return }
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .pendingLeftBehind {
            if (try? openEdits().contains { $0.state.isPending }) != true { return }
        }
        #endif
        do {
            let edits = try openEdits()
            try live.write { _ in try Projection(live.connection).rewrite(edits) }
            isProjectionStale = false
        } catch { isProjectionStale = true }
    }

    /// The same after a change to edits of some customers alone, whose open edits are given, so that one more edit on
    /// a long queue costs no more than the first.
    func refreshProjection(of customers: [(key: CustomerKey, open: [OutboxEdit])]) {
        guard let live, !isProjectionStale else { return refreshProjection() }
        do {
            try live.write { _ in
                let projection = Projection(live.connection)
                for customer in customers { try projection.rewrite(customer.open, of: customer.key) }
            }
        } catch { isProjectionStale = true }
    }
}
