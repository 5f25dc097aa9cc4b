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
        var widths = columns.indices.map { column in all.map { TextWidth.of($0[column]) }.max() ?? 0 }
        if let width { shrink(&widths, to: width - Table.gap * (columns.count - 1)) }
        return all.map { line($0, widths) }.joined()
    }

    private static let gap = 2
    private static let shrunkColumnsMin = 8

    private func shrink(_ widths: inout [Int], to room: Int) {
        while true {
            let excess = widths.reduce(0, +) - room
            let shrinkable = columns.indices.filter {
                columns[$0].alignment == .left && widths[$0] > Table.shrunkColumnsMin
            }
            guard excess > 0, let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { return }
            // Down to the next widest in one step, so that a cell of a megabyte costs no more than a long one.
            let next =
                shrinkable.filter { widths[$0] < widths[widest] }.map { widths[$0] }.max() ?? Table.shrunkColumnsMin
            let equals = shrinkable.filter { widths[$0] == widths[widest] }
            let share = min(widths[widest] - next, excess / equals.count)
            if share == 0 { for index in equals.suffix(excess) { widths[index] -= 1 } }
            for index in equals where share > 0 { widths[index] -= share }
        }
    }

    private func line(_ row: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, column) in columns.enumerated() {
            let cell = TextWidth.cut(row[index], to: widths[index])
            let padding = String(repeating: " ", count: max(0, widths[index] - TextWidth.of(cell)))
            if index > 0 { line += String(repeating: " ", count: Table.gap) }
            line += column.alignment == .left ? cell + padding : padding + cell
        }
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }
}
