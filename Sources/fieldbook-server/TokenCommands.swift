import Diagnostics
import Digests
import LedgerStore
import SyncServer
import TerminalKit

extension ServerContext {
    /// The longest span that a token may be given, in seconds: ten years.
    private static let spanMax: Int64 = 3650 * 86_400

    /// `token add ACCOUNT`.
    func addToken() throws {
        let member = try knownMember()
        let token = DataFolder.makeToken(SystemChance())
        let now = SystemClock().now().seconds
        try folder.openDirectory().addToken(
            token, partner: member.partner, account: member.account, at: now, device: try device(),
            expiresAt: try span("expires").map { now + $0 })
        try hand(token, for: member.account)
    }

    /// `token list`.
    func listTokens() throws {
        let tokens = try folder.openDirectory().tokens(
            of: try folder.onlyPartner(), account: command.option("account"))
        let now = SystemClock().now().seconds
        var table = Table([
            .init("ID", yielding: .never), .init("ACCOUNT"), .init("DEVICE"), .init("STATE"),
            .init("MADE", yielding: .leftOutWhole(1)), .init("LAST USED", yielding: .leftOutWhole(2)),
        ])
        for token in tokens {
            table.add([
                token.id, token.account, VisibleText.escape(token.device ?? "-"), ServerContext.state(token, at: now),
                Instant(seconds: token.createdAt).rfc3339,
                token.lastUsedAt.map { Instant(seconds: $0).rfc3339 } ?? "never",
            ])
        }
        let json = tokens.map { token in
            JSONOutput.object([
                "account": .text(token.account), "createdAt": ServerContext.time(token.createdAt),
                "device": token.device.map { .text($0) } ?? .null, "expiresAt": ServerContext.time(token.expiresAt),
                "id": .text(token.id), "inForce": .bool(token.isInForce(at: now)),
                "lastUsedAt": ServerContext.time(token.lastUsedAt),
                "revokedAt": ServerContext.time(token.revokedAt),
                "wipe": token.wipe.map { .text($0.rawValue) } ?? .null,
                "wipedAt": ServerContext.time(token.wipedAt),
            ])
        }
        show(["tokens": .array(json)], table.render(for: terminal))
    }

    /// `token revoke ACCOUNT`.
    func revokeTokens() throws {
        let member = try knownMember()
        let count = try folder.openDirectory().revokeTokens(
            partner: member.partner, account: member.account, hash: try tokenNamed(member),
            at: SystemClock().now().seconds)
        guard count > 0 else { throw noToken("there is none that was not revoked before") }
        show(["revoked": .integer(Int64(count))], "\(count) token(s) of \(member.account) revoked\n")
    }

    /// `token rotate ACCOUNT`.
    func rotateToken() throws {
        let member = try knownMember()
        guard let hash = try tokenNamed(member) else {
            throw UserError(
                .usage, what: "cannot rotate a token of \(member.account)", why: "--id is missing",
                next: "list ids with: fieldbook-server token list --account \(member.account) --data \(folder.path)")
        }
        let token = DataFolder.makeToken(SystemChance())
        let rotation = try folder.openDirectory().rotate(
            hash: hash, to: token, at: SystemClock().now().seconds,
            overlapSeconds: try span("overlap", from: 0) ?? 86_400,
            lifetimeSeconds: try span("expires"))
        switch rotation {
        case .done(let previousEndsAt, _):
            try hand(token, for: member.account)
            terminal.writeError("the old one ends on \(Instant(seconds: previousEndsAt).rfc3339)\n")
        case .notInForce: throw noToken("that one is not in force")
        case .tooMany: throw noToken("\(Directory.tokensMax) of them are in force; revoke some first")
        }
    }

    /// `token wipe ACCOUNT`.
    func wipeTokens() throws {
        let member = try knownMember()
        let wipe = command.flag("keep-outbox") ? Wipe.image : .everything
        let count = try folder.openDirectory().wipeTokens(
            partner: member.partner, account: member.account, hash: try tokenNamed(member), wipe)
        guard count > 0 else { throw noToken("there is none that was not marked so before") }
        show(
            ["marked": .integer(Int64(count)), "wipe": .text(wipe.rawValue)],
            "\(count) token(s) of \(member.account) marked: who comes with one removes "
                + (wipe == .image ? "the replica, not the outbox\n" : "replica and outbox\n"))
    }

    /// `policy show`.
    func showPolicy() throws { tell(try folder.openDirectory().policy(of: try folder.onlyPartner())) }

    /// `policy set KEY VALUE`.
    func setPolicy() throws {
        let keys = PartnerPolicy.Key.allCases.map(\.rawValue).joined(separator: ", ")
        guard let key = PartnerPolicy.Key(rawValue: command.arguments[0]) else {
            throw usage("\(command.arguments[0].prefix(40)) is no policy", "give one of: \(keys)")
        }
        let (directory, partner) = (try folder.openDirectory(), try folder.onlyPartner())
        var policy = try directory.policy(of: partner)
        guard policy.set(key, command.arguments[1]) else {
            throw usage("\(command.arguments[1].prefix(40)) is no value of \(key.rawValue)", "give \(key.form)")
        }
        // The ledger acts by its own word of it; it comes first, so that a cut between leaves what is repeated.
        if key == .bills {
            try withLedger(forWriting: true) { ledger in
                try ledger.write { try $0.setBillsSinceAssignment(policy.bills == .sinceAssignment) }
            }
        }
        try directory.store(key, of: policy, partner: partner)
        tell(policy)
    }

    // MARK: Parts

    private func tell(_ policy: PartnerPolicy) {
        let lines = PartnerPolicy.Key.allCases.map { "\($0.rawValue) = \(policy[$0])\n" }
        let json = PartnerPolicy.Key.allCases.map { ($0.rawValue, JSONOutput.text(policy[$0])) }
        show(["policy": .object(Dictionary(uniqueKeysWithValues: json))], lines.joined())
    }

    /// The hash of the token that `--id` names; nil without it.
    private func tokenNamed(_ member: Member) throws -> [UInt8]? {
        guard let id = command.option("id") else { return nil }
        let known = try folder.openDirectory().tokens(of: member.partner, account: member.account)
        let fitting = known.filter { Hex.encode($0.hash).hasPrefix(id) }
        guard id.utf8.count >= 8, let token = fitting.first, fitting.count == 1 else {
            throw noToken("\(id.prefix(64)) is not the id of one")
        }
        return token.hash
    }

    private func device() throws(UserError) -> String? {
        guard let name = command.option("device") else { return nil }
        guard (1...64).contains(name.utf8.count) else {
            throw usage("--device has no fitting length", "give 1 to 64 bytes")
        }
        return name
    }

    private func span(_ option: String, from least: Int64 = 1) throws(UserError) -> Int64? {
        guard let text = command.option(option) else { return nil }
        guard let seconds = ServerContext.seconds(text), (least...ServerContext.spanMax).contains(seconds) else {
            throw usage(
                "--\(option) \(text.prefix(20)) is no span of at most ten years", "for example 90d, 12h or 1d12h")
        }
        return seconds
    }

    private func noToken(_ why: String) -> UserError {
        UserError(
            .refused, what: "cannot use a token of \(command.arguments[0].prefix(64))", why: why,
            next: "list them with: fieldbook-server token list --data \(folder.path)")
    }

    private static func state(_ token: Token, at now: Int64) -> String {
        func on(_ word: String, _ seconds: Int64) -> String { "\(word) \(Instant(seconds: seconds).rfc3339)" }
        if token.wipe != nil { return token.wipedAt.map { on("wiped", $0) } ?? "to be wiped" }
        if let at = token.wipedAt { return on("wiped", at) }
        if let at = token.revokedAt { return on("revoked", at) }
        guard let end = token.expiresAt else { return "in force" }
        return on(end <= now ? "expired" : "in force to", end)
    }

    static func time(_ seconds: Int64?) -> JSONOutput {
        seconds.map { .text(Instant(seconds: $0).rfc3339) } ?? .null
    }
}
