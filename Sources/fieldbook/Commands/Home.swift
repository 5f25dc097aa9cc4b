import Diagnostics
import LocalAPI
import PartnerModel
import ReplicaStore
import SyncProtocol
import TerminalKit

/// All that the start page shows, read at one time.
private struct HomePage {
    let running: Local.Status?
    /// Why a daemon that runs can't be asked.
    let trouble: UserError?
    let identity: ReplicaIdentity?
    let counts: OutboxCounts
    let image: ImageState?
    let conflicts: Int
    let codes: [EditNumber]
    /// Nil before there is an image.
    let attention: Attention?
    let news: News?
    let since: Int64
}

extension Context {
    /// Names that a line of the page holds, and lines of news.
    private static let (namesMax, newsMax, listMax) = (3, 5, 100)

    /// `home`, and `fieldbook` alone.
    func home() throws(UserError) -> Answer {
        let reader = try reader()
        let page = try homePage(reader)
        var text = DeskText(for: terminal)
        text.line(headline(page), hanging: 2)
        section("needs you", needs(page), &text)
        if let attention = page.attention { section("keep an eye on", watch(attention), &text) }
        tellNews(page, &text)
        var answer = Answer(json: json(page), text: text.text)
        answer.notes += Context.notes(of: (page.running, page.trouble))
        if let problem = page.running?.problem {
            answer.notes.append("\(problem.what): \(problem.why)\n  more: fieldbook why")
        }
        return answer
    }

    private func homePage(_ reader: ReplicaReader) throws(UserError) -> HomePage {
        let (running, trouble) = daemonAsFound()
        let now = clock.now().seconds
        let mark = looked.read()
        let from = now - LookedFile.daysAtFirst * 86_400
        return try ask { () throws(StoreError) in
            let image = try reader.imageState()
            let isThere = image != nil
            return HomePage(
                running: running, trouble: trouble, identity: try reader.identity(), counts: try reader.outboxCounts(),
                image: image,
                conflicts: try reader.undecidedConflictCount(),
                codes: try reader.editsThatNeedCodes(),
                attention: isThere ? try reader.attention(now: now, limit: Context.listMax) : nil,
                news: isThere ? try reader.news(since: mark, orFrom: from, limit: Context.newsMax) : nil,
                since: mark?.at.value ?? from)
        }
    }

    private func headline(_ page: HomePage) -> String {
        var words: [String] = []
        if let identity = page.identity, let member = identity.member {
            words.append("\(member) (\(identity.role ?? "")) of \(identity.partnerName ?? "")")
        }
        words.append(phrase(page.running, page.counts, page.image, page.trouble))
        if let image = page.image {
            words.append(image.checkpointAt.map { "data as of \(ago($0))" } ?? "data not complete yet")
        } else {
            words.append("nothing loaded yet")
        }
        return words.joined(separator: ", ")
    }

    private func section(_ title: String, _ entries: [(String, String)], _ text: inout DeskText) {
        guard !entries.isEmpty else { return }
        text.blank()
        text.line(title)
        for (label, words) in entries { text.entry("  \(label)", words, labelWidth: 15) }
    }

    private func needs(_ page: HomePage) -> [(String, String)] {
        var entries: [(String, String)] = []
        if page.conflicts > 0 { entries.append(("conflicts", "\(page.conflicts) to decide: fieldbook conflicts list")) }
        if page.counts.dead > 0 {
            entries.append(("refused", "\(Context.count(page.counts.dead, "edit")): fieldbook edits list --dead"))
        }
        if let first = page.codes.first {
            entries.append(
                (
                    "codes",
                    "\(Context.count(page.codes.count, "edit")) to confirm: fieldbook edits confirm \(first.value)"
                ))
        }
        if let requests = page.attention?.requests, requests > 0 {
            entries.append(("requests", "\(requests) of customers to answer: fieldbook association list"))
        }
        return entries
    }

    private func watch(_ attention: Attention) -> [(String, String)] {
        var entries: [(String, String)] = []
        for mark in BudgetMark.allCases.reversed() {
            let lines = attention.budgets.filter { $0.mark == mark }
            guard !lines.isEmpty else { continue }
            let isLast = attention.budgets.count < attention.budgetCount && mark == attention.budgets.last?.mark
            let label = mark == .exhausted ? "budget used" : "budget \(mark.rawValue) %"
            entries.append((label, names(lines.map { $0.customer.name }, lines.count, isMore: isLast)))
        }
        if attention.freezeCount > 0 {
            entries.append(("frozen", names(attention.freezes.map { $0.customer.name }, attention.freezeCount)))
        }
        if attention.couponCount > 0, let first = attention.coupons.first {
            let day = DeskTime.day(first.expires)
            entries.append(
                (
                    "coupons",
                    "\(attention.couponCount) expire\(attention.couponCount == 1 ? "s" : "") within 30 days, the first on \(day): fieldbook coupons list"
                ))
        }
        if let row = attention.quota, row.quota.isNearEnd { entries.append(("quota", Wording.text(row))) }
        return entries
    }

    /// `Atlas, Cedar, Delta and 4 more`.
    private func names(_ names: [String], _ count: Int, isMore: Bool = false) -> String {
        let shown = names.prefix(Context.namesMax)
        let rest = count - shown.count
        guard rest > 0 || isMore else { return Wording.list(Array(shown)) }
        return shown.joined(separator: ", ") + " and \(isMore ? "at least " : "")\(max(1, rest)) more"
    }

    private func tellNews(_ page: HomePage, _ text: inout DeskText) {
        guard let news = page.news else { return }
        text.blank()
        guard !news.isEmpty else { return text.line("nothing new since \(ago(page.since))") }
        let story = NewsStory(news: news, member: page.identity?.member)
        let hidden = news.lineCount > news.lines.count ? "; all \(story.total) lines:" : ":"
        text.line("changed since \(ago(page.since))\(hidden) fieldbook news")
        var lines = text.inset(by: 2)
        story.tell(&lines, count: Context.newsMax)
        text.append(lines, indent: 2)
    }

    static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    private func json(_ page: HomePage) -> [String: JSONOutput] {
        var object: [String: JSONOutput] = [
            "daemonRunning": .bool(page.running != nil || page.trouble != nil), "phase": .optional(page.running?.phase),
            "member": .optional(page.identity?.member), "partner": .optional(page.identity?.partnerName),
            "checkpointAt": Wording.time(page.image?.checkpointAt), "loading": .bool(page.image?.isLoading ?? true),
            "unsent": .integer(Int64(page.counts.unsent)), "openConflicts": .integer(Int64(page.conflicts)),
            "refused": .integer(Int64(page.counts.dead)),
            "needCodes": .array(page.codes.map { .integer($0.value) }), "newsSince": Wording.time(page.since),
            "news": page.news.map { .object(NewsStory(news: $0, member: page.identity?.member).json) } ?? .null,
        ]
        guard let attention = page.attention else { return object }
        object["requests"] = .integer(Int64(attention.requests))
        object["budgets"] = .array(
            attention.budgets.map {
                .object([
                    "customer": .object(Wording.json($0.customer)), "amount": .text($0.amount.exactText),
                    "used": .text($0.used.exactText), "mark": .integer($0.mark.rawValue), "asOf": Wording.time($0.asOf),
                ])
            })
        object["frozen"] = .array(
            attention.freezes.map {
                .object([
                    "customer": .object(Wording.json($0.customer)), "kind": .text($0.kind.rawValue),
                    "freezes": Wording.json(RegisterState.freezes($0.freezes)),
                ])
            })
        object["coupons"] = .array(
            attention.coupons.map {
                .object([
                    "couponId": .text($0.couponID), "customer": .optional($0.customer),
                    "expires": Wording.time($0.expires),
                ])
            })
        object["counts"] = .object([
            "budgets": .integer(Int64(attention.budgetCount)), "frozen": .integer(Int64(attention.freezeCount)),
            "coupons": .integer(Int64(attention.couponCount)),
        ])
        object["quota"] =
            attention.quota.map {
                .object([
                    "usedPercent": .optional($0.quota.usedShare?.percentText), "nearEnd": .bool($0.quota.isNearEnd),
                    "exceeded": .bool($0.quota.isExceeded),
                ])
            } ?? .null
        return object
    }
}
