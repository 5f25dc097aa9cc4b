import Diagnostics
import PartnerModel
import ReplicaStore

/// The forms of an export.
enum ExportFormat: String, CaseIterable { case csv, jsonl, focus }

/// Writes the rows of an export. CSV is that of RFC 4180: CR LF at the end of each line, a header line, quotes where a
/// comma, a quote or a line end stands in a cell; UTF-8 without a mark; a null is an empty cell. Cells are exactly the
/// data, unless they are for a spreadsheet or for the eyes.
struct ExportEncoder {
    /// What is done to texts beyond what the form needs.
    enum Care {
        case exact
        /// A text that a spreadsheet would take for a formula begins with an apostrophe (OWASP, "CSV Injection").
        case spreadsheet
        /// What would drive a terminal is spelled out.
        case terminal
    }

    private let columns: [ExportColumn]
    private let isCSV: Bool
    private let care: Care
    /// For JSON lines: what stands before each value, and before the end.
    private let names: [[UInt8]]
    private let ending: [UInt8]

    init(_ columns: [ExportColumn], _ format: ExportFormat, _ care: Care) {
        isCSV = format != .jsonl
        self.care = care
        // An object's keys are sorted, as everywhere.
        let named = columns.map { (ExportEncoder.jsonName($0.name), $0) }
        let ordered = format == .jsonl ? named.sorted { $0.0 < $1.0 } : named
        self.columns = ordered.map(\.1)
        let version = "\"schemaVersion\":1"
        let next = ordered.firstIndex { $0.0 > "schemaVersion" }
        names = ordered.indices.map { Array("\($0 == next ? "\(version)," : "")\"\(ordered[$0].0)\":".utf8) }
        ending = Array("\(next == nil ? ",\(version)" : "")}\n".utf8)
    }

    /// `budget_pending_state` as `budgetPendingState`.
    private static func jsonName(_ name: String) -> String {
        let words = name.split(separator: "_")
        return words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    /// The header line of CSV.
    func header(_ out: OutgoingBytes) {
        guard isCSV else { return }
        out.append(columns.map(\.name).joined(separator: ",") + "\r\n")
    }

    /// One record with the end of its line.
    func append(_ row: ExportRow, _ out: OutgoingBytes) {
        if isCSV { appendRecord(row, out) } else { appendObject(row, out) }
    }

    private func appendRecord(_ row: ExportRow, _ out: OutgoingBytes) {
        for index in columns.indices {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            let column = columns[index]
            switch column.source {
            case .constant(let text): if let text { appendCell(text, out) }
            case .added(let place): if let text = row.added[place] { appendCell(text, out) }
            case .stored(let place):
                if row.isNull(place) { continue }
                if !appendPlain(column.form, row, place, out) { row.withText(place) { appendCell($0, out) } }
            }
        }
        out.append(UInt8(ascii: "\r"))
        out.append(UInt8(ascii: "\n"))
    }

    private func appendObject(_ row: ExportRow, _ out: OutgoingBytes) {
        for index in columns.indices {
            out.append(index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
            out.append(names[index])
            let column = columns[index]
            switch column.source {
            case .constant(let text): appendJSON(text, out)
            case .added(let place): appendJSON(row.added[place], out)
            case .stored(let place):
                if row.isNull(place) {
                    out.append("null")
                } else if column.form == .document {
                    row.withText(place) { ExportEncoder.appendVisible($0, out) }
                } else if [.integer, .flag].contains(column.form) {
                    _ = appendPlain(column.form, row, place, out)
                } else if column.form == .text {
                    row.withText(place) { ExportEncoder.appendQuoted($0, out) }
                } else {
                    out.append(UInt8(ascii: "\""))
                    _ = appendPlain(column.form, row, place, out)
                    out.append(UInt8(ascii: "\""))
                }
            }
        }
        out.append(ending)
    }

    /// A value that needs no quotes in CSV; false when it may.
    private func appendPlain(_ form: ExportForm, _ row: ExportRow, _ place: Int, _ out: OutgoingBytes) -> Bool {
        switch form {
        case .text, .document: return false
        case .integer: out.append(row.int64(place))
        case .money: out.append(moneyUnits: row.int64(place))
        case .time: out.append(seconds: row.int64(place))
        case .flag: out.append(row.int64(place) == 0 ? "false" : "true")
        case .percent: out.append(BasisPoints(row.int64(place)).percentText)
        case .cycleStart: out.append(monthStart: row.int64(place))
        case .cycleEnd:
            let cycle = row.int64(place)
            out.append(monthStart: cycle % 100 < 12 ? cycle + 1 : cycle + 89)
        }
        return true
    }

    // MARK: CSV

    private func appendCell(_ text: String, _ out: OutgoingBytes) {
        var text = text
        text.withUTF8 { appendCell(UnsafeRawBufferPointer($0), out) }
    }

    private func appendCell(_ bytes: UnsafeRawBufferPointer, _ out: OutgoingBytes) {
        var isGuarded = false
        switch care {
        case .exact: break
        case .spreadsheet: isGuarded = bytes.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
        case .terminal:
            let text = String(decoding: bytes, as: UTF8.self)
            let visible = VisibleText.escape(text)
            if visible != text { return appendCell(visible, out) }
        }
        let isQuoted = bytes.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
        if isQuoted { out.append(UInt8(ascii: "\"")) }
        if isGuarded { out.append(UInt8(ascii: "'")) }
        if !isQuoted { return out.append(bytes) }
        for byte in bytes {
            if byte == 0x22 { out.append(byte) }
            out.append(byte)
        }
        out.append(UInt8(ascii: "\""))
    }

    // MARK: JSON

    private func appendJSON(_ text: String?, _ out: OutgoingBytes) {
        guard var text else { return out.append("null") }
        text.withUTF8 { ExportEncoder.appendQuoted(UnsafeRawBufferPointer($0), out) }
    }

    /// RFC 8259, section 7; what could drive or reorder a terminal is escaped too.
    private static func appendQuoted(_ bytes: UnsafeRawBufferPointer, _ out: OutgoingBytes) {
        out.append(UInt8(ascii: "\""))
        if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) {
            out.append(bytes)
        } else {
            for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
                switch scalar {
                case "\"": out.append("\\\"")
                case "\\": out.append("\\\\")
                case "\n": out.append("\\n")
                case "\r": out.append("\\r")
                case "\t": out.append("\\t")
                default: append(scalar, out)
                }
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    /// A JSON document as it is, but for what could drive a terminal; that can stand in strings only.
    private static func appendVisible(_ bytes: UnsafeRawBufferPointer, _ out: OutgoingBytes) {
        if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return out.append(bytes) }
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars { append(scalar, out) }
    }

    private static func append(_ scalar: Unicode.Scalar, _ out: OutgoingBytes) {
        guard VisibleText.isUnsafe(scalar) else { return UTF8.encode(scalar)?.forEach { out.append($0) } ?? () }
        let hex = String(scalar.value, radix: 16)
        out.append("\\u" + String(repeating: "0", count: 4 - hex.count) + hex)
    }
}
