import Diagnostics
package import HTTPKit
import SyncProtocol

/// The server's metrics in Prometheus' text form. Labels hold routes, statuses and codes of ours, and the ids of
/// partners; nothing of members, customers or replicas.
struct ServerMetrics {
    /// One partner's ledger as it stands.
    struct Ledger {
        let partner: String
        let sequence: Int64
        let openConflicts: Int64
        let decidedConflicts: Int64
        let activeMembers: Int64
        let bytes: Int64
    }

    /// What loads took and what is kept for them.
    struct LoadCounts {
        let newPins: Int64
        let sharedPins: Int64
        let parts: PartStore.Counts
        let keptParts: Int
        let keptBytes: Int

        init(_ loads: Loads) {
            (newPins, sharedPins) = loads.pins.counts
            parts = loads.parts.counts
            (keptParts, keptBytes) = loads.parts.kept
        }
    }

    let counts: ServerMeter.Counts
    let traffic: ListenerTraffic
    let ledgers: [Ledger]
    let loads: LoadCounts
    let isReady: Bool
    let startedAt: Instant
    let residentBytes: Int64?
    let freeBytes: Int64?
    let lockedCount: Int

    var text: String {
        var out = PrometheusText()
        addProgram(&out)
        addRequests(&out)
        addLoads(&out)
        addLedgers(&out)
        return out.text
    }

    private func addProgram(_ out: inout PrometheusText) {
        out.add(
            "fieldbook_server_build_info", .gauge, "The version of the server, as a label.",
            [([("version", SoftwareVersion.text)], 1)])
        out.add(
            "fieldbook_server_start_time_seconds", .gauge, "When the server started.",
            Double(startedAt.microseconds / 1000) / 1000)
        out.add(
            "fieldbook_server_resident_memory_bytes", .gauge, "Memory of the server that is resident.", residentBytes)
        out.add(
            "fieldbook_server_ready", .gauge, "1 when directory and ledgers can be opened and written, else 0.",
            Int64(isReady ? 1 : 0))
        out.add("fieldbook_server_disk_free_bytes", .gauge, "Space left where the data folder is.", freeBytes)
        out.add(
            "fieldbook_server_sqlite_locked_total", .counter,
            "Steps on the data folder's files that another program's lock stopped.", Int64(lockedCount))
        out.add(
            "fieldbook_server_tick_failures_total", .counter, "Looks after what time alone brings that failed.",
            counts.failedTicks)
    }

    private func addRequests(_ out: inout PrometheusText) {
        let answers = counts.answers.sorted { ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status) }
        out.add(
            "fieldbook_server_requests_total", .counter, "Requests answered, by route and status.",
            answers.map { ([("route", $0.key.route), ("code", "\($0.key.status)")], Double($0.value)) })
        let durations = counts.durations.sorted { ($0.key.route, $0.key.hundreds) < ($1.key.route, $1.key.hundreds) }
        out.add(
            "fieldbook_server_request_duration_seconds",
            "How long answers took to be worked out, by route and class of status.",
            durations.map { ([("route", $0.key.route), ("class", "\($0.key.hundreds)xx")], $0.value) })
        out.add(
            "fieldbook_server_results_total", .counter, "What became of pushed edits, answers given again included.",
            ResultCode.allCases.map { ([("code", $0.rawValue)], Double(counts.results[$0] ?? 0)) })
        out.add(
            "fieldbook_server_received_bytes_total", .counter, "Bytes of requests.", traffic.carried.bytesReceived)
        out.add("fieldbook_server_sent_bytes_total", .counter, "Bytes of replies.", traffic.carried.bytesSent)
        out.add("fieldbook_server_open_connections", .gauge, "Connections open now.", Int64(traffic.openConnections))
        out.add(
            "fieldbook_server_turned_away_connections_total", .counter,
            "Connections turned away because there were too many.", traffic.turnedAway)
    }

    private func addLoads(_ out: inout PrometheusText) {
        out.add(
            "fieldbook_server_loads_total", .counter,
            "Loads that began, by whether at a pin of their own or at one that others began at.",
            [([("pin", "new")], Double(loads.newPins)), ([("pin", "shared")], Double(loads.sharedPins))])
        out.add(
            "fieldbook_server_parts_made_total", .counter, "Parts of loads read out of ledgers or coded.",
            loads.parts.made)
        out.add(
            "fieldbook_server_parts_not_kept_total", .counter,
            "Parts made that were not kept: no room, the disk nearly full, or out of date.", loads.parts.notKept)
        out.add(
            "fieldbook_server_parts_from_file_total", .counter, "Parts that were taken from a kept file.",
            loads.parts.fromFile)
        out.add(
            "fieldbook_server_parts_resumed_total", .counter, "Answers with the rest of a part that was cut.",
            loads.parts.resumed)
        out.add(
            "fieldbook_server_parts_sent_bytes_total", .counter, "Bytes of parts that were answered.",
            loads.parts.sentBytes)
        out.add(
            "fieldbook_server_parts_dropped_total", .counter, "Kept parts that were removed, by why.",
            PartStore.Reason.allCases.map {
                ([("why", $0.rawValue)], Double(loads.parts.dropped[$0] ?? 0))
            })
        out.add("fieldbook_server_parts_kept", .gauge, "Parts that are kept.", Int64(loads.keptParts))
        out.add("fieldbook_server_parts_kept_bytes", .gauge, "Size of the kept parts.", Int64(loads.keptBytes))
    }

    private func addLedgers(_ out: inout PrometheusText) {
        func gauge(_ name: String, _ help: String, _ value: (Ledger) -> Int64) {
            out.add(name, .gauge, help, ledgers.map { ([("partner", $0.partner)], Double(value($0))) })
        }
        gauge("fieldbook_server_feed_sequence", "The last sequence of a partner's feed.") { $0.sequence }
        out.add(
            "fieldbook_server_conflicts", .gauge, "Conflicts of a partner; those that are open hold an edit.",
            ledgers.flatMap {
                [
                    ([("partner", $0.partner), ("status", "open")], Double($0.openConflicts)),
                    ([("partner", $0.partner), ("status", "decided")], Double($0.decidedConflicts)),
                ]
            })
        gauge("fieldbook_server_active_members", "Members of a partner whose access is not ended.") {
            $0.activeMembers
        }
        gauge("fieldbook_server_ledger_bytes", "Size of a partner's ledger on disk, with its log.") { $0.bytes }
    }
}

/// What a listener has carried and holds.
package struct ListenerTraffic: Sendable {
    package let carried: Traffic.Totals
    package let openConnections: Int
    package let turnedAway: Int64

    package init(_ server: HTTPServer) {
        carried = server.carried
        (openConnections, turnedAway) = server.connections
    }
}
