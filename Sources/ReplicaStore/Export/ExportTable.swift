/// What can be exported. A case is a table of its own; `focus` is the bill records in the columns of FOCUS 1.0.
package enum ExportKind: String, Sendable, CaseIterable { case customers, bills, coupons, history, focus }

/// What the values of a column are, so that whoever writes them knows how.
package enum ExportForm: Sendable, Hashable {
    case text, integer
    /// Units of 10^-8.
    case money
    /// Seconds since 1970.
    case time
    /// 0 or 1.
    case flag
    /// Hundredths of a percent.
    case percent
    /// A JSON document.
    case document
    /// A cycle as YYYYMM: the first moment of it, and the first after it.
    case cycleStart, cycleEnd
}

/// One column of an export.
package struct ExportColumn: Sendable {
    /// Where its values come from.
    package enum Source: Sendable {
        /// A column of the query, counted from 0.
        case stored(Int)
        /// What the reader works out beside the query, counted from 0; always text.
        case added(Int)
        /// The same in every row; nil for a column of which nothing is known.
        case constant(String?)
    }

    /// As in the documented views: words in small letters joined by `_`; FOCUS columns by their own names.
    package let name: String
    package let form: ExportForm
    package let source: Source
}

/// The columns of an export and the query that fills them. Columns 0 and 1 of the query are the place of a row in the
/// order of the export: its key, and what goes before it.
struct ExportTable {
    private(set) var columns: [ExportColumn] = []
    private(set) var expressions: [String]
    /// Tables after FROM, without a condition.
    let tables: String
    private let key: String
    /// What rows are in order of before their keys; nil where the key is all.
    private let prefix: String?

    init(key: String, after prefix: String? = nil, tables: String) {
        self.key = key
        self.prefix = prefix
        self.tables = tables
        expressions = [key, prefix ?? "0"]
    }

    /// Adds a column of the query.
    mutating func add(_ name: String, _ sql: String, _ form: ExportForm = .text) {
        columns.append(ExportColumn(name: name, form: form, source: .stored(expressions.count)))
        expressions.append(sql)
    }

    /// Adds a column that is the same in every row.
    mutating func add(_ name: String, always value: String?) {
        columns.append(ExportColumn(name: name, form: .text, source: .constant(value)))
    }

    /// Adds a column that the reader works out.
    mutating func add(_ name: String, worked place: Int) {
        columns.append(ExportColumn(name: name, form: .text, source: .added(place)))
    }

    /// A value of the query that is no column of the export, for what is worked out; its place in the query.
    mutating func hidden(_ sql: String) -> Int {
        expressions.append(sql)
        return expressions.count - 1
    }

    /// The query of the rows past a place, in order. Its parameters are the place's key and what goes before it.
    func query(where condition: String) -> String {
        let past = prefix.map { "(\($0), \(key)) > (?2, ?1)" } ?? "\(key) > ?1 AND ?2 IS NOT NULL"
        let order = prefix.map { "\($0), \(key)" } ?? key
        return """
            SELECT \(expressions.joined(separator: ", ")) FROM \(tables)
            WHERE \(past) AND \(condition) ORDER BY \(order)
            """
    }
}
