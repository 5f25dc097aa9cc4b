import Diagnostics
import Digests
import Glibc
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// A server with some bill records, and loads of it part by part.
///
/// `@unchecked Sendable`: its server is set up before any thread begins, and only read from then on.
final class PartBench: @unchecked Sendable {
    struct Reply: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let bytes: [UInt8]
        var tag: String? { headers["ETag"] }
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    let server: TestServer
    let core: ServerCore
    let partner: String
    let tokens: [String: String]

    convenience init(bills: Int = 0, limits: PartLimits = TestServer.parts) throws {
        let server = try TestServer(parts: limits)
        try server.addMember("ben", .operator)
        try self.init(server, server.core)
        try addBills(bills)
    }

    private init(_ server: TestServer, _ core: ServerCore) throws {
        (self.server, self.core) = (server, core)
        partner = try server.folder.onlyPartner()
        tokens = server.tokens
    }

    /// The same folder under a server that was started anew.
    func restarted(limits: PartLimits = TestServer.parts) throws -> PartBench {
        let log = Logger(program: "test", level: .error)
        return try PartBench(
            server, try ServerCore(folder: server.folder, clock: server.clock, log: log, parts: limits))
    }

    var store: PartStore { core.loads.parts }
    var files: [String] { FileFacts.names(in: server.folder.partsFolder) ?? [] }
    /// What lies in the folder, as text.
    var content: String {
        files.map { String(decoding: readFile("\(server.folder.partsFolder)/\($0)"), as: UTF8.self) }.joined()
    }

    func remove(_ name: String) { unlink("\(server.folder.partsFolder)/\(name)") }

    // MARK: Changes

    @discardableResult
    func write<Value>(_ body: (LedgerWriter) throws -> Value) throws -> Value {
        try core.pool.withWriter(partner) { try $0.write(body) }
    }

    /// Bill records of the first customer.
    func addBills(_ count: Int, of customer: Int = 0) throws {
        let key = server.customers[customer].value
        try write { writer in
            for _ in 0..<count {
                let bill = writer.newKey()
                try writer.put(
                    .billRecord, key: bill, subject: key,
                    [
                        .integer(key), .integer(202_611), .text("more-\(bill)"), .null, .integer(5), .integer(3),
                        .integer(1), .null, .null, .null, .integer(9), .null, .null, .null, .text("USD"), .integer(10),
                        .integer(0), .integer(10), .integer(10), .integer(0), .integer(0), .integer(0), .integer(0),
                        .integer(0), .integer(0), .null, .null,
                    ])
            }
        }
    }

    func addRegions(_ count: Int) throws {
        try write { writer in
            for _ in 0..<count {
                let key = writer.newKey()
                try writer.put(.region, key: key, subject: Subject.everyone, [.text("r\(key)"), .text("R")])
            }
        }
    }

    // MARK: Loads

    func get(
        _ cursor: String, as member: String = "ana", range: String? = nil, ifRange: String? = nil, coding: String? = nil
    ) throws -> Reply {
        let response = core.handle(request(cursor, as: member, range: range, ifRange: ifRange, coding: coding))
        return Reply(status: response.status, headers: response.headers, bytes: try response.body.bytes())
    }

    func request(
        _ cursor: String, as member: String = "ana", range: String? = nil, ifRange: String? = nil, coding: String? = nil
    ) -> HTTPRequest {
        var headers = HTTPHeaders()
        headers.add("Authorization", "Bearer \(tokens[member] ?? "")")
        if let range { headers.add("Range", range) }
        if let ifRange { headers.add("If-Range", ifRange) }
        if let coding { headers.add("Accept-Encoding", coding) }
        let target = Target.build(path: "/sync/v1/snapshot/rows", query: [("cursor", cursor)])
        return HTTPRequest(method: "GET", target: target, headers: headers)
    }

    func plan(as member: String = "ana", held: String? = nil) throws -> V1.SnapshotPlan {
        var headers = HTTPHeaders()
        headers.add("Authorization", "Bearer \(tokens[member] ?? "")")
        let target = Target.build(path: "/sync/v1/snapshot", query: held.map { [("held", $0)] } ?? [])
        let response = core.handle(HTTPRequest(method: "POST", target: target, headers: headers))
        return try WireCoding.decode(V1.SnapshotPlan.self, from: try response.body.bytes())
    }

    /// The cursor after a page, and whether more come.
    func end(_ reply: Reply, after cursor: String) throws -> (cursor: String, more: Bool) {
        let page = try ReceivedPage(reply.bytes, kind: "snapshot/1", expectedCursor: cursor, isWhole: true)
        return (page.cursor, page.more)
    }

    /// The cursor of a load's first part, after its heads.
    func firstPart(as member: String = "ana") throws -> String {
        var cursor = try plan(as: member).cursor
        while true {
            let reply = try get(cursor, as: member)
            if reply.tag != nil { return cursor }
            cursor = try end(reply, after: cursor).cursor
        }
    }

    /// All parts of a load from a cursor.
    func parts(from first: String, as member: String = "ana") throws -> [Reply] {
        var replies: [Reply] = []
        var cursor = first
        while true {
            let reply = try get(cursor, as: member)
            replies.append(reply)
            let end = try end(reply, after: cursor)
            guard end.more else { return replies }
            cursor = end.cursor
        }
    }

    static func tag(of bytes: [UInt8]) -> String { "\"\(Hex.encode(SHA256.digest(bytes)))\"" }
}
