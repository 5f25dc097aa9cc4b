import Diagnostics
import TestKit
import Testing

@testable import CSVKit

/// Files of CSV as programs write them, and as nobody should.
@Suite struct CSVReaderTests {
    private let folder = TemporaryDirectory()

    private func reader(_ bytes: [UInt8], _ limits: CSVReader.Limits = .init()) throws -> CSVReader {
        let path = folder.file("a.csv")
        writeFile(path, bytes)
        return try CSVReader(path: path, limits: limits, ifRefused: "nothing was kept")
    }

    /// All records with the line of each.
    private func records(_ bytes: [UInt8], _ limits: CSVReader.Limits = .init()) throws -> [(line: Int, [String])] {
        var reader = try reader(bytes, limits)
        var found: [(Int, [String])] = []
        while let record = try reader.nextRecord() { found.append((reader.recordLine, record)) }
        return found
    }

    @Test(arguments: [
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]), ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        ("a,b\r\n1,2\n3,4", [["a", "b"], ["1", "2"], ["3", "4"]]), ("a,\n,\n", [["a", ""], ["", ""]]),
        ("\"a,b\",\"c\"\"d\"\n", [["a,b", "c\"d"]]), ("\"a\nb\",\"c\r\nd\"\n", [["a\nb", "c\r\nd"]]),
        ("\"\",x\n", [["", "x"]]), ("\n\na\n\nb\n", [["a"], ["b"]]), ("华云,Ὀλυμπία\n", [["华云", "Ὀλυμπία"]]),
        ("a\"b,c\n", [["a\"b", "c"]]), ("", []), ("\n\r\n", []),
    ])
    func `records are those of RFC 4180`(text: String, expected: [[String]]) throws {
        #expect(try records(Array(text.utf8)).map(\.1) == expected)
        // A byte order mark is no part of the first field, whatever stands there.
        #expect(try records([0xEF, 0xBB, 0xBF] + Array(text.utf8)).map(\.1) == expected)
    }

    @Test func `each record has the line where it begins`() throws {
        let found = try records(Array("a\n\"b\nb\"\n\nc\r\nd".utf8))
        #expect(found.map(\.line) == [1, 2, 5, 6])
    }

    @Test(arguments: [[0xFF, 0xFE], [0xC3], [0x61, 0x00, 0x62], [0xED, 0xA0, 0x80]] as [[UInt8]])
    func `a record that is no text is told with its line, and the next one is read`(bad: [UInt8]) throws {
        var reader = try reader(Array("a,b\nx,".utf8) + bad + Array(",set-budget,acme,100\nc,d\n".utf8))
        #expect(try reader.nextRecord() == ["a", "b"])
        do {
            _ = try reader.nextRecord()
            Issue.record("it was read")
        } catch let damage as CSVReader.Damage { #expect(damage.line == 2) }
        #expect(try reader.nextRecord() == ["c", "d"])
    }

    @Test func `a quote that is never closed refuses the file with the line where it was opened`() throws {
        let error = try #require(throws: UserError.self) { try records(Array("a\n\"b\nc\n".utf8)) }
        #expect(error.exitCode == .refused && error.why.contains("line 2"), "\(error)")
        #expect(error.next.hasPrefix("nothing was kept"))
    }

    @Test func `a record, its fields and the file are bounded, whatever the file holds`() throws {
        let limits = CSVReader.Limits(recordBytes: 100, fields: 4, fileBytes: 100_000)
        #expect(try records(Array(String(repeating: "x", count: 99).utf8) + [0x0A], limits).count == 1)
        #expect(try records(Array("a,b,c,d\n".utf8), limits).map(\.1) == [["a", "b", "c", "d"]])
        let lines = String(repeating: "abcdefgh\n", count: 20_000)
        for (text, why) in [
            (String(repeating: "x", count: 1_000_000), "too large"), ("\"" + lines, "too large"),
            (String(repeating: ",", count: 50), "too large"), (lines, "larger than 100000 bytes"),
        ] {
            let error = try #require(throws: UserError.self) { try records(Array(text.utf8), limits) }
            #expect(error.exitCode == .refused && error.why.contains(why), "\(error)")
        }
    }

    @Test func `a file that cannot be read is refused with the reason`() {
        for path in [folder.file("absent"), folder.path] {
            #expect(throws: UserError.self) {
                var reader = try CSVReader(path: path, ifRefused: "nothing was kept")
                _ = try reader.nextRecord()
            }
        }
    }
}
