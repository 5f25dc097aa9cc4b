import CSVKit
import Diagnostics
import Digests
import LocalAPI
import ReplicaStore

/// One line of a file to apply that asks for an edit.
struct ApplyLine {
    let number: Int
    let kind: ApplyKind
    /// The cells that are not empty, by column.
    let cells: [String: String]
    let mark: Local.LineMark

    var customer: String { cells["customer"] ?? "" }
    var group: String? { cells["group"] }
}

/// What is wrong with a line.
struct ApplyFault {
    let line: Int
    /// Nil when the whole line is meant.
    let column: String?
    let why: String
    let next: String
}

/// A file to apply, read: the lines that can be understood, and the faults of the others.
struct ApplySheet {
    /// Bounds of a file: lines, and what the reader of CSV bounds.
    static let linesMax = 10_000
    static let csvLimits = CSVReader.Limits(recordBytes: 1 << 16, fields: 64, fileBytes: 1 << 24)
    /// Faults past which a file is not read on.
    static let faultsMax = 1_000
    /// Bytes of a key and of a group's name.
    private static let nameBytesMax = 256

    private let path: String
    private let series: String
    private(set) var lines: [ApplyLine] = []
    private(set) var faults: [ApplyFault] = []
    private var columns: [String] = []
    /// The line of each key, and how often a line without one was met.
    private var keys: [String: Int] = [:]
    private var repeats: [String: Int] = [:]
    /// Groups of which a line is wrong.
    private var broken: Set<String> = []

    /// Reads a file, `-` for stdin. Throws for what is wrong with all of it.
    init(_ path: String, series: String) throws(UserError) {
        self.path = path
        self.series = series
        let reader = try CSVReader(path: path, limits: ApplySheet.csvLimits, ifRefused: "nothing was queued")
        do { try read(reader) } catch let error as UserError { throw error } catch let damage as CSVReader.Damage {
            throw refused("line \(damage.line): \(damage.why)", "save it as CSV in UTF-8")
        } catch { throw UserError(.bug, what: "cannot read \(path)", why: "\(error)", next: "report this as a defect") }
    }

    private func refused(_ why: String, _ next: String) -> UserError {
        UserError(.refused, what: "cannot apply \(path)", why: why, next: "nothing was queued; \(next)")
    }

    private mutating func read(_ reader: consuming CSVReader) throws {
        guard let header = try reader.nextRecord() else {
            throw refused("it is empty", "write a header line: kind,customer,amount")
        }
        columns = try checked(header)
        while true {
            do {
                guard let record = try reader.nextRecord() else { break }
                take(record, at: reader.recordLine)
            } catch let damage as CSVReader.Damage { fault(damage.line, nil, damage.why, "save the file in UTF-8") }
            guard lines.count + faults.count <= ApplySheet.linesMax else {
                throw refused("it has more than \(ApplySheet.linesMax) lines", "split it")
            }
            guard faults.count <= ApplySheet.faultsMax else {
                throw refused(
                    "more than \(ApplySheet.faultsMax) lines are wrong",
                    "mend the first, line \(faults[0].line): \(faults[0].why)")
            }
        }
        guard !lines.isEmpty || !faults.isEmpty else {
            throw refused("it has a header and no line", "write one edit a line below it")
        }
        dropBrokenGroups()
    }

    // MARK: Header

    private func checked(_ header: [String]) throws(UserError) -> [String] {
        let names = header.map { $0.trimmed }
        guard !names.contains(where: { $0.unicodeScalars.contains("\r") }) else {
            throw refused("its lines end in a carriage return alone", "save it with line feeds")
        }
        if names.count == 1, let mark = names[0].first(where: { ";\t|".contains($0) }) {
            throw refused(
                "its columns are parted by \(mark == "\t" ? "tabs" : "'\(mark)'")",
                "save it as CSV with commas; a spreadsheet asks for the field delimiter")
        }
        for (place, name) in names.enumerated() {
            guard ApplyKind.columns.contains(name) else {
                throw refused(
                    "it has a column '\(VisibleText.escape(String(name.prefix(40))))' that is none of its own",
                    "take it out; there are \(ApplyKind.columns.joined(separator: ", "))")
            }
            guard names.firstIndex(of: name) == place else {
                throw refused("the column \(name) stands twice", "mend the header line")
            }
        }
        for name in ["kind", "customer"] where !names.contains(name) {
            throw refused("it has no column \(name)", "mend the header line: kind,customer,…")
        }
        return names
    }

    // MARK: Lines

    private mutating func fault(_ line: Int, _ column: String?, _ why: String, _ next: String) {
        faults.append(ApplyFault(line: line, column: column, why: why, next: next))
    }

    private mutating func take(_ record: [String], at number: Int) {
        guard record.count == columns.count else {
            return fault(
                number, nil, "it has \(record.count) fields, the header \(columns.count)",
                "put a text with a comma in double quotes")
        }
        var cells: [String: String] = [:]
        for (name, value) in zip(columns, record) where !value.trimmed.isEmpty { cells[name] = value.trimmed }
        // A line of commas alone, as spreadsheets leave them at the end.
        guard !cells.isEmpty else { return }
        let before = faults.count
        defer { if faults.count > before, let group = cells["group"] { broken.insert(group) } }
        guard let kind = ApplyKind.named(cells["kind"] ?? "") else {
            return fault(
                number, "kind", cells["kind"] == nil ? "it is absent" : "there is no such kind of edit",
                "write one of: \(ApplyKind.all.map(\.name).joined(separator: ", "))")
        }
        // The first fault of a line, in the order of its columns.
        for name in columns {
            if let found = fault(name, cells[name], kind) { return fault(number, name, found.why, found.next) }
        }
        for name in kind.arguments + kind.needed where !columns.contains(name) {
            return fault(number, name, "a \(kind.name) needs it", "add the column \(name)")
        }
        add(number, kind, cells)
    }

    private func fault(_ name: String, _ value: String?, _ kind: ApplyKind) -> (why: String, next: String)? {
        guard let value else {
            let isNeeded = name == "customer" || kind.arguments.contains(name) || kind.needed.contains(name)
            return isNeeded ? ("it is absent, and a \(kind.name) needs it", "fill it in") : nil
        }
        guard kind.takes(name) else { return ("a \(kind.name) takes none", "leave the cell empty") }
        if ["group", "key"].contains(name), value.utf8.count > ApplySheet.nameBytesMax {
            return ("it is longer than \(ApplySheet.nameBytesMax) bytes", "shorten it")
        }
        return ApplyKind.fault(name, value)
    }

    /// A line is told from others by its key, or by what it says and how often that was said before in the file.
    private mutating func add(_ number: Int, _ kind: ApplyKind, _ cells: [String: String]) {
        // Lengths before texts keep two different lines from having one form.
        let said = cells.filter { $0.key != "key" && $0.key != "group" }.sorted { $0.key < $1.key }
            .map { "\($0.key.utf8.count):\($0.key)\($0.value.utf8.count):\($0.value)" }.joined()
        let digest = SHA256.hex(of: "fieldbook apply 1 \(said)")
        var identity = "line \(digest)"
        if let key = cells["key"] {
            identity = "key \(key)"
            if let first = keys[key] {
                return fault(number, "key", "line \(first) has the same", "give each line a key of its own")
            }
            keys[key] = number
        } else {
            repeats[digest, default: 0] += 1
            identity += " \(repeats[digest, default: 0])"
        }
        let key = SHA256.hex(of: "fieldbook apply 1 \(series.utf8.count):\(series) \(identity)")
        lines.append(
            ApplyLine(number: number, kind: kind, cells: cells, mark: Local.LineMark(key: key, digest: digest)))
    }

    // MARK: Groups

    /// A group with a line that is wrong, that is alone, or of more than one customer is left out whole.
    private mutating func dropBrokenGroups() {
        var members: [String: [ApplyLine]] = [:]
        for line in lines { if let group = line.group { members[group, default: []].append(line) } }
        for (group, own) in members.sorted(by: { $0.value[0].number < $1.value[0].number }) {
            let (first, count) = (own[0], own.count)
            if broken.contains(group) {
                drop(group)
                fault(first.number, "group", "another line of its group is wrong", "mend that one")
            } else if count < 2 {
                drop(group)
                fault(first.number, "group", "one edit is no group", "leave the cell empty")
            } else if count > EditLink.linkedMax {
                drop(group)
                fault(first.number, "group", "it has \(count) lines; at most \(EditLink.linkedMax)", "split it")
            } else if let other = own.first(where: { $0.customer != first.customer }) {
                drop(group)
                fault(
                    other.number, "group", "its customer is another than that of line \(first.number)",
                    "edits that go together are of one customer")
            }
        }
    }

    /// Leaves out the lines of a group.
    mutating func drop(_ group: String) { lines.removeAll { $0.group == group } }
}

extension String {
    /// Without blanks at both ends.
    fileprivate var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\u{A0}" }
        let start = drop(while: isBlank)
        guard let last = start.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(start[...last])
    }
}
