import Diagnostics
import HTTPKit
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// What an operator is told of a server in this process.
@Suite struct OperatorTests {
    private let server: TestServer
    private let routes: OperatorRoutes

    init() throws {
        server = try TestServer()
        let listener = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0)) { _ in HTTPResponse(status: 200) }
        routes = OperatorRoutes(core: server.core, traffic: { ListenerTraffic(listener) })
    }

    private func get(_ path: String) -> (status: Int, text: String) {
        let response = routes.handle(HTTPRequest(method: "GET", target: path))
        return (response.status, String(decoding: server.bytes(response), as: UTF8.self))
    }

    private func edit(_ number: Int64) -> V1.Edit {
        var edit = V1.Edit(number: number, kind: "", customer: server.customers[0].value, base: 0, deviceTime: 0)
        edit.setIntent(.setLabel("label-\(number)"))
        return edit
    }

    @Test func `requests are counted by route and status, and whatever else is asked for as one`() throws {
        _ = server.send("GET", "/sync/v1/hello")
        _ = server.send("GET", "/sync/v1/hello", as: nil)
        for index in 0..<100 { _ = server.send("GET", "/secret-\(index)?token=x") }
        _ = server.send("DELETE", "/sync/v1/hello")
        let text = get("/metrics").text
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("fieldbook_server_requests_total{") }
        #expect(
            lines == [
                "fieldbook_server_requests_total{route=\"/sync/v1/hello\",code=\"200\"} 1",
                "fieldbook_server_requests_total{route=\"/sync/v1/hello\",code=\"401\"} 1",
                "fieldbook_server_requests_total{route=\"/sync/v1/hello\",code=\"405\"} 1",
                "fieldbook_server_requests_total{route=\"other\",code=\"404\"} 100",
            ])
        #expect(text.contains("request_duration_seconds_count{route=\"other\",class=\"4xx\"} 100\n"))
        for secret in ["secret", "ana", "mona", "account-", "Customer"] { #expect(!text.contains(secret)) }
    }

    @Test func `results count once their push is committed, and again when they are asked for again`() throws {
        #expect(try server.push([edit(1), edit(2)]).map(\.code) == [.applied, .applied])
        #expect(get("/metrics").text.contains("results_total{code=\"applied\"} 2\n"))
        var other = edit(2)
        other.setIntent(.setLabel("another"))
        let body = try WireCoding.encode(
            V1.Push(replica: TestServer.replica("ana"), incarnation: 1, edits: [edit(3), other]))
        #expect(server.send("POST", "/sync/v1/push", body: body).status == 409)
        #expect(get("/metrics").text.contains("results_total{code=\"applied\"} 2\n"))
        _ = try server.push([edit(1)])
        #expect(get("/metrics").text.contains("results_total{code=\"applied\"} 3\n"))
    }

    @Test func `ledgers are told by partner, with those who may use them`() throws {
        let partner = try server.folder.onlyPartner()
        let text = get("/metrics").text
        #expect(text.contains("fieldbook_server_active_members{partner=\"\(partner)\"} 3\n"))
        #expect(text.contains("fieldbook_server_conflicts{partner=\"\(partner)\",status=\"open\"} 0\n"))
        #expect(text.contains("fieldbook_server_ready 1\n") && text.contains("fieldbook_server_feed_sequence{"))
    }

    @Test func `a server that ends is healthy but takes no more work`() {
        #expect(get("/readyz").status == 200)
        routes.end()
        #expect(get("/readyz") == (503, "the server is stopping\n") && get("/healthz") == (200, "ok\n"))
    }
}
