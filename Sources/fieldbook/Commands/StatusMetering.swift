import Diagnostics
import LocalAPI
import ReplicaStore
import SyncProtocol
import TerminalKit

/// What `status` says of a metered link.
extension Context {
    /// What goes and what waits, and what of the day's bytes went.
    static func text(_ metering: Local.Metering) -> String {
        var parts: [String] = []
        if metering.waits.contains("records") {
            let next = "fetch them with: fieldbook sync --records"
            parts.append("bill records wait until asked for (\(next))")
        } else if metering.recordsAsked {
            parts.append("bill records come, as asked for")
        }
        let waiting = [("edits", "edits"), ("feed", "the feed")].filter { metering.waits.contains($0.0) }.map(\.1)
        if !waiting.isEmpty {
            let until = metering.anewAt.map { "until \($0)" } ?? "until the next day"
            parts.append(
                "\(Wording.list(waiting)) wait\(waiting == ["the feed"] ? "s" : "") \(until) or until: fieldbook sync")
        }
        parts.append("\(used(metering)) today")
        if metering.usedUp { parts.append("used up: freezes and budgets still go") }
        return "metered: \(parts.joined(separator: "; "))"
    }

    private static func used(_ metering: Local.Metering) -> String {
        let used = Carriage.size(metering.usedBytes.value)
        return metering.dailyBytes.map { "\(used) of \(Carriage.size($0.value)) used" } ?? "\(used) used"
    }

    /// The phase of a metered link: what is here and there, and what is not.
    func meteredPhrase(_ running: Local.Status, _ counts: OutboxCounts) -> String {
        let waits = running.metering?.waits ?? []
        var parts: [String] = []
        if waits.contains("records") { parts.append("bill records wait until asked for") }
        if waits.contains("edits") { parts.append("\(Context.count(counts.unsent, "edit")) not sent") }
        if waits.contains("feed") { parts.append("what is new on the server is not looked at") }
        return "not in full sync, as the link is metered: \(parts.joined(separator: "; "))"
    }

    static func json(_ metering: Local.Metering?) -> JSONOutput {
        guard let metering else { return .null }
        return .object([
            "dailyBytes": .optional(metering.dailyBytes?.value), "usedBytes": .integer(metering.usedBytes.value),
            "usedUp": .bool(metering.usedUp), "waits": .array(metering.waits.map { .text($0) }),
            "recordsAsked": .bool(metering.recordsAsked), "anewAt": .optional(metering.anewAt),
        ])
    }

    /// Bytes lane by lane, in both directions: a line of its own, or nothing where nothing went.
    static func parts(_ traffic: [Local.LaneTraffic]?, _ part: (Local.LaneTraffic) -> Local.Carried) -> String {
        let parts = (traffic ?? []).compactMap { lane -> String? in
            let bytes = part(lane).bytesSent.value + part(lane).bytesReceived.value
            return bytes == 0 ? nil : "\(laneName(lane.lane)) \(Carriage.size(bytes))"
        }
        return parts.isEmpty ? "" : "\nof it \(parts.joined(separator: ", "))"
    }

    /// What all lanes carried since the daemon began to work for its user.
    func sinceStart(_ running: Local.Status?) -> Carriage? {
        running?.traffic?.reduce(into: Carriage()) {
            $0.add($1.sinceStart.requests.value, $1.sinceStart.bytesSent.value, $1.sinceStart.bytesReceived.value)
        }
    }
}
