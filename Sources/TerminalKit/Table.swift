/// A table for people: columns padded by display width, nothing in a cell can drive the terminal.
package struct Table: Sendable {
    /// The side on which cells stand.
    package enum Alignment: Sendable { case left, right }

    /// A column's title and side.
    package struct Column: Sendable {
        let title: String
        let alignment: Alignment
        /// What the plain form calls it.
        let label: String
        /// How it gives way on a narrow terminal.
        let yielding: Yielding

        /// How a column of texts gives way; numbers are always whole, unless their column is left out.
        package enum Yielding: Sendable, Hashable {
            /// Its texts are cut.
            case cut
            /// It is never cut: what stands in it is typed again.
            case never
            /// It is left out, the highest number first.
            case leftOut(Int)
            /// It is left out as those are, and never cut: a cut date says nothing.
            case leftOutWhole(Int)
        }

        /// `label` is for the plain form, where a column without a title needs a name too.
        package init(
            _ title: String, _ alignment: Alignment = .left, label: String? = nil, yielding: Yielding = .cut
        ) {
            self.title = TextWidth.safe(title)
            self.alignment = alignment
            self.label = TextWidth.safe(label ?? title.lowercased())
            self.yielding = yielding
        }

        /// Which columns are left out before it; nil for one that stays.
        var rank: Int? {
            switch yielding {
            case .leftOut(let rank), .leftOutWhole(let rank): rank
            case .cut, .never: nil
            }
        }

        /// Whether its texts are never cut.
        var isWhole: Bool {
            switch yielding {
            case .never, .leftOutWhole: true
            case .cut, .leftOut: false
            }
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    package init(_ columns: [Column]) { self.columns = columns }

    package var isEmpty: Bool { rows.isEmpty }

    /// Adds a row of as many cells as there are columns.
    package mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row needs a cell for each column")
        rows.append(cells.map(TextWidth.safe))
    }

    /// The table as `terminal` is to show it.
    package func render(for terminal: Terminal) -> String {
        guard terminal.isPlain else { return render(width: terminal.width) }
        return rows.map { Table.plain($0, columns, terminal.width) }.joined(separator: "\n")
    }

    /// A row as `label: value` lines; a cell with nothing in it has none.
    static func plain(_ row: [String], _ columns: [Column], _ width: Int?) -> String {
        zip(columns, row).map { column, cell in
            cell.isEmpty ? "" : TextWidth.lines(column.label.isEmpty ? cell : "\(column.label): \(cell)", width)
        }.joined()
    }

    /// The table as lines. With a width, columns that may be are left out, which a last line tells; then the widest
    /// left-aligned column gives way until it fits or none is wider than eight columns. Without, nothing is cut.
    package func render(width: Int?) -> String {
        let all = [columns.map(\.title)] + rows
        let layout = TableLayout(columns, fitting: all, in: width)
        return all.map { layout.line($0) }.joined() + layout.remark
    }
}

/// Columns and how wide they are shown.
struct TableLayout {
    private static let gap = 2
    private static let shrunkColumnsMin = 8
    /// Columns of a text that is still easy to read; for less, other columns are left out.
    private static let easyColumns = 16

    private let columns: [Table.Column]
    private var widths: [Int]
    /// The columns that are shown.
    private var shown: [Int]
    /// Left-aligned cells that are wider than their column are cut; numbers never are.
    private let isCut: Bool

    init(_ columns: [Table.Column], fitting rows: [[String]], in width: Int?) {
        self.columns = columns
        isCut = width != nil
        widths = columns.indices.map { column in rows.map { TextWidth.of($0[column]) }.max() ?? 0 }
        shown = Array(columns.indices)
        guard let width else { return }
        leaveOut(to: width)
        shrink(to: width - TableLayout.gap * (shown.count - 1))
    }

    /// Says what is left out.
    var remark: String {
        let hidden = columns.indices.filter { !shown.contains($0) }.map { columns[$0].title }
        return hidden.isEmpty ? "" : "(no room for \(hidden.joined(separator: ", ")))\n"
    }

    private mutating func leaveOut(to width: Int) {
        while true {
            let easy = shown.map { isFirm($0) ? widths[$0] : min(widths[$0], TableLayout.easyColumns) }
            guard easy.reduce(0, +) + TableLayout.gap * (shown.count - 1) > width else { return }
            let ranked = shown.compactMap { index in
                columns[index].rank.map { (rank: $0, index: index) }
            }
            guard let least = ranked.max(by: { $0.rank < $1.rank }) else { return }
            shown.removeAll { $0 == least.index }
        }
    }

    /// Whether a column's cells are never cut.
    private func isFirm(_ index: Int) -> Bool {
        columns[index].alignment == .right || columns[index].isWhole
    }

    private mutating func shrink(to room: Int) {
        while true {
            let excess = shown.reduce(0) { $0 + widths[$1] } - room
            let shrinkable = shown.filter { !isFirm($0) && widths[$0] > TableLayout.shrunkColumnsMin }
            guard excess > 0, let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { return }
            // Down to the next widest in one step, so that a cell of a megabyte costs no more than a long one.
            let next =
                shrinkable.filter { widths[$0] < widths[widest] }.map { widths[$0] }.max()
                ?? TableLayout.shrunkColumnsMin
            let equals = shrinkable.filter { widths[$0] == widths[widest] }
            let share = min(widths[widest] - next, excess / equals.count)
            if share == 0 { for index in equals.suffix(excess) { widths[index] -= 1 } }
            for index in equals where share > 0 { widths[index] -= share }
        }
    }

    /// Gives columns that are free on a terminal to the narrowest left-aligned columns, for rows to come that may be
    /// wider than those that were measured. The last column needs none.
    mutating func widen(to width: Int) {
        let growing = shown.dropLast().filter { columns[$0].alignment == .left }
        var free = width - TableLayout.gap * (shown.count - 1) - shown.reduce(0) { $0 + widths[$1] }
        while free > 0, let narrowest = growing.min(by: { widths[$0] < widths[$1] }) {
            widths[narrowest] += 1
            free -= 1
        }
    }

    /// One row as a line.
    func line(_ row: [String]) -> String {
        var line = ""
        append(row, to: &line)
        return line
    }

    /// Appends one row with its line feed. Blanks are written only before a cell that follows.
    func append(_ row: [String], to line: inout String) {
        var blanks = 0
        for (place, index) in shown.enumerated() {
            let column = columns[index]
            if place > 0 { blanks += TableLayout.gap }
            let isNumber = column.alignment == .right
            let width = TextWidth.of(row[index])
            let isTooWide = width > widths[index] && isCut && !isNumber && !column.isWhole
            let cell = isTooWide ? TextWidth.cut(row[index], to: widths[index]) : row[index]
            let padding = max(0, widths[index] - (isTooWide ? TextWidth.of(cell) : width))
            if isNumber { blanks += padding }
            if !cell.isEmpty {
                TableLayout.blank(blanks, &line)
                blanks = 0
                line += cell
            }
            if !isNumber { blanks += padding }
        }
        while line.utf8.last == UInt8(ascii: " ") { line.removeLast() }
        line += "\n"
    }

    private static let spaces = String(repeating: " ", count: 64)

    private static func blank(_ count: Int, _ line: inout String) {
        if count <= 15 {
            // Short enough to need no memory of its own.
            line += spaces.prefix(count)
        } else {
            line += String(repeating: " ", count: count)
        }
    }
}
