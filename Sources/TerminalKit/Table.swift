/// A table for people: columns padded by display width, nothing in a cell can drive the terminal.
package struct Table: Sendable {
    /// The side on which cells stand.
    package enum Alignment: Sendable { case left, right }

    /// A column's title and side.
    package struct Column: Sendable {
        let title: String
        let alignment: Alignment
        package init(_ title: String, _ alignment: Alignment = .left) {
            self.title = TextWidth.safe(title)
            self.alignment = alignment
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

    /// The table as lines. With a width, the widest left-aligned column gives way until it fits or none is wider than
    /// eight columns; without, nothing is cut.
    package func render(width: Int?) -> String {
        let all = [columns.map(\.title)] + rows
        let layout = TableLayout(columns, fitting: all, in: width)
        return all.map { layout.line($0) }.joined()
    }
}

/// Columns and how wide they are shown.
struct TableLayout {
    private static let gap = 2
    private static let shrunkColumnsMin = 8

    private let columns: [Table.Column]
    private var widths: [Int]
    /// Left-aligned cells that are wider than their column are cut; numbers never are.
    private let isCut: Bool

    init(_ columns: [Table.Column], fitting rows: [[String]], in width: Int?) {
        self.columns = columns
        isCut = width != nil
        widths = columns.indices.map { column in rows.map { TextWidth.of($0[column]) }.max() ?? 0 }
        if let width { shrink(to: width - TableLayout.gap * (columns.count - 1)) }
    }

    private mutating func shrink(to room: Int) {
        while true {
            let excess = widths.reduce(0, +) - room
            let shrinkable = columns.indices.filter {
                columns[$0].alignment == .left && widths[$0] > TableLayout.shrunkColumnsMin
            }
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
        let growing = columns.indices.dropLast().filter { columns[$0].alignment == .left }
        var free = width - TableLayout.gap * (columns.count - 1) - widths.reduce(0, +)
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
        for (index, column) in columns.enumerated() {
            if index > 0 { blanks += TableLayout.gap }
            let isNumber = column.alignment == .right
            let width = TextWidth.of(row[index])
            let isTooWide = width > widths[index] && isCut && !isNumber
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
