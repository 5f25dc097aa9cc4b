/// Header lines of pages. The list of entities is most of a header and always the same between equal builds, so it is
/// written and recognised as it stands; a header of another build is read in full.
enum PageHeaderCoding {
    /// Every entity of this build, index = raw value.
    static let entities = Entity.allCases.map { V1.PageEntity(name: $0.name, columns: $0.columns.map(\.name)) }

    private static let list = (try? WireCoding.encode(entities)) ?? []
    private static let mark = Array("\"entities\":".utf8)

    /// The header line of a page without rows, which need no entities: most of what a poll costs that brings nothing.
    static func encodeEmpty(
        kind: String, epoch: String, start: String, serverTime: Int64
    ) throws(WireCoding.Malformed) -> [UInt8] {
        try WireCoding.encode(
            V1.PageHeader(fieldbook: kind, epoch: epoch, cursor: start, entities: [], serverTime: serverTime))
    }

    /// The header line without its line feed.
    static func encode(
        kind: String, epoch: String, start: String, serverTime: Int64, form: RowForm
    ) throws(WireCoding.Malformed) -> [UInt8] {
        let rows = form == .plain ? nil : form.rawValue
        // Cursors, epochs and kinds of ours need no escapes; the fields stand in order of name, as everywhere.
        guard [kind, epoch, start].allSatisfy({ $0.utf8.allSatisfy(isPlain) }) else {
            var header = V1.PageHeader(
                fieldbook: kind, epoch: epoch, cursor: start, entities: entities, serverTime: serverTime)
            header.rows = rows
            return try WireCoding.encode(header)
        }
        var line = Array("{\"cursor\":\"\(start)\",\"entities\":".utf8)
        line += list
        line += ",\"epoch\":\"\(epoch)\",\"fieldbook\":\"\(kind)\"".utf8
        if let rows { line += ",\"rows\":\"\(rows)\"".utf8 }
        line += ",\"serverTime\":\"\(serverTime)\"}".utf8
        return line
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    static func decode(_ line: ArraySlice<UInt8>) throws(WireCoding.Malformed) -> V1.PageHeader {
        guard let place = place(in: Array(line)), case let rest = line[(line.startIndex + place)...],
            rest.starts(with: list)
        else {
            return try WireCoding.decode(V1.PageHeader.self, from: Array(line))
        }
        let short = line[..<(line.startIndex + place)] + Array("[]".utf8) + rest[(rest.startIndex + list.count)...]
        var header = try WireCoding.decode(V1.PageHeader.self, from: Array(short))
        header.entities = entities
        return header
    }

    /// Where the list of entities begins: after the first mark outside of quotes.
    private static func place(in line: [UInt8]) -> Int? {
        var index = 1
        var isQuoted = false
        while index < line.count {
            switch line[index] {
            case UInt8(ascii: "\\") where isQuoted: index += 1
            case UInt8(ascii: "\""):
                if !isQuoted, line[index...].starts(with: mark) { return index + mark.count }
                isQuoted.toggle()
            default: break
            }
            index += 1
        }
        return nil
    }
}
