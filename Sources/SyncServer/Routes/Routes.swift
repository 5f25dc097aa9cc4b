import ConflictRules
import Diagnostics
import Digests
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol

/// The routes of `/sync/v1` for one request of one member, each a function of the ledger's transaction.
struct Routes {
    let member: Member
    let policy: () throws -> PartnerPolicy
    let request: HTTPRequest
    let rules: RuleSet
    let now: Instant
    /// By the machine's monotonic clock.
    let monotonicNow: Duration
    let loads: Loads
    /// Looks at a code of the member's authenticator; a code is used up by it.
    let confirm: (String) throws -> Directory.StepUpVerdict
    /// Takes the codes of a push; they count once it is committed.
    let judged: ([ResultCode]) -> Void
    /// Takes that a page of the feed brought nothing.
    let quiet: (QuietFeed) -> Void

    func hello(_ reader: LedgerReader) throws -> HTTPResponse {
        let state = reader.state
        var hello = V1.Hello(
            software: SoftwareVersion.text, partner: member.partner, partnerName: try reader.partner().name,
            member: member.account,
            role: member.role.rawValue, scope: member.scope, epoch: state.epoch, epochOrdinal: state.epochOrdinal,
            lineage: state.lineage, head: state.sequence, lowWatermark: state.lowWatermark, serverTime: now.seconds,
            rulesVersion: rules.version)
        hello.rulesHash = rules.hash
        hello.rulesVocabulary = RuleSet.vocabulary
        hello.roles = member.rights.roles.map(\.rawValue)
        hello.items = member.rights.items.map(\.rawValue)
        hello.lease = try policy().lease.map { V1.Lease(days: $0.days, then: $0.then.rawValue) }
        if let echo = request.query("echo"), !echo.isEmpty {
            guard Routes.isEcho(echo) else {
                throw RouteRefusal(
                    .badRequest, "the word to give back is malformed", "give 1 to 64 printable ASCII characters as echo"
                )
            }
            hello.echo = echo
        }
        return .json(200, try WireCoding.encode(hello))
    }

    /// Whether a word can be given back as it came: 1 to 64 printable ASCII characters.
    static func isEcho(_ word: String) -> Bool {
        (1...64).contains(word.utf8.count) && word.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// The rules in force, as their file has them; nothing for one who has them. Each coding has a strong tag of its own
    /// (RFC 9110, sections 8.8.3 and 13.1.2).
    func conflictRules(_ reader: LedgerReader) throws -> HTTPResponse {
        // The hash of the rules is not one of their bytes.
        let digest = Hex.encode(SHA256.digest(rules.bytes))
        let tags = ["\"\(digest)\"", "\"\(digest)-gzip\""]
        if let held = tags.first(where: { EntityTags(request.headers.values("If-None-Match")).contain($0) }) {
            var response = HTTPResponse(status: 304)
            response.headers.add("ETag", held)
            response.headers.add("Vary", "Accept-Encoding")
            return response
        }
        var response = HTTPResponse.json(200, rules.bytes).gzipped(ifAccepted: request)
        response.headers.add("ETag", response.headers["Content-Encoding"] == nil ? tags[0] : tags[1])
        return response
    }

    func changes(_ reader: LedgerReader) throws -> HTTPResponse {
        let (text, scope) = (try cursor(), try scope(reader))
        guard request.heldSeconds != nil else {
            throw RouteRefusal(
                .badRequest, "the time to wait is malformed",
                "give 1 to \(ProtocolLimits.waitSecondsMax) seconds as wait, or leave it out")
        }
        let (bytes, isQuiet) = try reader.feed(text, scope: scope, form: form, serverTime: now.seconds)
        if isQuiet {
            quiet(
                QuietFeed(
                    member: member, scope: scope, epoch: reader.state.epoch, sequence: reader.state.sequence,
                    rules: rules.hash))
        }
        return page(bytes)
    }

    func joined(_ reader: LedgerReader) throws -> HTTPResponse {
        page(try reader.joinedPage(try cursor(), scope: try scope(reader), form: form, serverTime: now.seconds))
    }

    func push(_ writer: LedgerWriter) throws -> HTTPResponse {
        let push = try decode(V1.Push.self)
        guard ReplicaName.isOne(push.replica) else {
            throw RouteRefusal(.badRequest, "the replica's name is malformed", "give 32 hex digits")
        }
        guard !push.edits.isEmpty, push.edits.count <= ProtocolLimits.pushEditsMax else {
            throw RouteRefusal(
                .tooLarge, "a push takes 1 to \(ProtocolLimits.pushEditsMax) edits", "send fewer edits at once")
        }
        let at = Timestamp(seconds: now.seconds)
        try writer.noteReplica(push.replica, account: member.account, incarnation: push.incarnation.value, at: at)
        var asker = Judge.Asker(
            account: member.account, replica: push.replica, scope: try scope(writer), rights: member.rights)
        let stepUp = try stepUp(push, writer)
        if let stepUp, stepUp.isAccepted { asker.confirmed = stepUp.number }
        let judge = Judge(writer: writer, rules: rules, now: at)
        try judge.closeOverdueConflicts()
        var results = try judge.judge(push.edits, of: asker)
        // An edit that needs a code is told what is wrong with the one that came.
        if let stepUp, let (message, next) = stepUp.refusal(account: member.account),
            let index = results.firstIndex(where: { $0.number.value == stepUp.number && $0.code == .needsStepUp })
        {
            results[index].message = message
            results[index].next = next
        }
        judged(results.map(\.code))
        return .json(200, try WireCoding.encode(V1.Results(epoch: writer.state.epoch, results: results)))
    }

    func results(_ reader: LedgerReader) throws -> HTTPResponse {
        guard let replica = request.query("replica"), ReplicaName.isOne(replica), let text = request.query("after"),
            let after = Int64(text), after >= 0
        else { throw RouteRefusal(.badRequest, "replica and after are required", "give ?replica=NAME&after=NUMBER") }
        let results = try reader.results(replica: replica, account: member.account, after: after)
        // A result does not say of which customer it is, and who sees some may have lost that one.
        let isWhole = try scope(reader).isWhole
        return .json(
            200,
            try WireCoding.encode(
                V1.Results(epoch: reader.state.epoch, results: isWhole ? results : results.map(\.withoutOthers))))
    }

    func acknowledge(_ writer: LedgerWriter) throws -> HTTPResponse {
        let ack = try decode(V1.Ack.self)
        guard ReplicaName.isOne(ack.replica), ack.upTo.value >= 0 else {
            throw RouteRefusal(.badRequest, "the acknowledgement is malformed", "give the replica's name and a number")
        }
        let at = Timestamp(seconds: now.seconds)
        try writer.noteReplica(ack.replica, account: member.account, incarnation: 0, at: at)
        try writer.acknowledge(replica: ack.replica, upTo: ack.upTo.value)
        return .json(200, Array("{}".utf8))
    }

    // MARK: Parts

    /// What the code of a push says of its edit; nil without a code, and for an edit whose result is known already.
    private func stepUp(_ push: V1.Push, _ reader: LedgerReader) throws -> StepUp? {
        guard let stepUp = push.stepUp else { return nil }
        let number = stepUp.number.value
        guard push.edits.contains(where: { $0.number.value == number }) else {
            throw RouteRefusal(
                .badRequest, "the code is for an edit that is not in the push", "name the edit that the code confirms")
        }
        // A repeat after a lost reply comes with a used code, and needs none.
        guard try reader.result(replica: push.replica, number: number) == nil else { return nil }
        return StepUp(number: number, verdict: try confirm(stepUp.code))
    }

    func scope(_ reader: LedgerReader) throws -> Scope {
        guard let scope = try reader.scope(member.scope) else {
            throw RouteRefusal(.forbidden, "the member has no scope", "ask an administrator")
        }
        return scope
    }

    /// The form of rows that was asked for; plain when this build does not know it.
    var form: RowForm { request.query(RowForm.parameter).flatMap(RowForm.init) ?? .plain }

    func cursor() throws -> String {
        guard let cursor = request.query("cursor"), !cursor.isEmpty else {
            throw RouteRefusal(
                .badRequest, "the cursor is missing", "begin with POST /sync/v1/snapshot and follow its cursor")
        }
        return cursor
    }

    private func decode<Message: Decodable>(_ type: Message.Type) throws -> Message {
        try request.message(type)
    }

    /// A page, in gzip for who asks for it: that is a client on a slow link, of which little is taken off a core.
    func page(_ bytes: [UInt8]) -> HTTPResponse {
        HTTPResponse.json(200, bytes, type: V1.pageMediaType).gzipped(ifAccepted: request)
    }
}

/// The names that replicas give themselves.
enum ReplicaName {
    static func isOne(_ name: String) -> Bool {
        name.utf8.count == 32 && name.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

extension HTTPRequest {
    /// The body as a message; refused when it is too large or none.
    func message<Message: Decodable>(_ type: Message.Type) throws -> Message {
        guard body.count <= ProtocolLimits.pushBytesMax else {
            throw RouteRefusal(
                .tooLarge, "the body is larger than \(ProtocolLimits.pushBytesMax) bytes", "send fewer edits at once")
        }
        do { return try WireCoding.decode(type, from: body) } catch {
            throw RouteRefusal(
                .badRequest, "the body cannot be read: \(error.why)",
                "see the description of the interface in Config/openapi.json")
        }
    }
}

/// A request that a route turns down.
struct RouteRefusal: Error {
    let code: ProblemCode
    let detail: String
    let next: String
    init(_ code: ProblemCode, _ detail: String, _ next: String) {
        self.code = code
        self.detail = detail
        self.next = next
    }
}
