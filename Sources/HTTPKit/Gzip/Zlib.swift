import Glibc
import Synchronization

/// The functions of the system's zlib that we call, by zlib's own names: the one place that knows its symbols.
///
/// Nothing is linked. The library is opened when gzip is first wanted; where there is none, or one that lays its
/// structure out otherwise, bodies go as they are, and nobody is told: gzip is a saving, never a need.
package final class Zlib: Sendable {
    typealias Stream = UnsafeMutableRawPointer?
    typealias Text = UnsafePointer<CChar>?

    let inflate, deflate: @Sendable @convention(c) (Stream, Int32) -> Int32
    let inflateReset, inflateEnd, deflateEnd: @Sendable @convention(c) (Stream) -> Int32
    private let inflateInit2_: @Sendable @convention(c) (Stream, Int32, Text, Int32) -> Int32
    private let deflateInit2_:
        @Sendable @convention(c) (Stream, Int32, Int32, Int32, Int32, Int32, Text, Int32) -> Int32
    private let layout: Layout

    /// What the library's version calls itself, for people.
    package let version: String

    /// What our `ZStream` is written after. The library refuses another first digit and another size.
    struct Layout: Sendable {
        var version = "1.2.11"
        var streamBytes = MemoryLayout<ZStream>.size
    }

    private static let loaded = Mutex<Zlib?>(nil)

    /// What gzip members hold; nil when they are damaged, cut, or hold more than `limit` bytes.
    package func gunzip(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        guard let inflater = Inflater(self, limit: limit) else { return nil }
        var plain: [UInt8] = []
        do { try bytes.withUnsafeBytes { try inflater.consume($0) { plain.append(contentsOf: $0) } } } catch {
            return nil
        }
        return inflater.isWhole ? plain : nil
    }

    /// One gzip member of `bytes`, the same each time; nil when there is no memory for it. `level` is from 1 to 9.
    package func gzip(_ bytes: [UInt8], level: Int = 6) -> [UInt8]? { Deflater.member(bytes, level: level, self) }

    /// The library, opened at the first call that finds it; nil where there is none. One that is installed later is
    /// found by the next call.
    package static func load() -> Zlib? {
        loaded.withLock { loaded in
            if loaded == nil { loaded = Zlib("libz.so.1") }
            return loaded
        }
    }

    /// Opens a library by name or path and looks every symbol up; nil when it can't be used. It is never closed.
    init?(_ name: String, layout: Layout = Layout()) {
        guard let library = dlopen(name, RTLD_NOW), let inflate = dlsym(library, "inflate"),
            let inflateInit2_ = dlsym(library, "inflateInit2_"), let inflateReset = dlsym(library, "inflateReset"),
            let inflateEnd = dlsym(library, "inflateEnd"), let deflate = dlsym(library, "deflate"),
            let deflateInit2_ = dlsym(library, "deflateInit2_"), let deflateEnd = dlsym(library, "deflateEnd"),
            let zlibVersion = dlsym(library, "zlibVersion")
        else { return nil }
        func function<Function>(_ address: UnsafeMutableRawPointer) -> Function {
            unsafeBitCast(address, to: Function.self)
        }
        self.inflate = function(inflate)
        self.inflateInit2_ = function(inflateInit2_)
        self.inflateReset = function(inflateReset)
        self.inflateEnd = function(inflateEnd)
        self.deflate = function(deflate)
        self.deflateInit2_ = function(deflateInit2_)
        self.deflateEnd = function(deflateEnd)
        self.layout = layout
        let tell: @convention(c) () -> Text = function(zlibVersion)
        version = tell().map { String(cString: $0) } ?? ""
        // A library that does not take our layout shows it here, before anything relies on it.
        var stream = ZStream()
        let fits = withUnsafeMutablePointer(to: &stream) { stream in
            guard beginInflate(stream) else { return false }
            _ = self.inflateEnd(stream)
            guard beginDeflate(stream, level: 6) else { return false }
            _ = self.deflateEnd(stream)
            return true
        }
        guard fits else { return nil }
    }

    /// Makes a stream ready to take gzip apart; false when the library refuses.
    func beginInflate(_ stream: UnsafeMutablePointer<ZStream>) -> Bool {
        inflateInit2_(stream, ZNumber.gzipWindow, layout.version, Int32(layout.streamBytes)) == ZNumber.ok
    }

    /// Makes a stream ready to put gzip together; false when the library refuses.
    func beginDeflate(_ stream: UnsafeMutablePointer<ZStream>, level: Int) -> Bool {
        deflateInit2_(
            stream, Int32(level), ZNumber.deflated, ZNumber.gzipWindow, ZNumber.usualMemory, ZNumber.usualStrategy,
            layout.version, Int32(layout.streamBytes)) == ZNumber.ok
    }
}

/// `z_stream` of zlib.h, field by field, under its own names: 112 bytes where a `long` has 64 bits. A stream may not
/// move while it is in use: the library's state points back to it.
struct ZStream {
    var next_in: UnsafeRawPointer?
    var avail_in: UInt32 = 0
    var total_in: UInt = 0
    var next_out: UnsafeMutableRawPointer?
    var avail_out: UInt32 = 0
    var total_out: UInt = 0
    var msg: UnsafePointer<CChar>?
    var state: OpaquePointer?
    /// Memory comes from the library's own `malloc`.
    var zalloc, zfree, opaque: OpaquePointer?
    var data_type: Int32 = 0
    var adler: UInt = 0
    var reserved: UInt = 0
}

/// Numbers of zlib.h.
enum ZNumber {
    static let ok: Int32 = 0
    static let streamEnd: Int32 = 1
    static let bufferError: Int32 = -5
    static let memoryError: Int32 = -4
    static let noFlush: Int32 = 0
    static let finish: Int32 = 4
    static let deflated: Int32 = 8
    /// A window of 32 KiB, in gzip's wrapping and no other.
    static let gzipWindow: Int32 = 15 + 16
    static let usualMemory: Int32 = 8
    static let usualStrategy: Int32 = 0
}
