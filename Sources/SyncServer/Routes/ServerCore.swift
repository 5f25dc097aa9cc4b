import ConflictRules
package import Diagnostics
import Digests
package import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import ThreadKit

/// Answers requests of `/sync/v1`: finds the member, opens the partner's ledger, runs the route in one transaction.
///
/// Requests come on the connection threads of the HTTP server. Writers of a partner take turns on one connection;
/// readers use connections of a small pool, each on one thread at a time.
package final class ServerCore: Sendable {
    let folder: DataFolder
    let clock: any WallClock
    /// Makes tokens.
    private let chance: any Chance
    let log: Logger
    package let rules: RulesInForce
    let pool: LedgerPool
    let meter = ServerMeter()
    let loads: Loads
    let live: LiveFeeds
    let startedAt: Instant

    package init(
        folder: DataFolder, clock: any WallClock, chance: any Chance = SystemChance(), log: Logger,
        parts: PartLimits = PartLimits(), waits: any WallClock = SystemClock()
    ) throws {
        self.folder = folder
        self.clock = clock
        self.chance = chance
        self.log = log
        startedAt = clock.now()
        rules = try RulesInForce(folder: folder.path)
        pool = try LedgerPool(folder: folder)
        live = LiveFeeds(folder: folder, clock: clock, waits: waits, rules: rules, log: log)
        loads = Loads(
            parts: PartStore(
                folder: folder.partsFolder, limits: parts, compress: { Zlib.load()?.gzip($0) },
                digest: { SystemDigest.sha256($0) ?? SHA256.digest($0) }, log: log))
        for partner in try tidyParts() { try reviewParts(of: partner, isStart: true) }
    }

    /// Removes what no load can use any more; the partners that are served.
    private func tidyParts() throws -> [String] {
        let partners = try pool.partners()
        loads.parts.tidy(partners: partners)
        return partners
    }

    private func reviewParts(of partner: String, isStart: Bool = false) throws {
        try pool.withReader(partner) { ledger in
            try ledger.read { try loads.parts.reviewAll(partner, $0, isStart: isStart) }
        }
    }

    /// What a request erased goes from the kept parts before it is answered. What was committed stands whatever comes
    /// of it: no part is given before this was looked after, and the next tick tries again.
    private func reviewParts(of partner: String, after ledger: Ledger) {
        do { try ledger.read { try loads.parts.review(partner, $0) } } catch {
            log.log(.error, "parts-not-reviewed", [("why", "\(error)")])
        }
    }

    /// The reply to a request, at once. Never throws; what goes wrong inside is a problem reply without secrets.
    package func handle(_ request: HTTPRequest) -> HTTPResponse {
        let began = clock.monotonicNow()
        var notes = RequestNotes()
        let response = answer(request, &notes)
        return finish(response, to: request, notes, took: clock.monotonicNow() - began)
    }

    /// What every reply carries, and the record of it. `held` is how long a request waited beside the work on it.
    func finish(
        _ answer: HTTPResponse, to request: HTTPRequest, _ notes: RequestNotes, took: Duration, held: Duration? = nil
    ) -> HTTPResponse {
        var response = answer
        response.headers.add("Fieldbook", "\(V1.version)")
        response.headers.add("Cache-Control", "no-store")
        let id = pool.nextRequestID()
        response.headers.add("X-Request-Id", id)
        // Whatever else a client asks for may be anything, a token in the wrong place too.
        let path = request.path
        let name = Route.all.first { $0.path == path }?.path ?? ServerMeter.other
        meter.note(route: name, status: response.status, took: took)
        var fields = [
            ("id", id), ("method", String(request.method.prefix(10))), ("path", name),
            ("status", "\(response.status)"), ("member", notes.account), ("ms", "\(took.milliseconds)"),
        ]
        if let held { fields.append(("held_ms", "\(held.milliseconds)")) }
        log.log(.info, "request", fields)
        return response
    }

    func answer(_ request: HTTPRequest, _ notes: inout RequestNotes) -> HTTPResponse {
        guard let path = request.path, let route = Route.all.first(where: { $0.path == path }) else {
            return Problem.reply(
                .notFound, "there is nothing at this path",
                "see the description of the interface in Config/openapi.json")
        }
        guard route.method == request.method else {
            var response = Problem.reply(.methodNotAllowed, "this path takes \(route.method)", "use \(route.method)")
            response.headers.add("Allow", route.method)
            return response
        }
        do {
            let hash = bearer(request).map { Directory.hash(of: $0) }
            let access = try hash.map { try self.access($0) } ?? .unknown
            switch access {
            case .unknown: return unauthenticated("the token is missing, unknown or revoked")
            case .expired(let end):
                return unauthenticated("the token expired on \(Instant(seconds: end).rfc3339)")
            case .ended(let member, let wipe):
                notes.account = member.account
                guard route.isOpenToEnded else {
                    return Problem.accessEnded(wipe, of: member, echo: request.query("echo"))
                }
            case .granted(let member): notes.account = member.account
            }
            return try run(route, request, access, hash ?? [], &notes)
        } catch {
            return Problem.reply(for: error, log)
        }
    }

    /// What time alone brings: conflicts whose deadline has come are closed as their rules say.
    package func tick() {
        let partners: [String]
        do { partners = try tidyParts() } catch {
            log.log(.error, "tick", [("why", "\(error)")])
            meter.noteFailedTick()
            return
        }
        for partner in partners {
            do {
                // What a command on the folder erased goes from the kept parts by this look at the latest.
                try reviewParts(of: partner)
                try pool.withWriter(partner) { ledger in
                    let now = try ledger.read { $0.state.now(by: clock) }
                    guard try !ledger.read({ try $0.overdueConflicts(at: Timestamp(seconds: now.seconds)) }).isEmpty
                    else { return }
                    let closed = try ledger.write { writer in
                        try Judge(writer: writer, rules: rules.current, now: Timestamp(seconds: now.seconds))
                            .closeOverdueConflicts()
                    }
                    live.committed(partner)
                    log.log(.notice, "conflicts-overdue", [("closed", "\(closed.count)")])
                }
            } catch {
                log.log(.error, "tick", [("why", "\(error)")])
                meter.noteFailedTick()
            }
        }
    }

    /// What a token opens. That its use could not be written down keeps nobody out: the next request tries again.
    func access(_ hash: [UInt8]) throws -> Access {
        let now = clock.now().seconds
        let (access, isUseDue) = try pool.withDirectory { try $0.access(hash: hash, at: now) }
        if isUseDue {
            do { try pool.withDirectory { try $0.noteUse(hash: hash, at: now) } } catch {
                log.log(.error, "use-not-noted", [("why", "\(error)")])
            }
        }
        return access
    }

    private func unauthenticated(_ why: String) -> HTTPResponse {
        var response = Problem.reply(.unauthenticated, why, "set up the client with a valid token")
        response.headers.add("WWW-Authenticate", "Bearer")
        return response
    }

    private func run(
        _ route: Route, _ request: HTTPRequest, _ access: Access, _ hash: [UInt8], _ notes: inout RequestNotes
    ) throws -> HTTPResponse {
        if case .access(let work) = route.work {
            return try work(
                AccessRoutes(
                    request: request, access: access, hash: hash, now: clock.now().seconds, chance: chance,
                    directory: { [pool] body in try pool.withDirectory(body) }))()
        }
        guard case .granted(let member) = access else { return unauthenticated("the token opens nothing here") }
        return try run(route, request, member, &notes)
    }

    private func run(
        _ route: Route, _ request: HTTPRequest, _ member: Member, _ notes: inout RequestNotes
    ) throws -> HTTPResponse {
        // What the reply announces is what the request was judged by, also while the rules are read anew.
        let rules = rules.current
        // The ledger's own clock decides, so it is read in the transaction that the route runs in.
        var judged: [ResultCode] = []
        var quiet: QuietFeed?
        defer { notes.quiet = quiet }
        func routes(_ state: LedgerState) -> Routes {
            Routes(
                member: member,
                policy: { [pool] in try pool.withDirectory { try $0.policy(of: member.partner) } },
                request: request, rules: rules, now: state.now(by: clock), monotonicNow: clock.monotonicNow(),
                loads: loads,
                // Authenticators follow the machine's clock, wherever the ledger's was set to.
                confirm: { [pool, clock] in try pool.confirm(code: $0, of: member, at: clock.now().seconds) },
                judged: { judged = $0 }, quiet: { quiet = $0 })
        }
        switch route.work {
        case .access: preconditionFailure("a route of the directory opens no ledger")
        case .read(let work):
            return try pool.withReader(member.partner) { ledger in
                try ledger.read { reader in answered(reader.state, rules) { try work(routes(reader.state))(reader) } }
            }
        case .write(let work):
            return try pool.withWriter(member.partner) { ledger in
                // A refusal still tells epoch and lineage; what the route wrote before it is undone.
                let state = try ledger.read { $0.state }
                return answered(state, rules) {
                    let response = try ledger.write { try work(routes($0.state))($0) }
                    live.committed(member.partner)
                    meter.note(results: judged)
                    reviewParts(of: member.partner, after: ledger)
                    return response
                }
            }
        }
    }

    private func answered(_ state: LedgerState, _ rules: RuleSet, _ work: () throws -> HTTPResponse) -> HTTPResponse {
        var response: HTTPResponse
        do { response = try work() } catch { response = Problem.reply(for: error, log) }
        response.headers.add(V1.epochHeader, state.epoch)
        response.headers.add(
            V1.lineageHeader, state.lineage.map { "\($0.epoch)@\($0.last.value)" }.joined(separator: ","))
        response.headers.add(
            V1.rulesHeader, V1.RulesMark(hash: rules.hash, vocabulary: RuleSet.vocabulary).text)
        return response
    }

    func bearer(_ request: HTTPRequest) -> String? {
        // Two fields could be read as either by whoever stands between.
        let values = request.headers.values("Authorization")
        guard values.count == 1, let value = values.first, value.hasPrefix("Bearer "), value.utf8.count <= 512 else {
            return nil
        }
        return String(value.dropFirst("Bearer ".count))
    }
}
