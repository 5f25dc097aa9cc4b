import PropertyKit
import SyncProtocol
import TestKit
import Testing

/// A row as it was handed out.
private struct Read: Equatable {
    var entity: Entity
    var key: Int64
    var version: Int64
    /// Integers and texts spelled out; empty for a tombstone.
    var fields: [String]

    init(_ row: ReceivedRow) {
        (entity, key, version) = (row.entity, row.key, row.version)
        let columns = row.isTombstone ? 0..<0 : row.entity.columns.indices
        fields = columns.map { column in
            row.integer(column).map { "\($0)" } ?? row.text(column).map { "\"\($0)\"" } ?? "null"
        }
    }
}

/// A page of rows, nil standing for a cursor line.
private func write(_ rows: [PageRow?], _ form: RowForm) throws -> [UInt8] {
    var writer = try PageWriter(kind: "feed/1", epoch: "aa", start: "from", serverTime: 1, form: form)
    for (place, row) in rows.enumerated() {
        if let row { row.write(to: &writer) } else { try writer.append(cursor: "c\(place)") }
    }
    try writer.finish(cursor: "end", sequence: 9, more: false, checkpoint: true)
    return writer.bytes
}

private func receive(_ bytes: [UInt8], isWhole: Bool = true) throws -> ReceivedPage {
    try ReceivedPage(bytes, kind: "feed/1", expectedCursor: "from", isWhole: isWhole)
}

private func rows(_ page: ReceivedPage) throws -> [Read] {
    var page = page
    var rows: [Read] = []
    try page.forEachRow { rows.append(Read($0)) }
    return rows
}

private let kinds: [Entity] = [.resource, .label, .billRecord, .usage]

/// Rows of few values, so that they repeat.
private func draw(_ choices: inout Choices) -> PageRow? {
    if choices.bool(percent: 10) { return nil }
    let entity = choices.element(of: kinds)
    let key = choices.bool(percent: 20) ? choices.int64(in: -1 << 61...1 << 61) : choices.int64(in: 0...3)
    let version = choices.int64(in: 0...3)
    if choices.bool(percent: 15) { return PageRow(entity, key, version: version) }
    let fields = entity.columns.map { column -> TestKit.RowField in
        if column.isOptional, choices.bool(percent: 30) { return nil }
        guard column.kind == .text else { return .integer(choices.element(of: [0, 1, -1, .max, .min, 1_795_000_000])) }
        return .text(choices.element(of: ["", "a", "b", "tab\t\u{1}\u{1F}\"\\/", "rather a long text", "華為😀"]))
    }
    return PageRow(entity, key, version: version, fields)
}

@Suite struct PackedRowTests {
    @Test func `rows that were written packed are those that were written plain`() throws {
        try checkProperty("forms", cases: 300) { choices in
            let drawn = (0..<choices.int(in: 0...40)).map { _ in draw(&choices) }
            let (plain, packed) = (try receive(try write(drawn, .plain)), try receive(try write(drawn, .packed)))
            try #require(try rows(packed) == rows(plain))
            // A page that is kept has lost nothing.
            try #require(try rows(ReceivedPage(kept: packed.keepable)) == rows(plain))
            try #require(packed.rowCount == drawn.count { $0 != nil })
        }
    }

    @Test func `a field that is not named as changed stands where the row above had it`() throws {
        try checkProperty("changed", cases: 200) { choices in
            let drawn = (0..<choices.int(in: 0...40)).map { _ in draw(&choices) }
            var page = try receive(try write(drawn, .packed))
            var above: [Entity: [SyncProtocol.RowField]] = [:]
            try page.forEachRow { row in
                guard !row.isTombstone else { return }
                let fields = (0..<row.entity.columns.count + 2).map { row.slots[$0].field }
                for (field, value) in fields.enumerated() where row.changed & (1 << UInt64(field)) == 0 {
                    try #require(above[row.entity]?[field] == value)
                }
                above[row.entity] = fields
            }
        }
    }

    @Test func `a packed page cut at any byte keeps what stands above its last cursor line, or nothing`() throws {
        let drawn = (0..<150).map { PageRow.bill($0 + 1, customer: 7, units: $0 % 3) as PageRow? }
        var marked = drawn
        for place in [128, 64] { marked.insert(nil, at: place) }
        let whole = try write(marked, .packed)
        let all = try rows(try receive(whole))
        #expect(all.count == 150)
        for length in 0..<whole.count {
            guard let cut = try? receive(Array(whole[..<length]), isWhole: false) else { continue }
            #expect(cut.isCut && cut.rowCount % 64 == 0 && cut.rowCount > 0)
            #expect(try rows(cut) == Array(all.prefix(cut.rowCount)))
        }
    }

    @Test func `junk in packed lines is refused or read, and never crashes`() throws {
        let drawn = (0..<20).map { PageRow.bill($0 + 1, customer: 7, units: $0 % 3) as PageRow? } + [nil]
        let whole = try receive(try write(drawn + drawn, .packed))
        try checkProperty("junk", cases: 1_000) { choices in
            var bytes = whole.keepable
            for _ in 0..<choices.int(in: 1...6) {
                let byte = choices.element(of: Array("0123456789,[]\"\\n-ul".utf8) + [0xC3, 0x00])
                bytes[choices.int(in: whole.rowsStart...bytes.count - 1)] = byte
            }
            guard let page = try? ReceivedPage(kept: bytes) else { return }
            _ = try? rows(page)
        }
    }

    @Test func `a text that reads like the escapes of the one above is not taken for it`() throws {
        let drawn = ["\"x", "\\\"", "\\\"", "\"x"].enumerated().map { place, text in
            PageRow(.label, Int64(place), version: 1, [.text(text)]) as PageRow?
        }
        let read = try rows(try receive(try write(drawn, .packed)))
        #expect(read == (try rows(try receive(try write(drawn, .plain)))))
    }

    @Test func `keys too far apart for a difference make no page`() throws {
        #expect(throws: WireCoding.Malformed.self) {
            try write([PageRow(.label, .min, version: 1, ["a"]), PageRow(.label, 1, version: 1, ["a"])], .packed)
        }
    }

    @Test func `a page without rows is the same in both forms`() throws {
        #expect(try write([], .packed) == write([], .plain))
    }

    @Test func `a form that this build does not know is refused by name of the fault`() throws {
        let text = String(decoding: try write([.product()], .packed), as: UTF8.self)
        let other = text.replacing("\"rows\":\"packed\"", with: "\"rows\":\"folded\"")
        #expect(other != text)
        let why = #expect(throws: RowError.self) { try receive(Array(other.utf8)) }
        #expect(why?.why == "the page writes its rows in a form that this build does not know")
    }
}

/// Packed lines written by hand. A resource has the fields key, version, customer, resource_id, name.
@Suite struct PackedLineTests {
    private func read(_ lines: [String], header: (String) -> String = { $0 }) throws -> [Read] {
        let whole = String(decoding: try write([.product()], .packed), as: UTF8.self)
        let head = header(String(whole.prefix { $0 != "\n" }))
        return try rows(try ReceivedPage(kept: Array((head + "\n" + lines.map { $0 + "\n" }.joined()).utf8)))
    }

    @Test func `fields that a line does not name stay as they were`() throws {
        let read = try read([
            "[14,31,5,9,7,\"r-5\",\"one\"]", "[14,9,1,\"r-6\"]", "[9,3,5,9]", "[14,0]", "[14,18,-2,null]",
            "[-15,5,10]", "[14,5,-1,8]",
        ])
        #expect(
            read.map { "\($0.entity.name) \($0.key) \($0.version) \($0.fields.joined(separator: " "))" } == [
                "resource 5 9 7 \"r-5\" \"one\"", "resource 6 9 7 \"r-6\" \"one\"", "label 5 9 null",
                "resource 6 9 7 \"r-6\" \"one\"", "resource 6 7 7 \"r-6\" null", "resource 5 10 ",
                "resource 5 7 8 \"r-6\" null",
            ])
    }

    @Test func `the lines of the documentation are what is written`() throws {
        let rows = [
            PageRow(.resource, 5, version: 40, [7, "i-5", "web"]),
            PageRow(.resource, 6, version: 40, [7, "i-6", "web"]),
            PageRow(.resource, 8, version: 43, [7, "i-8", nil]), PageRow(.resource, 6, version: 44),
            PageRow(.resource, 9, version: 44, [7, "i-9", nil]),
        ]
        let forms = try [RowForm.plain, .packed].map { form in
            String(decoding: try write(rows, form), as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("[") }
        }
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let page = String(decoding: readFile("\(root)/Sources/Documentation.docc/Protocol.md"), as: UTF8.self)
        let contract = String(decoding: readFile("\(root)/Config/openapi.json"), as: UTF8.self)
            .filter { !$0.isWhitespace }
        for (plain, packed) in zip(forms[0], forms[1]) {
            let gap = String(repeating: " ", count: max(0, 27 - plain.count))
            #expect(page.contains("\n\(plain)\(gap)\(packed)\n") && contract.contains(packed))
        }
        #expect(try read(forms[1].map(String.init)).map(\.key) == rows.map(\.key))
    }

    @Test(arguments: [
        "[14,0]", "[14,2,1]", "[14,1,1]", "[14]", "[14,-1,1]", "[14,\"a\",1]", "[14,null]", "[14,3,\"a\",1]",
        "[14,3,1,null]", "[14,63,1,1,7,\"a\",null,1]", "[14,31,1,1,7,\"a\"]", "[14,7,1,1,7,8]", "[99,3,1,1]",
        "[14,9223372036854775807,1,1]", "[14,9223372036854775808,1,1]", "[-15]", "[-15,1]", "[-15,1,2,3]",
        "[-15,\"a\",1]", "[-15,1,null]", "[-99,1,1]", "[-9223372036854775808,1,1]", "[14,3,1,1", "[14,3,,1]",
    ])
    func `a line that is none is refused`(line: String) throws {
        #expect(throws: RowError.self) { try read([line]) }
    }

    @Test func `a key that leaves 64 bits is refused`() throws {
        #expect(try read(["[14,3,9223372036854775806,1]", "[14,1,1]"]).last?.key == .max)
        #expect(throws: RowError.self) { try read(["[14,3,9223372036854775807,1]", "[14,1,1]"]) }
        #expect(throws: RowError.self) { try read(["[14,3,1,-9223372036854775808]", "[14,2,-1]"]) }
    }

    @Test func `after a cursor line nothing of what stands above counts`() throws {
        let row = "[14,31,5,9,7,\"r-5\",\"one\"]"
        #expect(try read([row, "{\"cursor\":\"c\"}", row]).map(\.key) == [5, 5])
        #expect(try read([row, "{\"cursor\":\"c\"}", "[14,3,5,9]"]).last?.fields == ["null", "null", "null"])
        #expect(throws: RowError.self) { try read([row, "{\"cursor\":\"c\"}", "[14,1,1]"]) }
    }

    @Test func `a page that names an entity twice is refused`() throws {
        #expect(throws: RowError.self) {
            try read(["[14,31,5,9,7,\"r-5\",\"one\"]"]) {
                $0.replacing("],\"epoch\"", with: ",\(label)],\"epoch\"")
            }
        }
    }

    private let label = "{\"columns\":[\"label\"],\"name\":\"label\"}"

    @Test func `further columns and entities of a newer server are read and dropped`() throws {
        let read = try read(["[14,63,5,9,7,\"r-5\",\"one\",\"red\"]", "[14,33,1,\"blue\"]", "[14,9,1,\"r-7\"]"]) {
            $0.replacing(
                "\"columns\":[\"customer\",\"resource_id\",\"name\"]",
                with: "\"columns\":[\"customer\",\"resource_id\",\"name\",\"colour\"]")
        }
        #expect(read.map(\.key) == [5, 6, 7])
        #expect(read.map(\.fields).last == ["7", "\"r-7\"", "\"one\""])
        let unknown = try self.read(["[14,31,5,9,7,\"r-5\",\"one\"]", "[9,7,5,9,\"vip\"]", "[-15,1,1]"]) {
            $0.replacing("\"name\":\"resource\"", with: "\"name\":\"starship\"")
        }
        #expect(unknown.map(\.entity) == [.label])
    }
}
