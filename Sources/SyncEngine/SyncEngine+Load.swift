import Diagnostics
import Digests
import HTTPKit
import ReplicaStore
import SyncCore
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// What came of taking a page of a load, on the load lane's own thread.
package struct StagedPage: Sendable {
    /// The load it belongs to; a page of one that was given up changes nothing.
    let load: Int
    let exchange: Int
    let result: Result<Staging.Taken, StoreError>
}

/// Where the load lane stands: pages are fetched while those before them are still being taken.
struct LoadRoad {
    /// Pages fetched and not yet taken at which fetching waits: what they hold in memory is bounded by it.
    static let waitingMax = 2

    /// Rises with every load, and with every failure of one.
    var number = 0
    /// Where the part after the last one fetched begins; nil before the first.
    var next: String?
    /// The last part was fetched.
    var hasEnded = false
    /// Pages that are being taken, or wait for it.
    var waiting = 0
    /// The load stands at a checkpoint, and the live image came further meanwhile: it waits for one more page.
    var isSwapDue = false
    /// Bytes of a part that have to come before it is asked for again at once: less is a failure like any other.
    static let pieceMin = 1024

    /// Begins at the place where the store says that the load stands.
    mutating func reset() { self = LoadRoad(number: number + 1) }
}

extension PartBegun {
    /// The byte at which the rest begins.
    fileprivate var restStart: Int {
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .resumedElsewhere { return bytes.count + 1 }
        #endif
        return bytes.count
    }

    /// Whether a tag is the strong one of bytes with a digest.
    fileprivate static func names(_ tag: String, _ digest: [UInt8]) -> Bool { tag == "\"\(Hex.encode(digest))\"" }

    /// Whether a tag has the form of a digest; what stands between may have given another.
    fileprivate static func isDigest(_ tag: String) -> Bool {
        tag.utf8.count == 66 && tag.hasPrefix("\"") && tag.hasSuffix("\"")
    }

    /// Whether what was put together is compared with the whole part's hash.
    fileprivate static var isCompared: Bool {
        #if FIELDBOOK_DEFECTS
        Defect.planted != .resumedElsewhere
        #else
        true
        #endif
    }
}

/// What the load machine asks for: the parts of a load, and the feed from there on, for the generation beside the live one.
/// The store's work on them is done off this thread.
extension SyncEngine {
    func runLoad(_ effect: FillMachine.Effect) {
        switch effect {
        case .fetchPage: fetchPart()
        case .wake(let delay): wake(.load, after: delay)
        }
    }

    private func fetchPart() {
        guard !inFlight.contains(where: { $0.lane == .load }) else { return }
        // Heads come first, on the pull lane; so that nothing comes twice the rest begins after them.
        guard let staging = store.staging, !store.isLoadingHeads else {
            clear(.load)
            heldBack.load = false
            return stepLoad(.nothingLeft)
        }
        guard mayFetchRecords(.load) else {
            clear(.load)
            return stepLoad(.nothingLeft)
        }
        guard loading.waiting < LoadRoad.waitingMax else { return }
        if !loading.hasEnded, case .part(let cursor)? = staging.standing.position {
            return ask("snapshot/1", "/sync/v1/snapshot/rows", loading.next ?? cursor)
        }
        guard loading.waiting == 0, case .feed(let cursor)? = staging.standing.position else { return }
        ask("feed/1", "/sync/v1/changes", cursor)
    }

    private func ask(_ kind: String, _ path: String, _ cursor: String) {
        let begun = kind == "snapshot/1" ? partBegun(at: cursor) : nil
        // The rest comes in the coding in which the part began.
        var request = getPage(path, cursor, gzip: begun?.isGzip)
        if let begun {
            request.headers.add("Range", "bytes=\(begun.restStart)-")
            request.headers.add("If-Range", begun.tag)
        }
        send(.load, .part(kind: kind, cursor: cursor), request)
    }

    func receivePart(_ outcome: ExchangeOutcome, _ id: Int, kind: String, cursor: String) throws {
        let what = "cannot load the bill records"
        guard let (bytes, isWhole) = try gather(outcome, kind, cursor, asking: what) else { return }
        let page: ReceivedPage
        do { page = try ReceivedPage(bytes, kind: kind, expectedCursor: cursor, isWhole: isWhole) } catch {
            throw replies.malformed(error.why, asking: what)
        }
        if page.isCut, page.rowCount == 0 {
            throw replies.malformed("the page was cut before its first row", asking: what)
        }
        guard let staging = store.staging else { return stepLoad(.nothingLeft) }
        succeeded(.load)
        if kind == "snapshot/1" { (loading.next, loading.hasEnded) = (page.cursor, !page.more) }
        loading.waiting += 1
        let (number, seconds) = (loading.number, clock.now().seconds)
        shell?.perform {
            let result = Result<Staging.Taken, StoreError> { () throws(StoreError) in
                try staging.take(page, at: seconds)
            }
            return .staged(StagedPage(load: number, exchange: id, result: result))
        }
        stepLoad(.pageCame)
    }

    /// The bytes of a page; nil when the load goes on with a request for more of this part. A part that was cut is kept as
    /// far as it came, and the rest of one is put behind what came before.
    private func gather(
        _ outcome: ExchangeOutcome, _ kind: String, _ cursor: String, asking what: String
    ) throws -> (bytes: [UInt8], isWhole: Bool)? {
        guard kind == "snapshot/1", case .reply(let status, let headers, _, _) = outcome, headers["Fieldbook"] != nil
        else { return try replies.body(outcome, asking: what, isPage: true) }
        let known = begun?.cursor == cursor ? begun : nil
        if status == 416, let known {
            (begun, refusedTag) = (nil, known.tag)
            stepLoad(.pageCame)
            return nil
        }
        var (bytes, isWhole) = try replies.body(outcome, asking: what, isPage: true, isRest: known != nil)
        let (tag, isGzip, came) = (headers["ETag"] ?? "", headers["Content-Encoding"] == "gzip", bytes.count)
        if status == 206 {
            guard let known, known.tag == tag, known.isGzip == isGzip,
                headers["Content-Range"]?.hasPrefix("bytes \(known.restStart)-") == true
            else { throw notTheRest(known, what) }
            bytes = known.bytes + bytes
        }
        begun = nil
        guard isWhole else {
            // Without a tag nobody can tell later whether it is the same part.
            guard tag.hasPrefix("\""), bytes.count <= ProtocolLimits.pageBytesMax else { return (bytes, false) }
            keep(PartBegun(cursor: cursor, tag: tag, isGzip: isGzip, bytes: bytes))
            guard came >= LoadRoad.pieceMin else {
                throw replies.malformed("the reply ended after \(came) bytes", asking: what)
            }
            succeeded(.load)
            stepLoad(.pageCame)
            return nil
        }
        if status == 206, PartBegun.isCompared, !PartBegun.names(tag, SHA256.digest(bytes)) {
            throw notTheRest(known, what)
        }
        // Ours would take as long as the writing; what came in one piece is compared where the system has a fast one.
        if status == 200, PartBegun.isDigest(tag), let digest = SystemDigest.sha256(bytes),
            !PartBegun.names(tag, digest)
        {
            throw replies.malformed("a part's bytes do not have the hash that its tag says", asking: what)
        }
        if isGzip {
            guard let plain = Zlib.load()?.gunzip(bytes, limit: ProtocolLimits.pageBytesMax) else {
                throw replies.malformed("a part's gzip is damaged, or holds more than a part may", asking: what)
            }
            bytes = plain
        }
        return (bytes, true)
    }

    private func notTheRest(_ known: PartBegun?, _ what: String) -> ReplyReader.Refusal {
        (begun, refusedTag) = (nil, known?.tag)
        return replies.malformed("the rest of a part does not fit what came of it before", asking: what)
    }

    /// Remembers what came of a part, in memory and in the file of the load, so that it outlives this process too.
    private func keep(_ part: PartBegun) {
        begun = part
        guard let staging = store.staging else { return }
        let number = loading.number
        shell?.perform {
            do throws(StoreError) {
                try staging.keep(part)
                return .partKept(load: number, nil)
            } catch { return .partKept(load: number, error) }
        }
    }

    private func partBegun(at cursor: String) -> PartBegun? {
        if let begun, begun.cursor == cursor { return begun }
        // While a page is being taken there is none of the next part, and nobody is to wait for that.
        guard loading.waiting == 0, let kept = try? store.staging?.begun(at: cursor), kept.tag != refusedTag else {
            return nil
        }
        begun = kept
        return kept
    }

    /// A page was taken, or could not be.
    func receive(_ page: StagedPage) {
        guard page.load == loading.number, load.state != .stopped else { return }
        loading.waiting -= 1
        receiving = page.exchange
        defer { receiving = nil }
        do {
            let taken = try page.result.get()
            if taken.isWhole, try finishLoad(page.exchange) { return }
            stepLoad(.pageKept)
        } catch {
            note(error, of: .load, doing: "keep a part of the load")
            abandon(.load)
            if let error = error as? StoreError { failKeeping(.load, error) } else { fail(.load, .local) }
        }
    }

    /// Shows the load in place of what was shown; false while the live image is ahead of it.
    private func finishLoad(_ exchange: Int) throws -> Bool {
        guard let outcome = try store.finishLoad() else {
            loading.isSwapDue = true
            return false
        }
        loading.reset()
        clear(.load)
        stepLoad(.nothingLeft)
        (status.lastCheckpointExchange, status.lastCheckpointAt, isAtNewCheckpoint) = (exchange, clock.now(), true)
        log.log(.info, "loaded", [("rows", "\(status.loadRowsTotal ?? 0)")])
        tellNews(outcome.notices, refused: outcome.refused)
        if !outcome.settled.isEmpty { stepPush(.poked) }
        stepFill(.poked)
        try followLoad()
        return true
    }

    /// The pull side goes on from the cursor of the image that is shown now.
    private func followLoad() throws {
        switch pull.state {
        case .standingBy: stepPull(.pageKept(try need()))
        case .following, .holding:
            // A page that starts where the old image stood is not this one's.
            guard case .feedPage? = inFlight.first(where: { $0.lane == .pull })?.purpose else { return }
            abandon(.pull)
            stepPull(.pageKept(try need()))
        case .resting: stepPull(.poked)
        case .stopped, .greeting, .planning, .loading, .backingOff, .needsLogin, .blocked: break
        }
    }

    /// The load is given up, or goes on from where the store stands: what is on its way or waits to be taken is not waited for.
    func stopLoading() {
        loading.reset()
        begun = nil
        abandon(.load)
        clear(.load)
        stepLoad(.stopped)
        stepLoad(.started)
    }

    /// What is no passing failure the pull side finds out by itself, unless it waits for this very load.
    func failLoad(_ failure: Failure, hasEnded: Bool) {
        loading.reset()
        stepLoad(.failed(failure))
        if hasEnded { stepPull(.poked) }
        guard pull.state == .standingBy else { return }
        do {
            if try store.isFollowing() {
                stepPull(.pageKept(try need()))
            } else if hasEnded {
                // Only a greeting is told whose access ended, and at once.
                stepPull(.failed(.transient(retryAfter: nil)))
                stepPull(.poked)
            } else if load.state == .idle {
                stepPull(.failed(failure))
            }
        } catch { note(error, of: .pull, doing: "read the cursor") }
    }

    /// The server has no more of this load: the next greeting begins another.
    func dropLoad(_ refusal: ReplyReader.Refusal) {
        log.log(.info, "load-anew", [("why", refusal.problem.why)])
        do {
            stopLoading()
            try store.forgetImage()
        } catch { note(error, of: .load, doing: "forget the image") }
        switch pull.state {
        case .standingBy: stepPull(.failed(.resyncRequired))
        case .following, .loading, .holding:
            abandon(.pull)
            stepPull(.failed(.resyncRequired))
        case .resting: stepPull(.poked)
        case .stopped, .greeting, .planning, .backingOff, .needsLogin, .blocked: break
        }
        tellPutOff(refusal)
    }
}
