import Foundation
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// Holds what is served to `Config/openapi.json`, and bodies to golden files (FIELDBOOK_GOLDEN=1 rewrites them).
@Suite struct ContractTests {
    private static var root: String {
        var folder = #filePath
        for _ in 0..<3 { folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "" }
        return folder
    }

    private let contract: [String: Any]

    init() throws {
        let bytes = readFile("\(Self.root)/Config/openapi.json")
        contract = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    private func operation(_ method: String, _ path: String) throws -> [String: Any] {
        let paths = try #require(contract["paths"] as? [String: [String: Any]])
        return try #require(paths[path]?[method.lowercased()] as? [String: Any])
    }

    private func schema(_ name: String) -> [String: Any]? {
        ((contract["components"] as? [String: Any])?["schemas"] as? [String: Any])?[name] as? [String: Any]
    }

    /// Why a value does not fit a schema; only the words our contract uses are known.
    private func misfit(_ value: Any, _ schema: [String: Any], at path: String) -> String? {
        if let reference = schema["$ref"] as? String, let name = reference.split(separator: "/").last {
            guard let target = self.schema(String(name)) else { return "\(path): \(name) is not defined" }
            return misfit(value, target, at: path)
        }
        if let words = schema["enum"] as? [String], !words.contains(value as? String ?? "") {
            return "\(path): \(value) is not one of \(words)"
        }
        if let pattern = schema["pattern"] as? String, let text = value as? String,
            text.range(of: pattern, options: .regularExpression) == nil
        {
            return "\(path): '\(text)' does not fit \(pattern)"
        }
        switch schema["type"] as? String {
        case "object":
            guard let object = value as? [String: Any] else { return "\(path): no object" }
            let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
            for name in schema["required"] as? [String] ?? [] where object[name] == nil {
                return "\(path).\(name) is missing"
            }
            for (name, member) in object.sorted(by: { $0.key < $1.key }) {
                guard let known = properties[name] else { return "\(path).\(name) is not described" }
                if let misfit = misfit(member, known, at: "\(path).\(name)") { return misfit }
            }
        case "array":
            guard let array = value as? [Any] else { return "\(path): no array" }
            guard let items = schema["items"] as? [String: Any], schema["prefixItems"] == nil else { return nil }
            for (index, item) in array.enumerated() {
                if let misfit = misfit(item, items, at: "\(path)[\(index)]") { return misfit }
            }
        case "string": if !(value is String) { return "\(path): no text" }
        case "integer": if !(value is Int) { return "\(path): no integer" }
        case "boolean": if !(value is Bool) { return "\(path): no boolean" }
        default: break
        }
        return nil
    }

    /// Checks status, media type, headers and body of a reply against the contract.
    private func check(_ server: TestServer, _ response: HTTPResponse, _ method: String, _ path: String) throws {
        let responses = try #require(try operation(method, path)["responses"] as? [String: [String: Any]])
        let described = try #require(
            responses["\(response.status)"], "\(method) \(path) answers \(response.status), which is not described")
        if response.status == 204 { return }
        let content = try #require(described["content"] as? [String: [String: Any]])
        let type = try #require(response.headers["Content-Type"])
        let schema = try #require(content[type]?["schema"] as? [String: Any], "\(type) is not described")
        // Before the ledger is open nothing is known of its epoch.
        let isEnded = String(decoding: server.bytes(response), as: UTF8.self).contains("access-ended")
        for name in (described["headers"] as? [String: Any] ?? [:]).keys where response.status != 401 {
            #expect(
                response.headers[name] != nil || response.status == 405 || isEnded,
                "\(method) \(path) \(response.status) lacks \(name)")
        }
        guard type != V1.pageMediaType else { return try checkPage(server.bytes(response)) }
        let value = try JSONSerialization.jsonObject(with: Data(server.bytes(response)))
        #expect(misfit(value, schema, at: "\(method) \(path)") == nil)
    }

    private func checkPage(_ bytes: [UInt8]) throws {
        let lines = bytes.split(separator: 0x0A).map { Data($0) }
        let header = try WireCoding.decode(V1.PageHeader.self, from: Array(lines.first ?? Data()))
        let row = header.rows == nil ? "PageRow" : "PackedRow"
        for (index, line) in lines.enumerated() {
            let name =
                index == 0
                ? "PageHeader"
                : index == lines.count - 1 ? "PageClosing" : line.first == UInt8(ascii: "[") ? row : "PageCursor"
            let form = try #require(self.schema(name))
            let value = try JSONSerialization.jsonObject(with: line, options: .fragmentsAllowed)
            #expect(misfit(value, form, at: name) == nil)
        }
    }

    @Test func `the contract names exactly the routes that are served`() throws {
        let paths = try #require(contract["paths"] as? [String: [String: Any]])
        let described = paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } }.sorted()
        #expect(described == Route.all.map { "\($0.method) \($0.path)" }.sorted())
    }

    @Test func `every status that the contract names for the codes of problems exists`() throws {
        let codes = try #require(
            (schema("Problem")?["properties"] as? [String: [String: Any]])?["code"]?["enum"] as? [String])
        #expect(codes == ProblemCode.allCases.map(\.rawValue))
        let results = try #require(
            (schema("Result")?["properties"] as? [String: [String: Any]])?["code"]?["enum"] as? [String])
        #expect(results == ResultCode.allCases.map(\.rawValue))
        let kinds = try #require(
            (schema("Edit")?["properties"] as? [String: [String: Any]])?["kind"]?["enum"] as? [String])
        #expect(kinds == EditKind.allCases.map(\.rawValue))
    }

    @Test func `replies of every route fit the contract, good and bad ones`() throws {
        let server = try TestServer()
        let plan = try WireCoding.decode(
            V1.SnapshotPlan.self, from: server.bytes(server.send("POST", "/sync/v1/snapshot")))
        let cursor = try server.load(as: "ana").cursor
        let push = try WireCoding.encode(
            V1.Push(
                replica: TestServer.replica("ana"), incarnation: 1,
                edits: [
                    try server.edit(1, TestServer.budget(5), customer: 0),
                    try server.edit(2, TestServer.budget(6), customer: 0),
                    try server.edit(3, TestServer.budget(0), customer: 0),
                    try server.edit(4, .freeze(.account, reason: "r"), customer: 1),
                ]))
        let ack = try WireCoding.encode(V1.Ack(replica: TestServer.replica("ana"), upTo: 1))
        let rows = Target.build(path: "/sync/v1/snapshot/rows", query: [("cursor", plan.cursor)])
        let changes = Target.build(path: "/sync/v1/changes", query: [("cursor", cursor)])
        let calls: [(method: String, path: String, target: String, member: String, body: [UInt8], status: Int)] = [
            ("GET", "/sync/v1/hello", "/sync/v1/hello", "ana", [], 200),
            ("GET", "/sync/v1/hello", "/sync/v1/hello?echo=7f", "ana", [], 200),
            ("GET", "/sync/v1/hello", "/sync/v1/hello?echo=%20", "ana", [], 400),
            ("POST", "/sync/v1/snapshot", "/sync/v1/snapshot", "ana", [], 200),
            ("GET", "/sync/v1/snapshot/rows", rows, "ana", [], 200),
            ("GET", "/sync/v1/snapshot/rows", rows + "&rows=packed", "ana", [], 200),
            ("GET", "/sync/v1/snapshot/rows", rows + "&rows=folded", "ana", [], 200),
            ("GET", "/sync/v1/changes", changes, "ana", [], 200),
            ("GET", "/sync/v1/changes", changes + "&rows=packed", "ana", [], 200),
            ("POST", "/sync/v1/push", "/sync/v1/push", "ana", push, 200),
            ("POST", "/sync/v1/ack", "/sync/v1/ack", "ana", ack, 200),
            (
                "GET", "/sync/v1/results", "/sync/v1/results?replica=\(TestServer.replica("ana"))&after=0", "ana", [],
                200
            ),
            ("GET", "/sync/v1/snapshot/rows", "/sync/v1/snapshot/rows", "ana", [], 400),
            ("GET", "/sync/v1/changes", "/sync/v1/changes?cursor=x", "ana", [], 400),
            ("GET", "/sync/v1/joined", "/sync/v1/joined", "ana", [], 400),
            ("GET", "/sync/v1/changes", changes, "mona", [], 410),
            ("GET", "/sync/v1/snapshot/rows", rows, "mona", [], 410),
            ("POST", "/sync/v1/push", "/sync/v1/push", "ana", [], 400),
            ("POST", "/sync/v1/push", "/sync/v1/push", "mona", push, 403),
            ("POST", "/sync/v1/ack", "/sync/v1/ack", "mona", ack, 403),
            ("POST", "/sync/v1/wiped", "/sync/v1/wiped", "ana", [], 400),
            ("POST", "/sync/v1/token", "/sync/v1/token", "ana", [], 200),
            ("GET", "/sync/v1/results", "/sync/v1/results", "ana", [], 400),
            ("POST", "/sync/v1/push", "/sync/v1/push", "ana", [UInt8](repeating: 32, count: 300_000), 413),
        ]
        for call in calls {
            let response = server.send(call.method, call.target, as: call.member, body: call.body)
            #expect(response.status == call.status, "\(call.method) \(call.target)")
            try check(server, response, call.method, call.path)
        }
        let wiped = try WireCoding.encode(V1.Wiped(replica: TestServer.replica("mona")))
        let partner = try server.folder.onlyPartner()
        #expect(try server.folder.openDirectory().setDisabled(1, partner: partner, account: "mona"))
        for route in Route.all {
            try check(server, server.send(route.method, route.path, as: nil), route.method, route.path)
            let ended = server.send(route.method, route.path, as: "mona", body: wiped)
            #expect(ended.status == (route.path == "/sync/v1/wiped" ? 204 : 403))
            try check(server, ended, route.method, route.path)
            let other = route.method == "GET" ? "POST" : "GET"
            let response = server.send(other, route.path)
            #expect(response.status == 405)
            try check(server, response, route.method, route.path)
        }
    }

    /// The first part of a load, after its one page of heads.
    private func part(_ server: TestServer, after cursor: String, as member: String) throws -> HTTPResponse {
        func rows(_ cursor: String) -> HTTPResponse {
            server.send(
                "GET", Target.build(path: "/sync/v1/snapshot/rows", query: [("cursor", cursor)]), as: member)
        }
        let heads = try ReceivedPage(
            server.bytes(rows(cursor)), kind: "snapshot/1", expectedCursor: cursor, isWhole: true)
        let part = rows(heads.cursor)
        #expect(part.headers["ETag"] == PartBench.tag(of: server.bytes(part)))
        return part
    }

    @Test func `bodies are those of the golden files`() throws {
        let server = try TestServer()
        let cursor = try server.load(as: "ana").cursor
        let push = V1.Push(
            replica: TestServer.replica("ana"), incarnation: 1,
            edits: [
                try server.edit(1, TestServer.budget(5), customer: 0),
                try server.edit(2, TestServer.budget(6), customer: 0),
                try server.edit(3, TestServer.budget(0), customer: 0),
            ])
        let plan = try WireCoding.decode(
            V1.SnapshotPlan.self, from: server.bytes(server.send("POST", "/sync/v1/snapshot", as: "mona")))
        func rows(_ path: String, _ cursor: String, _ form: RowForm?, as member: String) -> [UInt8] {
            let query = [("cursor", cursor)] + (form.map { [(RowForm.parameter, $0.rawValue)] } ?? [])
            return server.bytes(server.send("GET", Target.build(path: path, query: query), as: member))
        }
        let bodies: [(name: String, bytes: [UInt8])] = [
            ("hello.json", server.bytes(server.send("GET", "/sync/v1/hello"))),
            ("snapshot.json", server.bytes(server.send("POST", "/sync/v1/snapshot", as: "mona"))),
            ("snapshot-rows.ndjson", rows("/sync/v1/snapshot/rows", plan.cursor, nil, as: "mona")),
            ("snapshot-rows-packed.ndjson", rows("/sync/v1/snapshot/rows", plan.cursor, .packed, as: "mona")),
            ("snapshot-part.ndjson", server.bytes(try part(server, after: plan.cursor, as: "mona"))),
            ("push-request.json", try WireCoding.encode(push)),
            ("push.json", server.bytes(server.send("POST", "/sync/v1/push", body: try WireCoding.encode(push)))),
            ("changes.ndjson", rows("/sync/v1/changes", cursor, nil, as: "ana")),
            ("changes-packed.ndjson", rows("/sync/v1/changes", cursor, .packed, as: "ana")),
            ("problem.json", server.bytes(server.send("GET", "/sync/v1/changes"))),
        ]
        for (name, bytes) in bodies {
            let path = "\(Self.root)/Tests/SyncServerTests/Golden/\(name)"
            if getenv("FIELDBOOK_GOLDEN") != nil { writeFile(path, bytes) }
            #expect(
                String(decoding: readFile(path), as: UTF8.self) == String(decoding: bytes, as: UTF8.self),
                "\(name) changed: a change of the wire needs a new version")
        }
    }
}
