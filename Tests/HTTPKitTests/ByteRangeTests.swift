import Testing

@testable import HTTPKit

/// What `Range` and `If-Range` ask for, by RFC 9110, sections 13.1.5 and 14.
@Suite struct ByteRangeTests {
    private func range(_ text: String?..., ifRange: String? = nil, length: Int = 10) -> ByteRange {
        var headers = HTTPHeaders()
        for text in text { if let text { headers.add("Range", text) } }
        if let ifRange { headers.add("If-Range", ifRange) }
        return ByteRange(headers, length: length, tag: "\"t\"")
    }

    @Test(arguments: [
        ("bytes=0-", 0..<10), ("bytes=3-", 3..<10), ("bytes=9-", 9..<10), ("bytes=0-0", 0..<1), ("bytes=2-5", 2..<6),
        ("bytes=2-99", 2..<10), ("bytes=-3", 7..<10), ("bytes=-99", 0..<10), ("Bytes=4-", 4..<10),
        ("bytes=5-99999999999999999999999", 5..<10), ("bytes= 4-", 4..<10),
    ])
    func `a range of bytes that are there is given`(text: String, wanted: Range<Int>) {
        #expect(range(text) == .part(wanted))
        #expect(range(text, ifRange: "\"t\"") == .part(wanted))
    }

    @Test(arguments: [
        "bytes=10-", "bytes=99-", "bytes=-0", "bytes=5-4", "bytes=", "bytes=-", "bytes=a-", "bytes=1-b", "bytes=1-2-3",
        "bytes=+1-", "bytes", "", "bytes=99999999999999999999-",
    ])
    func `a range of nothing, or one that can't be read, is refused`(text: String) {
        #expect(range(text) == .unsatisfiable)
    }

    @Test func `no range, several, another unit and bytes that changed get the whole`() {
        #expect(range(nil) == .whole)
        #expect(range("bytes=0-1,4-5") == .whole && range("bytes=0-1", "bytes=4-5") == .whole)
        #expect(range("rows=0-1") == .whole)
        for other in ["\"u\"", "W/\"t\"", "t", "Sat, 21 Nov 2026 20:00:00 GMT"] {
            #expect(range("bytes=3-", ifRange: other) == .whole)
            #expect(range("bytes=99-", ifRange: other) == .whole)
        }
    }

    @Test func `nothing of an empty body can be asked for`() {
        for text in ["bytes=0-", "bytes=-1"] { #expect(range(text, length: 0) == .unsatisfiable) }
    }

    @Test func `the fields of replies name first, last and length`() {
        #expect(ByteRange.contentRange(3..<10, of: 10) == "bytes 3-9/10" && ByteRange.unsatisfied(10) == "bytes */10")
    }
}
