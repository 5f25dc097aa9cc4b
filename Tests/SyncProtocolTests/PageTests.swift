import Digests
import PropertyKit
import SyncProtocol
import TestKit
import Testing

private let start = "f1-aa-1-1-0-seal"

/// A page of resource rows 1…count, with a cursor line every 64 rows.
private func page(
    rows count: Int, checkpoint: Bool = true, form: RowForm = .plain, name: (Int) -> String = { "r\($0)" }
) throws -> [UInt8] {
    var writer = try PageWriter(kind: "feed/1", epoch: "aa", start: start, serverTime: 1, form: form)
    for index in 1...max(1, count) where count > 0 {
        PageRow(.resource, Int64(index), version: Int64(index), [7, .text(name(index)), nil]).write(to: &writer)
        if writer.wantsCursor { try writer.append(cursor: "c\(index)") }
    }
    try writer.finish(cursor: "end", sequence: Int64(count), more: !checkpoint, checkpoint: checkpoint)
    return writer.bytes
}

private func read(_ bytes: [UInt8], whole: Bool = true) throws -> ReceivedPage {
    try ReceivedPage(bytes, kind: "feed/1", expectedCursor: start, isWhole: whole)
}

private func names(_ page: inout ReceivedPage) throws -> [String] {
    var names: [String] = []
    try page.forEachRow { row in
        if let name = row.text(1) { names.append(name) }
    }
    return names
}

@Suite struct PageTests {
    @Test func `a page comes back as it was written`() throws {
        var received = try read(try page(rows: 200))
        #expect(received.rowCount == 200)
        #expect(received.isCheckpoint && !received.more && !received.isCut)
        #expect(received.cursor == "end")
        #expect(received.sequence == 200)
        #expect(try names(&received) == (1...200).map { "r\($0)" })
    }

    @Test func `texts of every script and every escape come back`() throws {
        try checkProperty("texts") { choices in
            let texts = (0..<choices.int(in: 1...5)).map { _ in choices.text(count: 0...30) }
            var received = try read(try page(rows: texts.count) { texts[$0 - 1] })
            try #require(try names(&received) == texts)
        }
    }

    @Test func `a page cut at any byte keeps what stands above its last cursor line, or nothing`() throws {
        let whole = try page(rows: 150)
        for length in stride(from: 0, to: whole.count, by: 7) {
            guard var cut = try? read(Array(whole[..<length]), whole: false) else { continue }
            #expect(cut.isCut && cut.more && !cut.isCheckpoint)
            #expect(cut.cursor == "c\(cut.rowCount)")
            #expect(cut.rowCount % 64 == 0)
            #expect(try names(&cut).count == cut.rowCount)
        }
    }

    @Test func `a page that is whole by its connection but ends early is refused`() throws {
        let whole = try page(rows: 150)
        #expect(throws: RowError.self) { try read(Array(whole[..<(whole.count - 1)])) }
        #expect(throws: RowError.self) { try read(Array(whole[..<(whole.count / 2)])) }
    }

    @Test func `one changed byte in the rows is noticed`() throws {
        let whole = try page(rows: 100)
        let text = String(decoding: whole, as: UTF8.self)
        let changed = text.replacing("\"r50\"", with: "\"r51\"")
        #expect(throws: RowError.self) { try read(Array(changed.utf8)) }
    }

    @Test func `a page that starts elsewhere, or is of another kind, is refused`() throws {
        let bytes = try page(rows: 3)
        #expect(throws: RowError.self) {
            try ReceivedPage(bytes, kind: "feed/1", expectedCursor: "other", isWhole: true)
        }
        #expect(throws: RowError.self) {
            try ReceivedPage(bytes, kind: "snapshot/1", expectedCursor: start, isWhole: true)
        }
    }

    @Test(arguments: [
        "", "<html><body>Please log in</body></html>\n", "{}\n", "null\n", "{\"fieldbook\":\"feed/1\"}\n",
        "\u{0}\u{0}\u{0}\n", "[1,2,3]\n",
    ])
    func `a captive portal's page is not mistaken for ours`(text: String) {
        #expect(throws: RowError.self) { try read(Array(text.utf8)) }
    }

    @Test func `junk is refused and never crashes`() throws {
        let whole = try page(rows: 20)
        try checkProperty("junk pages", cases: 400) { choices in
            var bytes = whole
            for _ in 0..<choices.int(in: 1...6) {
                bytes[choices.int(in: 0...bytes.count - 1)] = UInt8(choices.int(in: 0...255))
            }
            guard var received = try? read(bytes, whole: choices.bool()) else { return }
            _ = try? names(&received)
        }
    }

    @Test func `further columns and entities of a newer server are passed over`() throws {
        let text = String(decoding: try page(rows: 2), as: UTF8.self)
        let newer = text.replacing(
            "\"columns\":[\"customer\",\"resource_id\",\"name\"]",
            with: "\"columns\":[\"customer\",\"resource_id\",\"name\",\"colour\"]")
        #expect(newer != text)
        var received = try read(Array(newer.utf8))
        #expect(try names(&received) == ["r1", "r2"])
        let other = text.replacing("\"name\":\"resource\"", with: "\"name\":\"starship\"")
        var unknown = try read(Array(other.utf8))
        #expect(try names(&unknown).isEmpty)
    }

    @Test func `a column that is missing or moved is refused`() throws {
        let text = String(decoding: try page(rows: 2), as: UTF8.self)
        let moved = text.replacing(
            "[\"customer\",\"resource_id\",\"name\"]", with: "[\"resource_id\",\"customer\",\"name\"]")
        #expect(throws: RowError.self) { try read(Array(moved.utf8)) }
    }

    @Test func `a page without the column that came later is taken, one without an earlier column is not`() throws {
        let columns = Entity.history.columns.map { "\"\($0.name)\"" }
        func page(without missing: Int) throws -> [UInt8] {
            let cut = "[\(columns.dropLast(missing).joined(separator: ","))]"
            return Array(
                String(decoding: try self.history(without: missing), as: UTF8.self)
                    .replacing("[\(columns.joined(separator: ","))]", with: cut).utf8)
        }
        var received = try read(try page(without: 1))
        var last: [SyncProtocol.RowField] = []
        try received.forEachRow { last.append($0.column(columns.count - 1)) }
        #expect(last == [.null])
        #expect(throws: RowError.self) { try read(try page(without: 2)) }
    }

    /// A page of one record that lacks its last columns.
    private func history(without missing: Int) throws -> [UInt8] {
        var writer = try PageWriter(kind: "feed/1", epoch: "aa", start: start, serverTime: 1)
        let fields: [TestKit.RowField] = [
            7, 1, "budget", "a", "held", "{}", "{}", "hold", 2, nil, nil, nil, nil,
        ]
        PageRow(.history, 1, version: 1, fields.dropLast(missing)).write(to: &writer)
        try writer.finish(cursor: "end", sequence: 1, more: false, checkpoint: true)
        return writer.bytes
    }

    @Test func `a kept page is taken up again whole`() throws {
        let received = try read(try page(rows: 70, checkpoint: false))
        var kept = try ReceivedPage(kept: received.keepable)
        #expect(try names(&kept).count == 70)
    }

    @Test func `a page without rows names no entities, and is taken`() throws {
        var writer = try PageWriter(kind: "feed/1", epoch: "e", start: "a", serverTime: 1)
        try writer.finish(cursor: "b", sequence: 5, more: false, checkpoint: true)
        #expect(writer.bytes.count < 256)
        var page = try ReceivedPage(writer.bytes, kind: "feed/1", expectedCursor: "a", isWhole: true)
        #expect(page.rowCount == 0 && page.isCheckpoint && page.cursor == "b" && page.header.entities == [])
        var rows = 0
        try page.forEachRow { _ in rows += 1 }
        #expect(rows == 0)
        var kept = try ReceivedPage(kept: page.keepable)
        try kept.forEachRow { _ in rows += 1 }
        #expect(rows == 0)
    }
}

@Suite struct RowScannerTests {
    private func scan(_ line: String) throws -> [SyncProtocol.RowField] {
        var bytes = Array(line.utf8)
        var scanner = RowScanner()
        let count = bytes.count
        try bytes.withUnsafeMutableBytes { try scanner.scan($0, line: 0..<count) }
        return scanner.fields
    }

    @Test func `the largest and smallest integers are read`() throws {
        #expect(
            try scan("[9223372036854775807,-9223372036854775808,0,-1]") == [
                .integer(.max), .integer(.min), .integer(0), .integer(-1),
            ])
    }

    @Test(arguments: [
        "[]", "[", "[1", "1]", "[1,]", "[,1]", "[1 ,2]", "[9223372036854775808]", "[-9223372036854775809]", "[01]",
        "[1.5]", "[1e3]", "[-]", "[true]",
        "[nul]", "[\"a]", "[\"\\x\"]", "[\"\\u12\"]", "[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\\ud800\\u0041\"]",
        "[\"a\tb\"]", "[[1]]", "[{}]", "[\"\\u0000\"]",
    ])
    func `everything else is refused`(line: String) { #expect(throws: RowError.self) { try scan(line) } }

    @Test func `bytes that are not UTF-8 are refused`() {
        for bad in [[0xFF], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3]]
            as [[UInt8]]
        {
            var bytes = Array("[\"".utf8) + bad + Array("\"]".utf8)
            let count = bytes.count
            var scanner = RowScanner()
            #expect(throws: RowError.self) {
                try bytes.withUnsafeMutableBytes { try scanner.scan($0, line: 0..<count) }
            }
        }
    }

    @Test func `a line has a largest number of fields`() {
        let many = "[" + (0...ProtocolLimits.rowFieldsMax).map { "\($0)" }.joined(separator: ",") + "]"
        #expect(throws: RowError.self) { try scan(many) }
    }
}
