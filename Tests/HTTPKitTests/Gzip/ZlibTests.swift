import Testing

@testable import HTTPKit

/// The library is taken as it is documented, or not at all.
@Suite struct ZlibTests {
    @Test func `the stream has the documented layout`() {
        #expect(MemoryLayout<ZStream>.size == 112 && MemoryLayout<ZStream>.stride == 112)
        #expect(MemoryLayout<ZStream>.offset(of: \.avail_in) == 8)
        #expect(MemoryLayout<ZStream>.offset(of: \.next_out) == 24)
        #expect(MemoryLayout<ZStream>.offset(of: \.avail_out) == 32)
        #expect(MemoryLayout<ZStream>.offset(of: \.msg) == 48)
        #expect(MemoryLayout<ZStream>.offset(of: \.zalloc) == 64)
        #expect(MemoryLayout<ZStream>.offset(of: \.data_type) == 88)
        #expect(MemoryLayout<ZStream>.offset(of: \.reserved) == 104)
    }

    @Test func `a library that is not there, or is another one, counts as none`() {
        #expect(Zlib("libz.so.none") == nil)
        #expect(Zlib("libc.so.6") == nil)
    }

    @Test(.enabled(if: GzipFixtures.isThere, GzipFixtures.absence))
    func `a library that takes another layout or version counts as none`() throws {
        #expect(Zlib("libz.so.1") != nil)
        #expect(Zlib("libz.so.1", layout: Zlib.Layout(streamBytes: 104)) == nil)
        #expect(Zlib("libz.so.1", layout: Zlib.Layout(version: "2.0")) == nil)
        #expect(try GzipFixtures.zlib().version.hasPrefix("1."))
    }
}
