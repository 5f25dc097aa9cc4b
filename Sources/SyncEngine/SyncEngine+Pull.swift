import Diagnostics
import HTTPKit
import ReplicaStore
import SyncCore
import SyncProtocol

/// What the pull machine asks for, and what becomes of the replies.
extension SyncEngine {
    func run(_ effect: PullMachine.Effect) {
        switch effect {
        case .sayHello: sayHello()
        case .requestPlan: requestPlan()
        case .fetchSnapshotPage, .fetchFeedPage: fetchPage()
        case .holdFeedPage(let seconds): fetchPage(wait: seconds)
        case .letGo: abandon(.pull)
        case .forgetImage:
            stopLoading()
            do { try store.forgetImage() } catch { note(error, of: .pull, doing: "forget the image") }
        case .wake(let delay):
            store.letGoAhead()
            wake(.pull, after: delay)
        case .reportCheckpoint:
            status.lastCheckpointAt = clock.now()
            isAtNewCheckpoint = true
        }
    }

    /// `wait`: the seconds for which the server may hold a request for the feed.
    func fetchPage(wait: Int? = nil) {
        guard mayLook() else { return stepPull(.pageKept(.later)) }
        do {
            switch try store.pullPosition() {
            case .nothing: stepPull(.failed(.resyncRequired))
            case .load: stepPull(.pageKept(.load))
            case .heads(let cursor):
                send(.pull, .snapshotPage(cursor: cursor), getPage("/sync/v1/snapshot/rows", cursor))
            case .feed(let cursor):
                send(
                    .pull, .feedPage(cursor: cursor, wait: wait.map { ($0, clock.monotonicNow()) }),
                    getPage("/sync/v1/changes", cursor, wait: wait), held: wait.map { .seconds($0) })
            }
        } catch {
            note(error, of: .pull, doing: "read the cursor")
            fail(.pull, .local)
        }
    }

    /// A greeting says whose token this is, so a reply that something between had kept must not pass for it: with one a
    /// queue could be sent under another member's token.
    private func sayHello() {
        dropReport()
        let echo = String(chance.next(), radix: 16)
        unfetchedRules = nil
        send(.pull, .hello(echo: echo), get("/sync/v1/hello", query: [("echo", echo)]))
    }

    func receiveHello(_ outcome: ExchangeOutcome, echo: String) throws {
        let what = "cannot greet the server"
        let (bytes, isWhole) = try replies.body(outcome, asking: what)
        guard isWhole, let hello = try? WireCoding.decode(V1.Hello.self, from: bytes) else {
            throw replies.malformed("the server's greeting cannot be read", asking: what)
        }
        guard hello.echo == echo else {
            throw replies.malformed("the greeting answers an earlier request; a cache stands between", asking: what)
        }
        guard hello.protocol == V1.version else {
            throw ReplyReader.Refusal(
                failure: .final,
                problem: EngineStatus.Problem(
                    what: what, why: "the server speaks protocol \(hello.protocol), this build \(V1.version)",
                    next: "upgrade the older side; queued edits are kept"))
        }
        let meeting: ReplicaStore.Meeting
        do { meeting = try store.meet(hello, server: server) } catch {
            if error.code == .otherServer || error.code == .otherUser { holdPushes() }
            throw error
        }
        if let greeting = try? WireCoding.decode(LeaseInGreeting.self, from: bytes) {
            try store.keepLease(greeting.lease)
        }
        if meeting == .epochChanged {
            stopLoading()
            try store.forgetImage()
        }
        let mark = hello.rulesHash.map { V1.RulesMark(hash: $0, vocabulary: hello.rulesVocabulary ?? 0) }
        if !asksForRules(mark, on: .pull, then: .greeted) { try greeted() }
    }

    func greeted() throws {
        succeeded(.pull)
        stepPull(.greeted(try need()))
        stepPush(.greeted)
        stepLoad(.poked)
        // Whatever they wait for after failures, the server is there again.
        stepFill(.urged)
        stepLoad(.urged)
    }

    /// A load says what the image that is still shown was loaded by: where the member sees less now, it must not stay.
    private func requestPlan() {
        do {
            let held = try store.heldCursor().map { [("held", $0)] } ?? []
            send(.pull, .plan, request("POST", "/sync/v1/snapshot", query: held, body: []))
        } catch {
            note(error, of: .pull, doing: "read the cursor")
            fail(.pull, .local)
        }
    }

    func receivePlan(_ outcome: ExchangeOutcome) throws {
        let what = "cannot begin a first load"
        let (bytes, isWhole) = try replies.body(outcome, asking: what)
        guard isWhole, let plan = try? WireCoding.decode(V1.SnapshotPlan.self, from: bytes),
            ProtocolLimits.isCursorSize(plan.cursor)
        else {
            throw replies.malformed("the plan of the snapshot cannot be read", asking: what)
        }
        let isNarrowed = plan.narrowed ?? false
        if isNarrowed { stopFilling() }
        stopLoading()
        try store.beginLoad(plan, epoch: try epoch(of: outcome, asking: what))
        // Nothing was wrong with the heads: they go on meanwhile.
        if patience.begins() { try store.followHeads() }
        if isNarrowed { log.log(.notice, "narrowed", [("removed", "image")]) }
        succeeded(.pull)
        stepPull(.planReceived(try need()))
        stepLoad(.poked)
    }

    func receivePage(
        _ outcome: ExchangeOutcome, _ id: Int, kind: String, cursor: String,
        wait: (seconds: Int, since: Duration)? = nil
    ) throws {
        let what = kind == "feed/1" ? "cannot follow the change feed" : "cannot load a snapshot page"
        let (bytes, isWhole) = try replies.body(outcome, asking: what, isPage: true)
        var page: ReceivedPage
        do { page = try ReceivedPage(bytes, kind: kind, expectedCursor: cursor, isWhole: isWhole) } catch {
            throw replies.malformed(error.why, asking: what)
        }
        let began = clock.monotonicNow()
        let result = kind == "feed/1" ? try store.applyFeedPage(&page) : try store.applySnapshotPage(&page)
        succeeded(.pull)
        if result.reachedCheckpoint, result.rows > 0 { logCheckpoint(result.rows, took: clock.monotonicNow() - began) }
        if result.reachedCheckpoint {
            status.lastCheckpointExchange = id
            // While a load is under way the image is not whole.
            if store.staging == nil { patience = EntryPatience() }
        }
        if !result.newConflicts.isEmpty {
            log.log(.notice, "conflicts", [("count", "\(result.newConflicts.count)")])
        }
        tellNews(result.notices, refused: result.refused)
        if !result.settled.isEmpty { stepPush(.poked) }
        // A cut page keeps what came; the next request resumes there without waiting, for it made progress.
        if page.isCut, result.rows == 0 {
            throw replies.malformed("the page was cut before its first row", asking: what)
        }
        if let wait {
            stepPull(.held(held(wait, brought: page.rowCount)))
        }
        let next: PullMachine.Need = result.reachedCheckpoint ? .nothing : try need()
        if !asksForRules(rulesMark(of: outcome), on: .pull, then: .pageKept(next)) { stepPull(.pageKept(next)) }
        if !result.reachedCheckpoint, inFlight.contains(where: { $0.lane == .pull }) { store.applyAhead() }
        if result.reachedCheckpoint { stepFill(.poked) }
        if result.reachedCheckpoint || kind == "snapshot/1" { stepLoad(.poked) }
    }

    private func held(_ wait: (seconds: Int, since: Duration), brought rows: Int) -> PullMachine.Held {
        let took = clock.monotonicNow() - wait.since
        // A server may round the time.
        if rows == 0 { return took >= .seconds(wait.seconds) * 0.9 ? .waited : .unheld }
        return took < PullMachine.Limits.newsWait ? .news : .waited
    }

    private func logCheckpoint(_ rows: Int, took time: Duration) {
        let (seconds, attoseconds) = time.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        log.log(.info, "checkpoint", [("rows", "\(rows)"), ("milliseconds", "\(milliseconds)")])
    }

    func epoch(of outcome: ExchangeOutcome, asking what: String) throws -> String {
        guard case .reply(_, let headers, _, _) = outcome, let epoch = headers[V1.epochHeader] else {
            throw replies.malformed("the reply names no feed epoch", asking: what)
        }
        return epoch
    }

    func need() throws(StoreError) -> PullMachine.Need {
        switch try store.pullPosition() {
        case .nothing: .snapshotPlan
        case .heads: .snapshotPage
        // The load is to take the live image's place, which must not run ahead of it again.
        case .feed: loading.isSwapDue ? .load : .feedPage
        case .load: .load
        }
    }
}
