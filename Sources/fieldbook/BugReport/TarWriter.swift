/// Writes a tar archive in the ustar form (POSIX.1-1988, tar(5)): regular files of mode 0600 that belong to nobody.
struct TarWriter {
    private static let blockBytes = 512
    private static let nameBytesMax = 100

    private(set) var bytes: [UInt8] = []
    private let seconds: Int64

    /// `seconds` since 1970 is the time of all files.
    init(seconds: Int64) { self.seconds = seconds }

    /// Adds a file. Its name is one of ours: at most 100 bytes.
    mutating func add(_ name: String, _ content: [UInt8]) {
        precondition(name.utf8.count <= TarWriter.nameBytesMax, "a name in an archive has at most 100 bytes")
        var header = [UInt8](repeating: 0, count: TarWriter.blockBytes)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        put(name, at: 0)
        put(TarWriter.octal(0o600, digits: 7), at: 100)
        put(TarWriter.octal(0, digits: 7), at: 108)
        put(TarWriter.octal(0, digits: 7), at: 116)
        put(TarWriter.octal(Int64(content.count), digits: 11), at: 124)
        put(TarWriter.octal(max(0, seconds), digits: 11), at: 136)
        put("0", at: 156)
        put("ustar\u{0}00", at: 257)
        // The sum counts its own field as eight spaces.
        put("        ", at: 148)
        put(TarWriter.octal(header.reduce(0) { $0 + Int64($1) }, digits: 6) + "\u{0} ", at: 148)
        bytes += header + content
        let rest = content.count % TarWriter.blockBytes
        if rest > 0 { bytes += [UInt8](repeating: 0, count: TarWriter.blockBytes - rest) }
    }

    /// Adds a file of text.
    mutating func add(_ name: String, text: String) { add(name, Array(text.utf8)) }

    /// The archive with its end: two empty blocks.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 2 * TarWriter.blockBytes) }

    private static func octal(_ value: Int64, digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
