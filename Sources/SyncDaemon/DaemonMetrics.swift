import Diagnostics
import Glibc
import HTTPKit
import ReplicaStore
import SyncEngine

/// The daemon's metrics in Prometheus' text form, out of the engine's last status and the book of the lanes.
///
/// Labels hold words of ours alone: nothing of an account, a customer or a replica. A family without a value now still
/// stands with its help, so that what exists can be known from any answer.
struct DaemonMetrics {
    let status: EngineStatus
    let entries: [LaneBook.Entry]
    let now: Instant
    let monotonic: Duration
    let startedAt: Instant
    let waitingMail: Int
    let residentBytes: Int64?
    /// Seconds since 1970 when the replica's files were made; nil when the file system does not know.
    let madeAt: Int64?
    /// Bytes that this user may still write where the replica is.
    let freeBytes: Int64?

    var text: String {
        var out = PrometheusText()
        addProgram(&out)
        addState(&out)
        addEdits(&out)
        addLanes(&out)
        addStore(&out)
        return out.text
    }

    private func addProgram(_ out: inout PrometheusText) {
        out.add(
            "fieldbook_build_info", .gauge, "The version of the daemon, as a label.",
            [([("version", SoftwareVersion.text)], 1)])
        out.add("fieldbook_start_time_seconds", .gauge, "When the daemon started.", DaemonMetrics.seconds(startedAt))
        out.add("fieldbook_resident_memory_bytes", .gauge, "Memory of the daemon that is resident.", residentBytes)
    }

    private func addState(_ out: inout PrometheusText) {
        out.add(
            "fieldbook_phase", .gauge, "1 for the phase that the daemon is in, 0 for every other.",
            EngineStatus.Phase.allCases.map { ([("phase", $0.rawValue)], $0 == status.phase ? 1 : 0) })
        out.add(
            "fieldbook_last_agreement_timestamp_seconds", .gauge,
            "When replica and server last agreed in full: a checkpoint, nothing on its way, no edit without its end.",
            status.lastAgreementAt.map(DaemonMetrics.seconds))
        out.add(
            "fieldbook_replica_created_timestamp_seconds", .gauge,
            "When the replica was made here, or the daemon started where the file system does not tell.",
            madeAt.map(Double.init) ?? DaemonMetrics.seconds(startedAt))
        out.add(
            "fieldbook_last_checkpoint_timestamp_seconds", .gauge,
            "When the replica last stood at a checkpoint in this life of the daemon.",
            status.lastCheckpointAt.map(DaemonMetrics.seconds))
        out.add(
            "fieldbook_last_contact_timestamp_seconds", .gauge,
            "When the server last gave a usable reply in this life of the daemon.",
            status.lastContactAt.map(DaemonMetrics.seconds))
        out.add(
            "fieldbook_sync_lag_seconds", .gauge, "How long ago the replica last stood at a checkpoint.",
            status.lastCheckpointAt.map { age($0) })
        out.add("fieldbook_feed_sequence", .gauge, "The sequence that the replica shows.", status.appliedSequence)
        out.add(
            "fieldbook_load_rows", .gauge, "Rows of a load that goes on: those that are here, and all of them.",
            DaemonMetrics.part(status.loadRowsDone, of: status.loadRowsTotal))
        out.add(
            "fieldbook_joining_records", .gauge,
            "Old records of customers that joined, while they come: those that are here, and all of them.",
            DaemonMetrics.part(status.joining?.recordsDone, of: status.joining?.recordsTotal))
    }

    private func addEdits(_ out: inout PrometheusText) {
        let counts = status.outbox
        let states: [(EditState, Int)] = [
            (.saved, counts.saved), (.sent, counts.sent), (.waiting, counts.waiting), (.held, counts.held),
            (.resulted, counts.resulted), (.dead, counts.dead),
        ]
        out.add(
            "fieldbook_edits", .gauge, "Edits without their end, and refused ones, by state.",
            states.map { ([("state", $0.rawValue)], Double($1)) })
        out.add(
            "fieldbook_edits_behind_person", .gauge, "Unsent edits that wait until a person confirms or decides.",
            Int64(counts.behindPerson))
        out.add(
            "fieldbook_oldest_unsettled_edit_age_seconds", .gauge,
            "Age of the oldest edit without its end, refused ones aside; 0 when there is none.",
            counts.oldestUnsettledAt.map { age(Instant(seconds: $0)) } ?? 0)
        out.add(
            "fieldbook_oldest_unsent_edit_age_seconds", .gauge,
            "Age of the oldest edit that has not reached the server for good; 0 when there is none.",
            counts.oldestUnsentAt.map { age(Instant(seconds: $0)) } ?? 0)
    }

    private func addLanes(_ out: inout PrometheusText) {
        out.add(
            "fieldbook_lane_wait", .gauge, "1 for what a lane waits for, 0 for everything else.",
            status.lanes.flatMap { standing in
                LaneStanding.Wait.allCases.map { wait in
                    ([("lane", "\(standing.lane)"), ("for", wait.rawValue)], wait == standing.wait ? 1 : 0)
                }
            })
        out.add(
            "fieldbook_lane_failures", .gauge, "Failures in a row that a lane waits after.",
            status.lanes.map { ([("lane", "\($0.lane)")], Double($0.failures)) })
        out.add(
            "fieldbook_lane_next_attempt_timestamp_seconds", .gauge, "When a lane goes on by itself.",
            status.lanes.compactMap { standing in
                standing.until(now: now, monotonic: monotonic).map {
                    ([("lane", "\(standing.lane)")], DaemonMetrics.seconds($0))
                }
            })
        counter(&out, "fieldbook_requests_total", "Requests sent since the start.") { $0.sinceStart.requests }
        counter(&out, "fieldbook_request_failures_total", "Requests without a whole reply.") { $0.failures }
        counter(&out, "fieldbook_sent_bytes_total", "Bytes of requests since the start.") { $0.sinceStart.bytesSent }
        counter(&out, "fieldbook_received_bytes_total", "Bytes of replies since the start.") {
            $0.sinceStart.bytesReceived
        }
        out.add(
            "fieldbook_today_requests", .gauge, "Requests sent today.",
            perLane { $0.today.requests })
        out.add("fieldbook_today_sent_bytes", .gauge, "Bytes of requests today.", perLane { $0.today.bytesSent })
        out.add(
            "fieldbook_today_received_bytes", .gauge, "Bytes of replies today.", perLane { $0.today.bytesReceived })
        addMetering(&out)
        out.add(
            "fieldbook_request_duration_seconds", "How long requests took, from the first byte to the last.",
            zip(Lane.allCases, entries).map { ([("lane", "\($0)")], $1.durations) })
    }

    private func addMetering(_ out: inout PrometheusText) {
        let metering = status.metering
        out.add("fieldbook_metered", .gauge, "1 where the link is metered.", Int64(metering.isMetered ? 1 : 0))
        out.add(
            "fieldbook_metered_daily_bytes", .gauge,
            "Bytes that a day may cost on a metered link, where that is limited.",
            metering.limit)
        out.add(
            "fieldbook_metered_used_bytes", .gauge, "Bytes that count against the day's, in both directions.",
            metering.used)
        out.add(
            "fieldbook_metered_waits", .gauge, "1 for what a metered link keeps waiting, 0 for what it lets go.",
            [("records", metering.recordsWait), ("edits", metering.editsWait), ("feed", metering.feedWaits)].map {
                ([("what", $0.0)], $0.1 ? 1 : 0)
            })
    }

    private func addStore(_ out: inout PrometheusText) {
        out.add("fieldbook_mailbox_items", .gauge, "Events and jobs that wait for the engine.", Int64(waitingMail))
        out.add(
            "fieldbook_failures_total", .counter, "Steps of syncing that failed since the start.",
            Int64(status.failures))
        out.add(
            "fieldbook_sqlite_locked_total", .counter,
            "Steps on the replica's files that another program's lock stopped.", Int64(ReplicaStore.lockedCount))
        out.add("fieldbook_disk_free_bytes", .gauge, "Space left where the replica is.", freeBytes)
    }

    // MARK: Parts

    private func perLane(_ value: (LaneBook.Entry) -> Int64) -> [(labels: [PrometheusText.Label], value: Double)] {
        zip(Lane.allCases, entries).map { ([("lane", "\($0)")], Double(value($1))) }
    }

    private func counter(
        _ out: inout PrometheusText, _ name: String, _ help: String, _ value: (LaneBook.Entry) -> Int64
    ) {
        out.add(name, .counter, help, perLane(value))
    }

    private static func part(_ done: Int64?, of total: Int64?) -> [(labels: [PrometheusText.Label], value: Double)] {
        guard let done, let total else { return [] }
        return [([("which", "here")], Double(done)), ([("which", "all")], Double(total))]
    }

    /// Not below zero, whatever the clock was set to meanwhile.
    private func age(_ then: Instant) -> Double { max(0, DaemonMetrics.seconds(now) - DaemonMetrics.seconds(then)) }

    private static func seconds(_ instant: Instant) -> Double { Double(instant.microseconds / 1000) / 1000 }
}
