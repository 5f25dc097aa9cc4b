import Diagnostics
import Glibc
import HTTPKit
import SQLiteKit
import TestKit
import Testing

/// Metrics of a real daemon and a real server: what they say, that others can read it, and that the documents agree.
@Suite(.serialized) struct MetricsTests {
    private let world: World
    private let ana: Person

    init() throws {
        world = World()
        world.seed(customers: 5, bills: 300, coupons: 5)
        world.startServer(["--metrics", "0"])
        ana = world.member("ana")
    }

    private static let root: String = {
        var folder = #filePath
        for _ in 0..<3 { folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? "" }
        return folder
    }()

    private var operatorPort: UInt16 {
        let digits = world.serverOutput.components(after: "metrics on http://127.0.0.1:").prefix { $0.isNumber }
        return UInt16(digits) ?? 0
    }

    private func get(_ path: String, _ method: String = "GET") throws -> (status: Int, body: String) {
        let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: operatorPort))
        let reply = try client.send(HTTPRequest(method: method, target: path), bodyLimit: 1 << 20)
        return (reply.status, String(decoding: reply.body, as: UTF8.self))
    }

    private func serverMetrics() throws -> String {
        let reply = try get("/metrics")
        #expect(reply.status == 200)
        return reply.body
    }

    private func daemonMetrics() -> String { ana.run(["metrics"]).output }

    /// The sum over all samples of a family.
    private func sum(_ name: String, in text: String) -> Double {
        text.split(separator: "\n").filter { $0.hasPrefix("\(name) ") || $0.hasPrefix("\(name){") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    private func families(_ text: String) -> [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("# HELP ") }
            .map { String($0.dropFirst("# HELP ".count).prefix { $0 != " " }) }
    }

    @Test func `both sides count the same bytes and requests, and the edits that went over`() throws {
        let before = try serverMetrics()
        // A request that is held is counted by the server alone until it is over.
        ana.startDaemon(["FIELDBOOK_SYNC_LIVE": "no"])
        #expect(ana.sync())
        let customer = try #require(try ana.resellers().first)
        #expect(ana.run(["budget", "set", customer, "77"]).code == 0 && ana.sync())
        let (daemon, server) = (daemonMetrics(), try serverMetrics())
        for (own, theirs) in [
            ("fieldbook_sent_bytes_total", "fieldbook_server_received_bytes_total"),
            ("fieldbook_received_bytes_total", "fieldbook_server_sent_bytes_total"),
            ("fieldbook_requests_total", "fieldbook_server_requests_total"),
        ] {
            let counted = sum(theirs, in: server) - sum(theirs, in: before)
            #expect(sum(own, in: daemon) == counted && counted > 0, "\(own)")
        }
        #expect(sum("fieldbook_today_sent_bytes", in: daemon) == sum("fieldbook_sent_bytes_total", in: daemon))
        #expect(server.contains("fieldbook_server_results_total{code=\"applied\"} 1\n"))
        #expect(sum("fieldbook_server_conflicts", in: server) == 0)
        #expect(sum("fieldbook_feed_sequence", in: daemon) == sum("fieldbook_server_feed_sequence", in: server))
        #expect(sum("fieldbook_phase", in: daemon) == 1 && daemon.contains("fieldbook_phase{phase=\"in-sync\"} 1\n"))
        #expect(sum("fieldbook_last_agreement_timestamp_seconds", in: daemon) > 1e9)
        #expect(sum("fieldbook_server_active_members", in: server) == 2)
        for text in [daemon, server] {
            for secret in ["ana", "fbt_", "acct-", customer] { #expect(!text.contains(secret), "\(secret)") }
        }
        // What today carried and the last agreement are known when no daemon runs, and go on with the next one.
        let requests = sum("fieldbook_today_requests", in: daemon)
        #expect(ana.run(["daemon", "stop"]).code == 0)
        let stopped = ana.run(["status", "--json"]).output
        #expect(stopped.contains("\"requests\": \(Int(requests))") && !stopped.contains("\"lastAgreementAt\": null"))
        ana.startDaemon()
        #expect(ana.sync() && sum("fieldbook_today_requests", in: daemonMetrics()) > requests)
    }

    @Test func `the manual lists what there is, and every metric of an alert exists`() throws {
        ana.startDaemon()
        #expect(ana.sync())
        let manual = String(
            decoding: readFile("\(MetricsTests.root)/Sources/Documentation.docc/Operating.md"), as: UTF8.self)
        let rows = manual.split(separator: "\n").filter { $0.hasPrefix("| `fieldbook_") }
        let listed = rows.map { row in
            row.split(separator: "|").prefix(2).map { $0.filter { $0 != "`" && $0 != " " } }.joined(separator: " ")
        }
        let texts = [daemonMetrics(), try serverMetrics()]
        let made = texts.flatMap { $0.split(separator: "\n") }.filter { $0.hasPrefix("# TYPE ") }
            .map { String($0.dropFirst("# TYPE ".count)) }
        #expect(listed == made)
        let alerts = String(decoding: readFile("\(MetricsTests.root)/Config/alerts.yml"), as: UTF8.self)
        let known = Set(texts.flatMap(families))
        let rules = alerts.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
        let words = rules.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
        let named = words.filter { $0.hasPrefix("fieldbook_") }
        #expect(named.count > 10)
        for name in named {
            let family = ["_bucket", "_sum", "_count"].reduce(name) {
                $0.hasSuffix($1) ? String($0.dropLast($1.count)) : $0
            }
            #expect(known.contains(family), "\(name)")
        }
    }

    @Test func `the official Python client reads all of it, and hostile labels too`() throws {
        ana.startDaemon()
        #expect(ana.sync())
        let hostile = ["a\"} 1\nevil 2", "\\", "\\n", "\"", "é华👩‍👩‍👧", "{},=", " x "]
        var out = PrometheusText()
        out.add("hostile", .gauge, "a \\ b\nc", hostile.enumerated().map { ([("n", "\($0)"), ("l", $1)], 1) })
        for (name, text) in [("d", daemonMetrics()), ("s", try serverMetrics()), ("h", out.text)] {
            writeFile(world.folder.file(name), text)
        }
        let script = """
            import sys
            from prometheus_client.parser import text_string_to_metric_families as parse
            for name in sys.argv[1:4]:
                for family in parse(open(name, newline="").read()):
                    assert family.documentation and family.type in ("counter", "gauge", "histogram"), family.name
                    print("family", family.name, family.type, len(family.samples))
                    for sample in family.samples:
                        if family.name == "hostile":
                            print("label", sample.labels["n"], sample.labels["l"].encode().hex())
            """
        let process = ChildProcess(
            "/usr/bin/env", ["python3", "-c", script] + ["d", "s", "h"].map { world.folder.file($0) })
        let code = process.wait()
        if process.errors.contains("ModuleNotFoundError") || code == 127 {
            print("skipped: python3 with prometheus_client is not there")
            return
        }
        #expect(code == 0, "\(process.errors)")
        let lines = process.output.split(separator: "\n").map(String.init)
        let read = lines.filter { $0.hasPrefix("family ") }.map { $0.split(separator: " ")[1] }
        #expect(try read.count == families(daemonMetrics()).count + families(serverMetrics()).count + 1)
        for (index, text) in hostile.enumerated() {
            let hex = text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(lines.contains("label \(index) \(hex)"), "\(text)")
        }
    }

    @Test func `health and readiness are told, and a ledger that can't be written is not ready`() throws {
        #expect(try get("/healthz") == (200, "ok\n") && get("/readyz") == (200, "ready\n"))
        #expect(try get("/readyz", "HEAD") == (200, "") && get("/metrics", "POST").status == 405)
        for path in ["/", "/sync/v1/hello", "/metrics/x", "/healthz/.."] { #expect(try get(path).status == 404) }
        let other = try Connection(path: try world.ledgerFile(), mode: .readWrite, durability: .full)
        try other.execute("BEGIN IMMEDIATE")
        #expect(try get("/readyz") == (503, "a file is busy\n"))
        #expect(try serverMetrics().contains("\nfieldbook_server_ready 0\n") && get("/healthz").status == 200)
        try other.execute("ROLLBACK")
        #expect(try get("/readyz").status == 200)
        #expect(try sum("fieldbook_server_sqlite_locked_total", in: serverMetrics()) >= 1)
        // The members' listener knows nothing of it.
        let client = HTTPClient(endpoint: .tcp(host: "127.0.0.1", port: world.port))
        for path in ["/metrics", "/healthz", "/readyz"] {
            #expect(try client.send(HTTPRequest(method: "GET", target: path), bodyLimit: 1 << 20).status == 404)
        }
        let file = try world.ledgerFile()
        rename(file, file + ".away")
        #expect(try get("/readyz") == (503, "a ledger is missing\n"))
        rename(file + ".away", file)
    }
}

extension String {
    /// What stands behind the first place of a text; empty when it is not there.
    fileprivate func components(after text: String) -> Substring {
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(text) { return rest.dropFirst(text.count) }
            rest = rest.dropFirst()
        }
        return rest
    }
}
