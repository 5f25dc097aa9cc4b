import Diagnostics
import SQLiteKit
package import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// What a load and the feed bring: pages on their way into the image, and a load in its place.
extension ReplicaStore {
    /// Begins a load into a new generation file; a live one stays readable until the new one is swapped in, unless the plan
    /// says that its member sees less now: then it is removed first, durably. The outbox is not touched.
    package func beginLoad(_ plan: V1.SnapshotPlan, epoch: String) throws(StoreError) {
        try StoreError.wrap {
            #if FIELDBOOK_DEFECTS
            let isNarrowed = plan.narrowed ?? false && Defect.planted != .narrowedKeepsImage
            #else
            let isNarrowed = plan.narrowed ?? false
            #endif
            if isNarrowed {
                closeImage()
                try files.removeImage()
            }
            try dropLoad()
            let number = (files.numbers().last ?? 0) + 1
            // Without an image to show meanwhile the heads come first, into a file of their own that follows the feed.
            let comesInTwo = live == nil && plan.feed != nil
            staging = try Staging(newGeneration(number + (comesInTwo ? 1 : 0), plan, epoch, headsOnly: false))
            if comesInTwo { heads = try newGeneration(number, plan, epoch, headsOnly: true) }
        }
    }

    private func newGeneration(
        _ number: Int, _ plan: V1.SnapshotPlan, _ epoch: String, headsOnly: Bool
    ) throws -> Generation {
        let generation = try Generation(path: files.generation(number), number: number, create: true, isLoading: true)
        try generation.begin(plan, epoch: epoch, headsOnly: headsOnly)
        return generation
    }

    /// Takes a page of the heads of a first load, which become the live generation as soon as all of them are there. The load
    /// beside them takes the page too, so that nothing comes twice.
    package func applySnapshotPage(_ page: inout ReceivedPage) throws(StoreError) -> PageOutcome {
        try StoreError.wrap {
            guard let heads else { throw noLoad }
            let whole = page
            let (rows, isComplete) = try heads.applySnapshot(&page)
            // Whatever keeps it from taking the page, it fetches it again.
            if let staging, staging.standing.position == .part(cursor: whole.header.cursor) {
                _ = try? staging.take(whole, at: clock.now().seconds)
            }
            if isComplete { try publishHeads(heads) }
            if isProjectionStale { refreshProjection() }
            return PageOutcome(rows: rows, more: page.more)
        }
    }

    func publishHeads(_ generation: Generation) throws {
        try generation.useLog()
        try files.publish(generation.number)
        (live, heads) = (generation, nil)
        isProjectionStale = true
    }

    /// Applies a feed page, or keeps it until its checkpoint. At a checkpoint edits that the image has reached are settled.
    package func applyFeedPage(_ page: inout ReceivedPage) throws(StoreError) -> PageOutcome {
        try StoreError.wrap {
            guard let live else { throw noLoad }
            var outcome = PageOutcome(more: page.more, reachedCheckpoint: page.isCheckpoint)
            outcome.rows = try live.applyFeed(
                &page, at: clock.now().seconds, watcher: isWatching ? identity : nil
            ) { connection in
                // Without edits there may still be rows of settled ones that a crash left.
                let edits = try openEdits()
                if !edits.isEmpty || isProjectionStale { try Projection(connection).rewrite(edits) }
            }
            guard page.isCheckpoint else { return outcome }
            outcome.notices = live.notices
            try afterCheckpoint(&outcome)
            return outcome
        }
    }

    /// Applies pages that wait for their checkpoint while the next one is on its way; nobody sees it before. For the time
    /// between a request and its reply: it may take as long as the pages that came since the last call, and whatever fails is
    /// told by the checkpoint.
    package func applyAhead() { live?.applyAhead(isWatched: isWatching) }

    /// Takes back what was applied ahead: nothing is on its way any more.
    package func letGoAhead() { live?.letGoAhead() }

    /// Puts a load that has come to a checkpoint in place of the live generation, and settles what it has reached. Nil while
    /// the live one, which follows the feed too, has come further: what a person sees never goes back.
    package func finishLoad() throws(StoreError) -> PageOutcome? {
        try StoreError.wrap {
            #if FIELDBOOK_DEFECTS
            let least: Int64? = Defect.planted == .shownTooEarly ? .max : nil
            #else
            let least: Int64? = nil
            #endif
            guard let staging, let sequence = staging.standing.appliedSequence ?? least else { throw noLoad }
            if let meta = try live?.meta(), meta.fetchedCursor != nil, meta.appliedCursor != nil,
                meta.appliedSequence > sequence
            {
                return nil
            }
            var outcome = PageOutcome(reachedCheckpoint: true)
            // Until the link leads to it, the load keeps its generation: what fails here is tried again.
            try staging.use { generation in
                try generation.write { _ in try noteMissing(in: generation) }
                outcome.notices = newsOfLoad(generation)
                try generation.useLog()
            }
            try files.publish(staging.number)
            show(staging.release())
            try afterCheckpoint(&outcome)
            return outcome
        }
    }

    private func afterCheckpoint(_ outcome: inout PageOutcome) throws {
        // A crash between a commit of the outbox and the projection leaves rows of edits that have their end.
        if isProjectionStale { refreshProjection() }
        (outcome.settled, outcome.refused) = try settleOpen()
        outcome.newConflicts = try copyOwnConflicts()
        try clearTraces()
    }

    /// What a load brings that the image in its place did not show; nothing when there was none.
    private func newsOfLoad(_ generation: Generation) -> [Notice] {
        guard isWatching, let live, let meta = try? live.meta(), meta.appliedCursor != nil else { return [] }
        return (try? ImageWatch.compare(live.connection, with: generation.connection, for: identity)) ?? []
    }

    /// The next pull begins a full load. Rows stay readable until it is swapped in; the outbox is not touched.
    package func forgetImage() throws(StoreError) {
        try StoreError.wrap {
            try dropLoad()
            try live?.forgetCursors()
        }
    }

    /// An image of heads alone follows the feed from its last checkpoint on, beside a load of the same history. Durable on
    /// return as a checkpoint is.
    package func followHeads() throws(StoreError) {
        try StoreError.wrap {
            guard let live, let staging, var meta = try live.storedMeta(), meta.isHeadsOnly, meta.fetchedCursor == nil,
                let cursor = meta.appliedCursor, meta.epoch == staging.standing.epoch
            else { return }
            meta.fetchedCursor = cursor
            try live.write { _ in try live.store(meta) }
        }
    }

    /// Lets go of the image's files, before they are removed.
    func closeImage() {
        staging?.cancel()
        for generation in [live, heads] { generation?.close() }
        (live, heads, staging) = (nil, nil, nil)
        isProjectionStale = true
    }

    /// Takes over the generation that the link leads to now, and removes the one before it.
    private func show(_ generation: Generation) {
        let old = live
        live = generation
        staging = nil
        isProjectionStale = true
        refreshProjection()
        if let old, old.number != generation.number {
            old.close()
            files.remove(old.number)
        }
    }

    private var noLoad: StoreError {
        StoreError(.badState, what: "cannot apply a page", why: "no load has begun", next: "report this as a defect")
    }
}
