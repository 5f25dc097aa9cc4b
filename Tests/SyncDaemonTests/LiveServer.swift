import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import SyncServer
import TestKit
import ThreadKit

/// A real server in this process on loopback, with one member, whose replies a test may hold back or replace.
final class LiveServer {
    /// What happens to requests to a path.
    enum Fault: Sendable {
        /// The server does its work, the reply waits for `release`.
        case hold
        case instead(status: Int, headers: [String])
        /// The end of an access, with what is to be wiped.
        case ended(wipe: String)
    }

    private struct State {
        var faults: [String: Fault] = [:]
        var seen: [String] = []
    }

    let folder = TemporaryDirectory()
    let token: String
    let customers: [CustomerKey]
    private let core: ServerCore
    private let state: Monitor<State>
    private let partner: String
    private var listener: HTTPServer?
    private(set) var port: UInt16 = 0

    var address: String { "http://127.0.0.1:\(port)" }

    init() throws {
        let data = DataFolder(folder.file("data"))
        let (clock, chance) = (SystemClock(), CountingChance())
        _ = try data.initialize(partnerName: "P", account: "admin", currency: "USD", clock: clock, chance: chance)
        let ledger = try Ledger.open(path: data.ledgerFile(try data.onlyPartner()), forWriting: true)
        customers = try ledger.write { writer in try LiveServer.fill(writer) }
        ledger.close()
        token = try data.addMember(account: "ana", role: .operator, customers: [], clock: clock, chance: chance)
        core = try ServerCore(folder: data, clock: clock, log: Logger(program: "test", level: .error))
        state = Monitor(State())
        partner = try data.onlyPartner()
        try start()
    }

    deinit { stop() }

    /// Listens, on the same port as before.
    func start() throws {
        let (core, state, partner) = (core, state, partner)
        let listener = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: port)) { request in
            let path = request.path ?? ""
            let fault = state.withLock { state in
                state.seen.append(path)
                return state.faults[path]
            }
            if case .instead(let status, let headers)? = fault {
                var response = HTTPResponse(status: status)
                for header in headers { response.headers.add(header, "1") }
                return response
            }
            if case .ended(let wipe)? = fault {
                let whose = "\"partner\":\"\(partner)\",\"member\":\"ana\",\"echo\":\"\(request.query("echo") ?? "")\""
                var response = HTTPResponse.json(
                    403, Array("{\"code\":\"access-ended\",\"detail\":\"d\",\"wipe\":\"\(wipe)\",\(whose)}".utf8))
                response.headers.add("Fieldbook", "1")
                return response
            }
            let response = core.handle(request)
            if fault != nil { _ = state.wait(until: Moment.soon) { $0.faults[path] == nil ? true : nil } }
            return response
        }
        try listener.start()
        port = listener.port
        self.listener = listener
    }

    func stop() {
        state.withLock { $0.faults = [:] }
        listener?.stop(deadline: .seconds(1))
        listener = nil
    }

    func spoil(_ path: String, _ fault: Fault) { state.withLock { $0.faults[path] = fault } }
    func release() { state.withLock { $0.faults = [:] } }

    /// Waits until so many requests came to a path.
    func isAsked(_ path: String, times: Int = 1) -> Bool {
        state.wait(until: Moment.soon) { state in state.seen.filter { $0 == path }.count >= times ? true : nil }
            == true
    }

    func count(_ path: String) -> Int { state.withLock { $0.seen.filter { $0 == path }.count } }

    /// Two reseller customers and the referral customer 2, one bill record each.
    private static func fill(_ writer: LedgerWriter) throws -> [CustomerKey] {
        try writer.put(
            .cycle, key: 202_611, subject: Subject.everyone, [.text("2026-11"), .text("estimate"), .integer(1)])
        let product = writer.newKey()
        try writer.put(
            .product, key: product, subject: Subject.everyone,
            [.text("p"), .text("P"), .text("s"), .text("S"), .text("r"), .null, .null])
        return try (0..<3).map { index in
            let key = CustomerKey(writer.newKey())
            try writer.put(
                .customer, key: key.value, subject: key.value,
                [
                    .text("c\(index)"), .null, .text("account-\(index)"), .text("Customer \(index)"),
                    .text(index == 2 ? "referral" : "reseller"),
                    .integer(1), .integer(1), .text("2"), .null, .integer(0), .null,
                ])
            try writer.put(
                .billRecord, key: writer.newKey(), subject: key.value,
                [
                    .integer(key.value), .integer(202_611), .text("b\(index)"), .null, .integer(5), .integer(3),
                    .integer(product), .null, .null, .null,
                    .integer(9), .null, .null, .null, .text("USD"), .integer(10), .integer(0), .integer(10),
                    .integer(10), .integer(0), .integer(0),
                    .integer(0), .integer(0), .integer(0), .integer(0), .null, .null,
                ])
            return key
        }
    }
}
