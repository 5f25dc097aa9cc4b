import Diagnostics
import Glibc
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import ThreadKit

@testable import SyncServer

/// A server on a real socket that holds requests, and clients that wait.
final class LiveBench {
    let server: TestServer
    private let http: HTTPServer
    private var edits: Int64 = 0
    private var labels: [Int: Int64] = [:]

    /// What a held request was answered.
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]
        let took: Duration
    }

    struct Page {
        let rows: [String]
        let cursor: String
        let isCheckpoint: Bool
    }

    init(log: Logger = Logger(program: "test", level: .error)) throws {
        server = try TestServer(log: log)
        let core = server.core
        http = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0), holding: { core.reply($0) })
        core.beginHolding()
        try http.start()
    }

    deinit { stop() }

    func stop() {
        http.stop()
        server.core.endHolding()
    }

    var live: LiveFeeds.Counts { server.core.live.counts }

    /// Until `count` requests are held by the listener, every one of them after its look.
    func isHeld(_ count: Int) -> Bool { eventually { self.http.held == count && self.live.held == count } }

    // MARK: Clients

    private static func target(_ cursor: String, wait: String?) -> String {
        Target.build(path: "/sync/v1/changes", query: [("cursor", cursor)] + (wait.map { [("wait", $0)] } ?? []))
    }

    private static func get(_ target: String, token: String, port: UInt16) -> Answer? {
        get(
            target, token: token,
            HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: port), limits: ClientLimits(idle: .seconds(60))))
    }

    private static func get(_ target: String, token: String, _ client: HTTPClient) -> Answer? {
        var headers = HTTPHeaders()
        headers.add("Authorization", "Bearer \(token)")
        let began = SystemClock().monotonicNow()
        guard
            let reply = try? client.send(
                HTTPRequest(method: "GET", target: target, headers: headers), bodyLimit: ProtocolLimits.pageBytesMax)
        else { return nil }
        return Answer(
            status: reply.status, headers: reply.headers, body: reply.body, took: SystemClock().monotonicNow() - began)
    }

    /// Asks and waits for the answer.
    func get(_ cursor: String, as member: String = "ana", wait: String? = "50") -> Answer? {
        LiveBench.get(
            LiveBench.target(cursor, wait: wait), token: server.tokens[member] ?? "", port: http.port)
    }

    /// Asks again and again on one connection.
    func asker(as member: String) -> @Sendable (String) -> Answer? {
        let client = HTTPClient(
            endpoint: .tcp(host: "127.0.0.1", port: http.port), limits: ClientLimits(idle: .seconds(60)))
        let token = server.tokens[member] ?? ""
        return { LiveBench.get(LiveBench.target($0, wait: "50"), token: token, client) }
    }

    /// Asks on a thread of its own.
    func hold(
        _ cursor: String, as member: String = "ana", wait: String = "50", token: String? = nil
    ) -> Delivery<Answer?> {
        let answer = Delivery<Answer?>()
        let (token, port) = (token ?? server.tokens[member] ?? "", http.port)
        let target = LiveBench.target(cursor, wait: wait)
        WorkerThread(stackBytes: 512 * 1024) {
            answer.deliver(LiveBench.get(target, token: token, port: port))
        }?.detach()
        return answer
    }

    /// What a held request is answered; nil when nothing came for 20 s.
    func answer(_ held: Delivery<Answer?>) -> Answer? {
        held.wait(until: SystemClock().monotonicNow() + .seconds(20)) ?? nil
    }

    /// An answer's page, its rows as `entity key` with `-` behind those that are gone.
    func page(_ answer: Answer?, after cursor: String) throws -> Page {
        var page = try ReceivedPage(answer?.body ?? [], kind: "feed/1", expectedCursor: cursor, isWhole: true)
        var rows: [String] = []
        try page.forEachRow { rows.append("\($0.entity.name) \($0.key)\($0.isTombstone ? "-" : "")") }
        return Page(rows: rows, cursor: page.cursor, isCheckpoint: page.isCheckpoint)
    }

    /// Asks on a connection that the caller closes.
    func holdRaw(_ cursor: String, as member: String = "ana") throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = http.port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw LedgerError.damaged("no connection") }
        let text =
            "GET \(LiveBench.target(cursor, wait: "50")) HTTP/1.1\r\nHost: x\r\n"
            + "Authorization: Bearer \(server.tokens[member] ?? "")\r\n\r\n"
        _ = Array(text.utf8).withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        return descriptor
    }

    // MARK: Changes

    func key(_ customer: Int) -> Int64 { server.customers[customer].value }

    /// Another token of a member.
    func newToken(_ account: String) throws -> String {
        let token = DataFolder.makeToken(SystemChance())
        try server.folder.openDirectory().addToken(
            token, partner: try server.folder.onlyPartner(), account: account, at: server.clock.now().seconds)
        return token
    }

    /// The last sequence given.
    func head() throws -> Int64 {
        let ledger = try Ledger.open(path: server.folder.ledgerFile(try server.folder.onlyPartner()), forWriting: false)
        defer { ledger.close() }
        return try ledger.read { $0.state.sequence }
    }

    /// An edit of a customer's label through this process; the sequence it was given.
    @discardableResult
    func push(customer: Int, as member: String = "admin") throws -> Int64 {
        edits += 1
        let edit = try server.edit(
            edits, .setLabel("label-\(edits)"), customer: customer, base: labels[customer] ?? 0)
        labels[customer] = try server.push([edit], as: member).first?.version?.value
        return labels[customer] ?? 0
    }

    /// A change by a connection that the server knows nothing of, as a command beside it makes.
    func command(_ change: SystemChange) throws {
        let ledger = try Ledger.open(path: server.folder.ledgerFile(try server.folder.onlyPartner()), forWriting: true)
        defer { ledger.close() }
        try ledger.write { writer in
            _ = try SystemWriters(
                writer: writer, rulesVersion: 1, now: Timestamp(seconds: server.clock.now().seconds)
            ).carryOut(change)
        }
    }
}
