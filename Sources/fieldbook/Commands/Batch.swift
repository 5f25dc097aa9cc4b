import Diagnostics
import Glibc
import LocalAPI
import PartnerModel
import ReplicaStore
import TerminalKit

/// Many edits from a file, one a line in the words of the command line.
extension Context {
    /// Bytes of a batch, and errors that one message tells.
    private static let batchBytesMax = 1 << 20
    private static let errorsTold = 5

    /// `edits batch FILE|-`.
    func queueBatch() throws(UserError) -> Answer {
        let lines = BatchLine.lines(of: try batchText(command.arguments[0]))
        let areTogether = command.flag("together")
        let most = areTogether ? EditLink.linkedMax : Local.editsMax
        guard lines.count <= most else {
            let why = "it has \(lines.count) edits; at most \(most) \(areTogether ? "go together" : "are taken")"
            throw batchRefused(why, "split it")
        }
        guard !lines.isEmpty else {
            throw batchRefused("it has no edit", "write one edit a line: budget set CUSTOMER 500")
        }
        if areTogether, lines.count == 1 {
            throw batchRefused("one edit is no group", "leave out --together")
        }
        let edits = try understand(lines)
        if areTogether,
            let other = edits.firstIndex(where: { $0.customer.key != edits[0].customer.key })
        {
            throw batchRefused(
                "line \(lines[other].number) is of another customer than line \(lines[0].number)",
                "edits that go together are of one customer")
        }
        return try queue(Asking(edits, link: areTogether ? .group : nil), places: lines.map { "line \($0.number)" })
    }

    /// What each line asks for. All are looked at before an error is told.
    private func understand(_ lines: [BatchLine]) throws(UserError) -> [Wanted] {
        let reader = try reader()
        var edits: [Wanted] = []
        var errors: [(line: Int, error: UserError)] = []
        for line in lines {
            do { edits.append(try wanted(line, reader, edits)) } catch { errors.append((line.number, error)) }
        }
        guard let first = errors.first else { return edits }
        var told = errors.prefix(Context.errorsTold).map { "line \($0.line): \($0.error.why)" }
        if errors.count > told.count { told.append("and \(errors.count - told.count) more") }
        throw batchRefused(
            told.joined(separator: "; "), "nothing was queued; for line \(first.line): \(first.error.next)")
    }

    private func wanted(_ line: BatchLine, _ reader: ReplicaReader, _ earlier: [Wanted]) throws(UserError) -> Wanted {
        guard case .run(let parsed) = try CommandList.table.parse(try line.words()) else {
            throw batchRefused("it is no edit", "write one edit a line: budget set CUSTOMER 500")
        }
        guard Context.batchable.contains(parsed.name) else {
            throw batchRefused("'\(parsed.name)' is no edit that a batch can hold", "run it by itself")
        }
        for option in ["dry-run", "json", "quiet"] where parsed.flag(option) {
            throw batchRefused("--\(option) is for the whole batch", "give it to: fieldbook edits batch")
        }
        var context = Context(command: parsed, terminal: terminal, paths: paths, clock: clock)
        context.batch = (reader, earlier)
        let asking = try context.asking()
        guard asking.edits.count == 1 else {
            throw batchRefused("it makes edits that are tied to each other", "run it by itself")
        }
        return asking.edits[0]
    }

    /// The text of a file, or of stdin for `-`.
    private func batchText(_ path: String) throws(UserError) -> String {
        let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw UserError(
                .refused, what: "cannot read \(path)", why: String(cString: strerror(errno)), next: "check the path")
        }
        defer { if descriptor > 0 { close(descriptor) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw UserError(
                    .refused, what: "cannot read \(path)", why: String(cString: strerror(errno)),
                    next: "name a file, or - for what is piped in")
            }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= Context.batchBytesMax else {
                throw batchRefused("it is larger than \(Context.batchBytesMax) bytes", "split it")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw batchRefused("it is not UTF-8 text", "save it as UTF-8")
        }
        return text
    }

    private func batchRefused(_ why: String, _ next: String) -> UserError {
        UserError(.refused, what: "cannot queue the batch", why: why, next: next)
    }
}

/// One line of a batch that says something.
struct BatchLine: Equatable {
    let number: Int
    let text: String

    /// The lines but empty ones and those that begin with `#`, counted from 1.
    static func lines(of text: String) -> [BatchLine] {
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        return lines.enumerated().compactMap { index, line in
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            guard let first = trimmed.first, first != "#" else { return nil }
            return BatchLine(number: index + 1, text: String(trimmed))
        }
    }

    /// The words as a shell without substitutions would take them: blanks part them; single quotes keep everything,
    /// double quotes all but a backslash before `"` or a backslash; outside quotes a backslash keeps the next
    /// character.
    func words() throws(UserError) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var rest = text[...]
        while let character = rest.popFirst() {
            switch (character, quote) {
            case ("'", "'"), ("\"", "\""): quote = nil
            case ("'", nil), ("\"", nil):
                quote = character
                word = word ?? ""
            case ("\\", "\""):
                let next = rest.first == "\"" || rest.first == "\\" ? rest.removeFirst() : character
                word = (word ?? "") + String(next)
            case ("\\", nil):
                guard let next = rest.popFirst() else { throw broken("it ends in a backslash", "leave it out") }
                word = (word ?? "") + String(next)
            case (" ", nil), ("\t", nil):
                if let ended = word { words.append(ended) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        if quote != nil { throw broken("a quote is not closed", "close it") }
        return words + (word.map { [$0] } ?? [])
    }

    private func broken(_ why: String, _ next: String) -> UserError {
        UserError(.refused, what: "cannot read line \(number)", why: why, next: next)
    }
}
