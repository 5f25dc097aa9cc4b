import PropertyKit
import Testing

@testable import HTTPKit

/// Gzip that comes in: read as RFC 1952 has it, refused where it is anything else, bounded always.
@Suite(.enabled(if: GzipFixtures.isThere, GzipFixtures.absence)) struct InflaterTests {
    private let text = GzipFixtures.text

    @Test func `members of the system's gzip are read, with every part a header may have`() throws {
        let checked = GzipFixtures.full + [0xc7, 0xe2]
        for header in [GzipFixtures.named, GzipFixtures.nameless, checked] {
            let result = try GzipFixtures.inflate(header + GzipFixtures.deflated)
            #expect(result.bytes == text && result.isWhole && result.failure == nil)
        }
        let nothing = try GzipFixtures.inflate(GzipFixtures.empty)
        #expect(nothing.bytes.isEmpty && nothing.isWhole)
    }

    @Test func `a stream reads the same however it is split, and is whole at its end only`() throws {
        let bytes = GzipFixtures.named + GzipFixtures.deflated
        for cut in 0...bytes.count {
            let split = try GzipFixtures.inflate(bytes, cuts: [cut])
            #expect(split.bytes == text && split.isWhole, "split at \(cut)")
            let head = try GzipFixtures.inflate(Array(bytes[..<cut]))
            #expect(head.failure == nil && head.isWhole == (cut == bytes.count), "cut at \(cut)")
            #expect(text.starts(with: head.bytes))
        }
        let single = try GzipFixtures.inflate(bytes, cuts: Array(0..<bytes.count))
        #expect(single.bytes == text && single.isWhole)
    }

    @Test func `what is known before the trailer is handed out, also past a full piece`() throws {
        for extra in [0, 1, 100, 258, 600, 2000] {
            let bytes = [UInt8](repeating: 0, count: Inflater.pieceBytes + extra)
            let cut = try GzipFixtures.inflate(Array(GzipFixtures.compress(bytes).dropLast(8)))
            #expect(cut.bytes == bytes && !cut.isWhole, "\(extra) bytes more than a piece")
        }
    }

    @Test func `members one after another are one body, whole where one ends`() throws {
        let two = GzipFixtures.member + GzipFixtures.empty + GzipFixtures.member
        for cut in 0...two.count {
            let split = try GzipFixtures.inflate(two, cuts: [cut])
            #expect(split.bytes == text + text && split.isWhole, "split at \(cut)")
        }
        let cut = try GzipFixtures.inflate(Array(two.dropLast()))
        #expect(!cut.isWhole && cut.failure == nil)
    }

    @Test func `anything else behind a member is refused or never whole`() throws {
        for garbage: [UInt8] in [
            [0], [0, 0], [0x1f], [0x1f, 0x8b], Array("more".utf8), [UInt8](repeating: 0, count: 512),
        ] {
            let result = try GzipFixtures.inflate(GzipFixtures.member + garbage)
            #expect(!result.isWhole && result.bytes == text, "\(garbage)")
        }
        #expect(try GzipFixtures.inflate(GzipFixtures.member + [0, 0]).failure?.status == 400)
    }

    @Test func `what is not gzip is refused in words`() throws {
        var wrongSum = GzipFixtures.member
        wrongSum[wrongSum.count - 5] ^= 1
        var wrongLength = GzipFixtures.member
        wrongLength[wrongLength.count - 1] ^= 1
        var reserved = GzipFixtures.member
        reserved[3] = 0x20
        // A header whose own checksum is wrong, and zlib's own wrapping, plain and with a preset dictionary.
        let badHeader = GzipFixtures.full + [0, 0] + GzipFixtures.deflated
        let plainZlib: [UInt8] = [0x78, 0x9c] + GzipFixtures.deflated
        for bytes in [wrongSum, wrongLength, reserved, badHeader, plainZlib, GzipFixtures.preset, text] {
            let result = try GzipFixtures.inflate(bytes)
            #expect(!result.isWhole && result.failure?.status == 400)
            #expect(result.failure?.why.contains("not gzip, or was changed") == true)
        }
    }

    @Test func `after an error nothing more is taken in`() throws {
        let inflater = try #require(Inflater(GzipFixtures.zlib(), limit: 100))
        for bytes in [[0, 0], GzipFixtures.member] {
            #expect(throws: MessageParser.Failure.self) {
                try bytes.withUnsafeBytes { try inflater.consume($0) { _ in Issue.record("a piece came") } }
            }
        }
    }

    @Test func `a bomb is refused at the limit, in pieces of bounded size`() throws {
        // A GiB of zeros in a MiB, as one member a MiB, and 64 MiB as one member.
        let mebibyte = try GzipFixtures.compress([UInt8](repeating: 0, count: 1 << 20), level: 9)
        let many = [UInt8]((0..<1024).map { _ in mebibyte }.joined())
        let one = try GzipFixtures.compress([UInt8](repeating: 0, count: 64 << 20), level: 1)
        #expect(many.count < 3 << 19)
        for bomb in [many, one] {
            for limit in [0, 1, Inflater.pieceBytes, 3 << 20] {
                let inflater = try #require(Inflater(GzipFixtures.zlib(), limit: limit))
                var (total, largest) = (0, 0)
                let failure = #expect(throws: MessageParser.Failure.self) {
                    try bomb.withUnsafeBytes { bytes in
                        try inflater.consume(bytes) { (total, largest) = (total + $0.count, max(largest, $0.count)) }
                    }
                }
                #expect(failure?.status == 413 && failure?.why.contains("larger than \(limit) bytes once") == true)
                #expect(total <= limit && largest <= Inflater.pieceBytes && total == inflater.decodedBytes)
            }
        }
    }

    @Test func `a body as long as its limit is taken, one byte more is not`() throws {
        for count in [1, 1000, Inflater.pieceBytes, 2 * Inflater.pieceBytes] {
            let bytes = [UInt8](repeating: 7, count: count)
            let member = try GzipFixtures.compress(bytes)
            let exact = try GzipFixtures.inflate(member, limit: count)
            #expect(exact.bytes == bytes && exact.isWhole)
            #expect(try GzipFixtures.inflate(member, limit: count - 1).failure?.status == 413)
        }
    }

    @Test func `a flipped bit is noticed or changes nothing`() throws {
        let bytes = GzipFixtures.lines(40)
        let member = GzipFixtures.named + (try GzipFixtures.compress(bytes).dropFirst(10))
        var unnoticed: Set<Int> = []
        for place in member.indices {
            for bit in 0..<8 {
                var changed = member
                changed[place] ^= 1 << UInt8(bit)
                let result = try GzipFixtures.inflate(changed)
                guard result.isWhole else { continue }
                #expect(result.bytes == bytes, "bit \(bit) of byte \(place) gives other bytes")
                unnoticed.insert(place)
            }
        }
        // What only says something (time, level, system, name), and codes that nothing uses.
        #expect(unnoticed.count < 30 && unnoticed.isSuperset(of: 4..<18), "\(unnoticed.sorted())")
    }

    @Test func `junk of any kind ends in an error or in nothing whole`() throws {
        try checkProperty("junk is no body") { choices in
            var bytes = choices.bool() ? GzipFixtures.nameless : []
            bytes += choices.bytes(count: 0...300)
            let cuts = [choices.int(in: 0...bytes.count)]
            let result = try GzipFixtures.inflate(bytes, limit: 10_000, cuts: cuts)
            // A random end that fits checksum and length would be one in 2^64.
            if result.isWhole { throw Whole(bytes: bytes) }
        }
    }

    private struct Whole: Error { let bytes: [UInt8] }
}
