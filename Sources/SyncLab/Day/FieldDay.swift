import Glibc
import SyncEngine

/// A day of field work in virtual time, and what it cost: how often a machine was woken, what it asked, what its files hold.
package struct FieldDay {
    /// Hours of work; one of rest follows.
    package var hours = 24
    package var seed: UInt64 = 1

    package init() {}

    /// What one hour cost the busiest of the machines.
    package struct Hour: Sendable, Hashable {
        package var requests = 0
        /// Moments at which something ran.
        package var wakeUps = 0
        package var fileBytes: Int64 = 0
        package var logBytes: Int64 = 0
    }

    package struct Figures: Sendable {
        /// The hours of work in order, and the one of rest as the last.
        package let hours: [Hour]
        /// Rows of the largest image and edits made, at the end.
        package let rows: Int
        package let edits: Int
        /// Broken promises of all checkers, and faults of the lab itself.
        package let wrongs: [String]
    }

    /// Bytes of its files that a row or an edit may take, with its share of indexes and free pages, and what every file takes.
    package static let bytesPerRow: Int64 = 4_096
    package static let bytesAtRest: Int64 = 1 << 20
    /// What the logs of image and outbox come to at most: each begins anew after 2,000 pages.
    package static let logBytesMax: Int64 = 2 * 2_000 * (4_096 + 24) + (1 << 20)

    /// Runs the day. Cost: seconds.
    package func run() throws -> Figures {
        let world = try World(seed: seed, folder: Lab.newFolder(), scenarioFolder: ".", traces: false)
        defer { world.remove() }
        try world.prepare(DayStory.setting())
        for agent in world.agents { world.start(agent) }
        world.perform(.settle, order: [])
        var story = DayStory(seed: seed)
        var sizes: [(files: Int64, logs: Int64)] = []
        var ends: [Int64] = [world.time.now]
        for quarter in 0..<hours * 4 {
            for action in story.steps(ofQuarter: quarter) { world.perform(action, order: []) }
            guard quarter % 4 == 3 else { continue }
            sizes.append(FieldDay.sizes(world))
            ends.append(world.time.now)
        }
        world.perform(.heal, order: [])
        world.perform(.settle, order: [])
        ends[ends.count - 1] = world.time.now
        world.perform(.wait(seconds: 3_600), order: [])
        sizes.append(FieldDay.sizes(world))
        ends.append(world.time.now)
        let hours = FieldDay.hours(world.history, ends, sizes)
        let wrongs = Checkers.verdicts(world.history).compactMap { checker, verdict -> String? in
            if case .invalid = verdict { "\(checker.name) (\(checker.promise)): \(verdict)" } else { nil }
        }
        return Figures(
            hours: hours, rows: world.agents.map { $0.image?.rows.count ?? 0 }.max() ?? 0,
            edits: world.agents.reduce(0) { $0 + $1.edits.count }, wrongs: wrongs + world.notes)
    }

    private static func sizes(_ world: World) -> (files: Int64, logs: Int64) {
        var largest: (files: Int64, logs: Int64) = (0, 0)
        for agent in world.agents {
            var (files, logs): (Int64, Int64) = (0, 0)
            for name in FileTree.names(in: agent.folder) {
                var info = stat()
                guard lstat("\(agent.folder)/\(name)", &info) == 0 else { continue }
                if name.hasSuffix("-wal") { logs += Int64(info.st_size) } else { files += Int64(info.st_size) }
            }
            largest = (max(largest.files, files), max(largest.logs, logs))
        }
        return largest
    }

    private static func hours(
        _ history: History, _ ends: [Int64], _ sizes: [(files: Int64, logs: Int64)]
    ) -> [Hour] {
        var hours = sizes.map { Hour(fileBytes: $0.files, logBytes: $0.logs) }
        for agent in history.members.indices {
            var own = Array(repeating: Hour(), count: hours.count)
            var last: Int64 = -1
            for event in history.events {
                guard let index = ends.lastIndex(where: { $0 <= event.at }), index < own.count else { continue }
                switch event.what {
                case .request(agent, _): own[index].requests += 1
                case .step(agent, _) where event.at != last:
                    own[index].wakeUps += 1
                    last = event.at
                default: break
                }
            }
            for index in hours.indices {
                hours[index].requests = max(hours[index].requests, own[index].requests)
                hours[index].wakeUps = max(hours[index].wakeUps, own[index].wakeUps)
            }
        }
        return hours
    }
}

extension FieldDay.Figures {
    /// What was promised and is not so; empty when all is.
    package var broken: [String] {
        var lines = wrongs
        for (index, hour) in hours.enumerated() {
            if hour.wakeUps > 3_600 {
                lines.append("hour \(index + 1): woken \(hour.wakeUps) times, more than once a second")
            }
            if hour.logBytes > FieldDay.logBytesMax {
                lines.append("hour \(index + 1): a log of \(hour.logBytes) bytes")
            }
        }
        let bound = FieldDay.bytesAtRest + FieldDay.bytesPerRow * Int64(rows + edits)
        if let last = hours.last, last.fileBytes > bound {
            lines.append(
                "the files hold \(last.fileBytes) bytes for \(rows) rows and \(edits) edits, more than \(bound)")
        }
        return lines
    }
}
