import Diagnostics
import ReplicaStore
import SyncProtocol
import TerminalKit

/// Where the command line keeps up to where its person has looked.
struct LookedFile {
    private static let bytesMax = 4096
    /// Days shown where nothing was looked at yet.
    static let daysAtFirst: Int64 = 7
    let path: String

    /// Nil when nothing was looked at yet, or the file cannot be read: then too much is told, never too little.
    func read() -> NewsMark? {
        guard let bytes = try? SecureFile.read(path, limit: LookedFile.bytesMax) else { return nil }
        return try? WireCoding.decode(NewsMark.self, from: bytes)
    }

    func write(_ mark: NewsMark) throws(UserError) {
        guard let bytes = try? WireCoding.encode(mark) else { return }
        try SecureFile.write(bytes, to: path)
    }
}

/// News in words and in JSON.
struct NewsStory {
    let news: News
    let member: String?

    /// The newest `count` lines, the oldest of them first.
    func tell(_ text: inout DeskText, count: Int) {
        for cycle in news.cycles {
            text.line("the figures of \(cycle.cycle) are final, as of \(DeskTime.moment(cycle.asOf))", hanging: 4)
        }
        for customer in news.joined.prefix(count) { text.line("\(Wording.text(customer)) is yours now", hanging: 4) }
        let untold = news.joinedCount - min(count, news.joined.count)
        if untold > 0 {
            text.line("\(Context.count(untold, "more customer")) \(untold == 1 ? "is" : "are") yours now", hanging: 4)
        }
        for item in news.lines.prefix(count).reversed() {
            text.line(
                "\(DeskTime.moment(item.line.at)), \(who(item.line)), \(Wording.text(item.customer)), "
                    + HistoryStory.what(item.line), hanging: 4)
        }
    }

    /// How many lines there are: `12`, or `500 and more`.
    var total: String { news.isCutShort ? "\(news.lineCount) and more" : "\(news.lineCount)" }

    private func who(_ line: HistoryLine) -> String {
        line.author == member ? "your account, elsewhere" : line.author
    }

    var json: [String: JSONOutput] {
        let lines = news.lines.map { item -> JSONOutput in
            var object = HistoryStory.json(item.line, isYou: item.line.author == member)
            object["customer"] = .object(Wording.json(item.customer))
            return .object(object)
        }
        return [
            "lines": .array(lines), "lineCount": .integer(Int64(news.lineCount)),
            "lineCountCut": .bool(news.isCutShort), "joinedCount": .integer(Int64(news.joinedCount)),
            "joined": .array(news.joined.map { .object(Wording.json($0)) }),
            "cycles": .array(
                news.cycles.map {
                    .object(["cycle": .text($0.cycle), "status": .text($0.status), "asOf": Wording.time($0.asOf)])
                }),
        ]
    }
}

extension Context {
    var looked: LookedFile { LookedFile(path: "\(paths.state)/\(UserFolders.lookedName)") }

    /// `news`.
    func news() throws(UserError) -> Answer {
        let limit = try limit(default: 200)
        let days = try daysAsked()
        guard days == nil || !command.flag("keep") else {
            throw usage("--since counts nothing as seen; leave --keep out")
        }
        let reader = try reader()
        let now = clock.now().seconds
        let mark = days == nil ? looked.read() : nil
        let from = now - (days ?? LookedFile.daysAtFirst) * 86_400
        // Taken before the news, so that what comes in between is told again rather than never.
        let (place, news, member) = try ask { () throws(StoreError) in
            let place = try reader.newsMark(at: now)
            return (place, try reader.news(since: mark, orFrom: from, limit: limit), try reader.identity()?.member)
        }
        var text = DeskText(for: terminal)
        let story = NewsStory(news: news, member: member)
        story.tell(&text, count: limit)
        var answer = Answer(json: story.json, text: text.text)
        let since = mark?.at.value ?? from
        answer.json["since"] = Wording.time(since)
        if news.isEmpty { answer.notes.append("nothing new since \(age(since))") }
        if news.isCutShort || news.lineCount > news.lines.count {
            answer.notes.append("the newest \(news.lines.count) of \(story.total) lines; more with --limit")
        }
        if days == nil, !command.flag("keep"), let place { try looked.write(place) }
        try addAge(to: &answer, reader)
        return answer
    }

    private func daysAsked() throws(UserError) -> Int64? {
        guard let text = command.option("since") else { return nil }
        guard let days = Int64(text), (1...365).contains(days) else { throw usage("--since must be 1 to 365 days") }
        return days
    }
}
