import PropertyKit
import TestKit
import Testing

@testable import HTTPKit

/// Gzip that goes out: what anyone's gzip reads, and always the same for the same bytes.
@Suite(.enabled(if: GzipFixtures.isThere, GzipFixtures.absence)) struct DeflaterTests {
    @Test func `what is put together comes apart as it was`() throws {
        try checkProperty("round trip") { choices in
            var bytes: [UInt8] = []
            for _ in 0..<choices.int(in: 0...6) {
                switch choices.int(in: 0...3) {
                case 0: bytes += choices.bytes(count: 0...400)
                case 1: bytes += [UInt8](repeating: UInt8(choices.int(in: 0...255)), count: choices.int(in: 0...90_000))
                case 2: bytes += Array(choices.text(count: 0...100).utf8)
                default: bytes += bytes.suffix(choices.int(in: 0...40_000))
                }
            }
            let member = try GzipFixtures.compress(bytes, level: choices.int(in: 1...9))
            let cuts = [choices.int(in: 0...member.count), choices.int(in: 0...member.count)].sorted()
            let result = try GzipFixtures.inflate(member, limit: bytes.count, cuts: cuts)
            if result.bytes != bytes || !result.isWhole { throw Differs(count: bytes.count) }
        }
    }

    private struct Differs: Error { let count: Int }

    @Test func `a member names no time, file or system, and is the same every time`() throws {
        let bytes = GzipFixtures.lines(500)
        for level in 1...9 {
            let member = try GzipFixtures.compress(bytes, level: level)
            let byLevel: UInt8 = level == 1 ? 4 : level == 9 ? 2 : 0
            #expect(Array(member.prefix(10)) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, byLevel, 255])
            #expect(try GzipFixtures.compress(bytes, level: level) == member)
        }
        #expect(try GzipFixtures.compress(bytes, level: 9).count < GzipFixtures.compress(bytes, level: 1).count)
    }

    @Test func `the system's gzip reads it`() throws {
        let folder = TemporaryDirectory()
        let bytes = GzipFixtures.lines(5000)
        writeFile(folder.file("page.gz"), try GzipFixtures.compress(bytes))
        let gzip = ChildProcess("/bin/gzip", ["-dc", folder.file("page.gz")])
        #expect(gzip.wait() == 0 && Array(gzip.output.utf8) == bytes)
    }
}
