/// A table of any length in memory that does not grow with it. The columns are as wide as the titles and the first rows
/// want; what comes later is cut to them on a terminal, and elsewhere pushes the rest of its line aside.
package struct StreamedTable {
    /// Rows that are looked at before the first is written.
    private static let sampleRowsMax = 200
    /// Bytes that are gathered before they are written.
    private static let chunkBytes = 32_768

    private let columns: [Table.Column]
    private let width: Int?
    private let isPlain: Bool
    private let write: (String) -> Void
    private var sample: [[String]] = []
    private var layout: TableLayout?
    private var chunk = ""
    package private(set) var rowCount = 0

    /// Writes to a terminal's output.
    package init(_ columns: [Table.Column], on terminal: Terminal) {
        self.init(columns, width: terminal.width, isPlain: terminal.isPlain) { terminal.writeOutput($0) }
    }

    /// - Parameters: columns of the terminal, nil when nothing is to be cut; what takes the text, in pieces.
    package init(
        _ columns: [Table.Column], width: Int?, isPlain: Bool = false, write: @escaping (String) -> Void
    ) {
        self.columns = columns
        self.width = width
        self.isPlain = isPlain
        self.write = write
    }

    /// Adds a row of as many cells as there are columns.
    package mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row needs a cell for each column")
        rowCount += 1
        let row = cells.map(TextWidth.safe)
        if isPlain {
            chunk += (rowCount == 1 ? "" : "\n") + Table.plain(row, columns, width)
            if chunk.utf8.count >= StreamedTable.chunkBytes { flush() }
            return
        }
        guard let layout else {
            sample.append(row)
            if sample.count == StreamedTable.sampleRowsMax { begin(isMoreToCome: true) }
            return
        }
        layout.append(row, to: &chunk)
        if chunk.utf8.count >= StreamedTable.chunkBytes { flush() }
    }

    /// Writes what is left. Without a row nothing is written.
    package mutating func finish() {
        if layout == nil, !sample.isEmpty { begin(isMoreToCome: false) }
        chunk += layout?.remark ?? ""
        if !chunk.isEmpty { flush() }
    }

    private mutating func begin(isMoreToCome: Bool) {
        let rows = [columns.map(\.title)] + sample
        var layout = TableLayout(columns, fitting: rows, in: width)
        if isMoreToCome, let width { layout.widen(to: width) }
        for row in rows { layout.append(row, to: &chunk) }
        sample = []
        self.layout = layout
    }

    private mutating func flush() {
        write(chunk)
        chunk = ""
    }
}
