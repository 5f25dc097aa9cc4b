/// Header lines of pages. The list of entities is most of a header and always the same between equal builds, so it is
/// written and recognised as it stands; a header of another build is read in full.
enum PageHeaderCoding {
    /// Every entity of this build, index = raw value.
    static let entities = Entity.allCases.map { V1.PageEntity(name: $0.name, columns: $0.columns.map(\.name)) }

    private static let list = (try? WireCoding.encode(entities)) ?? []
    private static let mark = Array("\"entities\":".utf8)

    /// The header line without its line feed.
    static func encode(kind: String, epoch: String, start: String, serverTime: Int64) throws(WireCoding.Malformed) -> [UInt8] {
        let header = V1.PageHeader(fieldbook: kind, epoch: epoch, cursor: start, entities: [], serverTime: serverTime)
        let line = try WireCoding.encode(header)
        guard let place = place(in: line) else { throw WireCoding.Malformed(why: "the header of a page cannot be written") }
        return line[..<place] + list + line[(place + 2)...]
    }

    static func decode(_ line: ArraySlice<UInt8>) throws(WireCoding.Malformed) -> V1.PageHeader {
        guard let place = place(in: Array(line)), case let rest = line[(line.startIndex + place)...], rest.starts(with: list) else {
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
