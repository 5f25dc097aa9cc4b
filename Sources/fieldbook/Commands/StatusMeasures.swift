import Diagnostics
import LocalAPI
import ReplicaStore
import SyncProtocol
import TerminalKit

/// What `status` says of waiting, of traffic and of the last agreement.
extension Context {
    /// What each lane waits for, in words; lanes with nothing to do are left out.
    func waitLines(_ running: Local.Status?) -> [String] {
        (running?.waits ?? []).compactMap { wait in
            guard wait.waitsFor != "nothing" else { return nil }
            var line = "\(Context.laneName(wait.lane)): \(Context.waitName(wait.waitsFor))"
            if wait.failures > 0 { line += " after \(wait.failures) failure\(wait.failures == 1 ? "" : "s") in a row" }
            if let until = wait.until.flatMap({ Instant(rfc3339: $0) }) { line += ", until \(ahead(until.seconds))" }
            return TextWidth.safe(line)
        }
    }

    static func laneName(_ lane: String) -> String {
        switch lane {
        case "pull": "the feed"
        case "push": "your edits"
        case "fill": "old records"
        case "load": "the load"
        default: lane
        }
    }

    /// A word of a newer daemon stands as it is.
    private static func waitName(_ word: String) -> String {
        switch word {
        case "reply": "the server's reply"
        case "poll": "the next look"
        case "news": "news, which come as they are made"
        case "backoff": "another try"
        case "pause": "the pause that the server asked for"
        case "login": "a token that the server takes: fieldbook login"
        case "person": "you"
        case "greeting": "the greeting of the server"
        case "feed": "the next checkpoint"
        case "load": "the end of the load"
        case "allowance": "the next day's bytes, or you: the link is metered"
        case "keeping": "this machine, which keeps what came"
        case "stopped": "the daemon, which is stopping"
        default: word
        }
    }

    /// A moment and how far ahead it is: `2026-11-21T02:46:25Z (in 12 s)`.
    private func ahead(_ seconds: Int64) -> String {
        let left = seconds - clock.now().seconds
        let words =
            switch left {
            case ..<1: "now"
            case ..<90: "in \(left) s"
            case ..<5400: "in \(left / 60) min"
            default: "in \(left / 3600) h"
            }
        return "\(Instant(seconds: seconds).rfc3339) (\(words))"
    }

    /// What all lanes carried today: of the daemon that runs, else what was kept, if that was today.
    func today(_ running: Local.Status?, _ kept: KeptTraffic?) -> Carriage {
        if let lanes = running?.traffic {
            return lanes.reduce(into: Carriage()) {
                $0.add($1.today.requests.value, $1.today.bytesSent.value, $1.today.bytesReceived.value)
            }
        }
        guard let kept, kept.day == clock.localDay(of: clock.now()) else { return Carriage() }
        return kept.lanes.reduce(into: Carriage()) { $0.add($1.requests, $1.bytesSent, $1.bytesReceived) }
    }

    static func json(waits: [Local.LaneWait]?) -> JSONOutput {
        guard let waits else { return .null }
        return .array(
            waits.map {
                .object([
                    "lane": .text($0.lane), "waitsFor": .text($0.waitsFor), "until": .optional($0.until),
                    "failures": .integer(Int64($0.failures)),
                ])
            })
    }

    static func json(traffic: [Local.LaneTraffic]?) -> JSONOutput {
        guard let traffic else { return .null }
        func json(_ carried: Local.Carried) -> JSONOutput {
            Carriage(carried.requests.value, carried.bytesSent.value, carried.bytesReceived.value).json
        }
        return .array(
            traffic.map {
                .object(["lane": .text($0.lane), "today": json($0.today), "sinceStart": json($0.sinceStart)])
            })
    }
}

/// Requests and bytes, added up.
struct Carriage {
    private(set) var requests: Int64 = 0
    private(set) var sent: Int64 = 0
    private(set) var received: Int64 = 0

    init(_ requests: Int64 = 0, _ sent: Int64 = 0, _ received: Int64 = 0) {
        (self.requests, self.sent, self.received) = (requests, sent, received)
    }

    mutating func add(_ requests: Int64, _ sent: Int64, _ received: Int64) {
        self.requests += requests
        self.sent += sent
        self.received += received
    }

    var text: String {
        "\(Context.count(Int(requests), "request")), \(Carriage.size(sent)) sent, \(Carriage.size(received)) received"
    }

    var json: JSONOutput {
        .object(["requests": .integer(requests), "bytesSent": .integer(sent), "bytesReceived": .integer(received)])
    }

    /// A number of bytes in three figures at most: `512 B`, `4.1 kB`, `80 MB`. Rounded down.
    static func size(_ bytes: Int64) -> String {
        guard bytes >= 1000 else { return "\(bytes) B" }
        var (unit, tenths) = (0, bytes / 100)
        while tenths >= 10_000, unit < 3 { (unit, tenths) = (unit + 1, tenths / 1000) }
        let name = ["kB", "MB", "GB", "TB"][unit]
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) \(name)" : "\(tenths / 10) \(name)"
    }
}
