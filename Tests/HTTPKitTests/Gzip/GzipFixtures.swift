import Testing

@testable import HTTPKit

/// Gzip for tests.
enum GzipFixtures {
    static let absence: Comment = "zlib is not installed"
    static let isThere = Zlib.load() != nil

    static let text = Array("hello, hello, hello: a page of the feed\n".utf8)

    /// The deflated text and the trailer, as Debian's gzip 1.12 writes them at levels 1 and 9.
    static let deflated: [UInt8] = [
        0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xd7, 0x51, 0xc8, 0x40, 0xa2, 0xac, 0x14, 0x12, 0x15, 0x0a, 0x12, 0xd3, 0x53,
        0x15, 0xf2, 0xd3, 0x14, 0x4a, 0x32, 0x52, 0x15, 0xd2, 0x52, 0x53, 0x53, 0xb8, 0x00, 0xfc, 0x0e, 0x04, 0x2d,
        0x28, 0x00, 0x00, 0x00,
    ]
    /// Headers: of `gzip feed.txt` with name and time, of `gzip -n`, and one with every part that section 2.3 of
    /// RFC 1952 has: extra field, name, comment, checksum.
    static let named: [UInt8] =
        [0x1f, 0x8b, 0x08, 0x08, 0x00, 0xdf, 0x00, 0x6b, 0x04, 0x03] + Array("feed.txt\0".utf8)
    static let nameless: [UInt8] = [0x1f, 0x8b, 0x08, 0x00, 0, 0, 0, 0, 0x02, 0x03]
    static let full: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x1f, 0, 0, 0, 0, 0x00, 0x03, 0x03, 0x00, 0x78, 0x79, 0x7a, 0x6e, 0x00, 0x63, 0x00,
    ]
    /// The text in zlib's own wrapping with a preset dictionary ("hello"), which gzip does not have.
    static let preset: [UInt8] = [
        0x78, 0xf9, 0x06, 0x2c, 0x02, 0x15, 0xcb, 0x00, 0x11, 0x3a, 0x0a, 0xc8, 0x94, 0x95, 0x42, 0xa2, 0x42, 0x41,
        0x62, 0x7a, 0xaa, 0x42, 0x7e, 0x9a, 0x42, 0x49, 0x46, 0xaa, 0x42, 0x5a, 0x6a, 0x6a, 0x0a, 0x17, 0x00, 0x1a,
        0x54, 0x0d, 0x61,
    ]
    static var member: [UInt8] { nameless + deflated }
    /// What `gzip -n` makes of nothing.
    static let empty: [UInt8] = [0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0]

    /// Bytes that shrink, but not to nothing.
    static func lines(_ count: Int) -> [UInt8] {
        Array((0..<count).map { "[\"bill-\($0 * 7919 % 100_003)\",\($0 % 13),\"open\"]\n" }.joined().utf8)
    }

    static func zlib() throws -> Zlib { try #require(Zlib.load(), absence) }

    static func compress(_ bytes: [UInt8], level: Int = 6) throws -> [UInt8] {
        try #require(try Deflater.member(bytes, level: level, zlib()))
    }

    /// What comes out of bytes fed in pieces that end at `cuts`, up to the error where there is one.
    static func inflate(
        _ bytes: [UInt8], limit: Int = 1 << 20, cuts: [Int] = []
    ) throws -> (bytes: [UInt8], isWhole: Bool, failure: MessageParser.Failure?) {
        let inflater = try #require(Inflater(zlib(), limit: limit))
        var decoded: [UInt8] = []
        var start = 0
        do {
            for end in cuts + [bytes.count] {
                try Array(bytes[start..<end]).withUnsafeBytes { piece in
                    try inflater.consume(piece) { decoded.append(contentsOf: $0) }
                }
                start = end
            }
        } catch let failure as MessageParser.Failure { return (decoded, inflater.isWhole, failure) }
        #expect(inflater.decodedBytes == decoded.count)
        return (decoded, inflater.isWhole, nil)
    }
}
