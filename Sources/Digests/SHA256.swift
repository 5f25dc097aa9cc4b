/// SHA-256 of FIPS 180-4, incremental.
package struct SHA256: Sendable {
    private static let blockBytes = 64

    private var state: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
    )
    private var pending: [UInt8] = []
    private var totalBytes: UInt64 = 0

    package init() {}

    /// The 32-byte digest of `bytes`.
    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    /// The digest of a text's UTF-8 as 64 lower-case hex digits.
    package static func hex(of text: String) -> String { Hex.encode(digest(Array(text.utf8))) }

    /// Takes in further bytes.
    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// Takes in further bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        totalBytes += UInt64(bytes.count)
        var offset = 0
        if !pending.isEmpty {
            let wanted = min(SHA256.blockBytes - pending.count, bytes.count)
            pending.append(contentsOf: bytes[0..<wanted])
            offset = wanted
            guard pending.count == SHA256.blockBytes else { return }
            let block = pending
            block.withUnsafeBytes { compress($0, at: 0, blocks: 1) }
            pending.removeAll(keepingCapacity: true)
        }
        let whole = (bytes.count - offset) / SHA256.blockBytes
        compress(bytes, at: offset, blocks: whole)
        offset += whole * SHA256.blockBytes
        if offset < bytes.count { pending.append(contentsOf: bytes[offset...]) }
    }

    /// The 32-byte digest of all that was taken in. The value is not to be used afterwards.
    package mutating func finalize() -> [UInt8] {
        let bitCount = totalBytes &* 8
        var tail = pending
        tail.append(0x80)
        while tail.count % SHA256.blockBytes != 56 { tail.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) {
            tail.append(UInt8(truncatingIfNeeded: bitCount >> UInt64(shift)))
        }
        tail.withUnsafeBytes { buffer in
            compress(buffer, at: 0, blocks: buffer.count / SHA256.blockBytes)
        }
        var digest: [UInt8] = []
        digest.reserveCapacity(32)
        for word in [state.0, state.1, state.2, state.3, state.4, state.5, state.6, state.7] {
            for shift in stride(from: UInt32(24), through: 0, by: -8) {
                digest.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return digest
    }

    @inline(__always)
    private static func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { value &>> count | value &<< (32 &- count) }

    /// Blocks of the compression function (FIPS 180-4, section 6.2.2). Of the schedule the last sixteen words are kept.
    private mutating func compress(_ bytes: UnsafeRawBufferPointer, at start: Int, blocks: Int) {
        guard blocks > 0, let base = bytes.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 16) { words in
            SHA256.constants.withUnsafeBufferPointer { constants in
                guard let words = words.baseAddress, let constants = constants.baseAddress else { return }
                for block in 0..<blocks {
                    let place = base + (start &+ block &* SHA256.blockBytes)
                    for index in 0..<16 {
                        words[index] = UInt32(
                            bigEndian: place.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self))
                    }
                    compress(words, constants)
                }
            }
        }
    }

    /// One block, whose words are in `words`.
    @inline(__always)
    private mutating func compress(_ words: UnsafeMutablePointer<UInt32>, _ constants: UnsafePointer<UInt32>) {
        var (a, b, c, d, e, f, g, h) = state
        for first in stride(from: 0, to: 64, by: 8) {
            // The names turn round once in eight steps, so that nothing is moved.
            SHA256.step(a, b, c, &d, e, f, g, &h, SHA256.word(words, first) &+ constants[first])
            SHA256.step(h, a, b, &c, d, e, f, &g, SHA256.word(words, first &+ 1) &+ constants[first &+ 1])
            SHA256.step(g, h, a, &b, c, d, e, &f, SHA256.word(words, first &+ 2) &+ constants[first &+ 2])
            SHA256.step(f, g, h, &a, b, c, d, &e, SHA256.word(words, first &+ 3) &+ constants[first &+ 3])
            SHA256.step(e, f, g, &h, a, b, c, &d, SHA256.word(words, first &+ 4) &+ constants[first &+ 4])
            SHA256.step(d, e, f, &g, h, a, b, &c, SHA256.word(words, first &+ 5) &+ constants[first &+ 5])
            SHA256.step(c, d, e, &f, g, h, a, &b, SHA256.word(words, first &+ 6) &+ constants[first &+ 6])
            SHA256.step(b, c, d, &e, f, g, h, &a, SHA256.word(words, first &+ 7) &+ constants[first &+ 7])
        }
        state.0 &+= a
        state.1 &+= b
        state.2 &+= c
        state.3 &+= d
        state.4 &+= e
        state.5 &+= f
        state.6 &+= g
        state.7 &+= h
    }

    /// The word of a step, which takes the place of the one sixteen steps before.
    @inline(__always)
    private static func word(_ words: UnsafeMutablePointer<UInt32>, _ index: Int) -> UInt32 {
        guard index >= 16 else { return words[index] }
        let early = words[(index &+ 1) & 15]
        let late = words[(index &+ 14) & 15]
        let sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ (early &>> 3)
        let sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ (late &>> 10)
        let word = words[index & 15] &+ sigma0 &+ words[(index &+ 9) & 15] &+ sigma1
        words[index & 15] = word
        return word
    }

    @inline(__always)
    private static func step(
        _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
        _ h: inout UInt32, _ word: UInt32
    ) {
        let sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
        let first = h &+ sum1 &+ (g ^ (e & (f ^ g))) &+ word
        let sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
        d = d &+ first
        h = first &+ sum0 &+ ((a & b) | (c & (a | b)))
    }

    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
