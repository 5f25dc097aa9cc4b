import Digests
import Testing

@Suite struct DigestsTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func `SHA-256 gives the published digests`(text: String, digest: String) { #expect(SHA256.hex(of: text) == digest) }

    @Test func `SHA-256 of a million letters, however they are cut, is the published digest`() {
        var hash = SHA256()
        let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        var start = 0
        var length = 1
        while start < letters.count {
            let end = min(letters.count, start + length)
            hash.update(Array(letters[start..<end]))
            start = end
            length = length % 997 + 1
        }
        #expect(Hex.encode(hash.finalize()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test(arguments: [
        // RFC 4231, test cases 1, 2, 3, 6 and 7.
        (
            [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131),
            Array(
                "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm."
                    .utf8), "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ])
    func `HMAC-SHA-256 gives the published codes`(key: [UInt8], message: [UInt8], code: String) {
        #expect(Hex.encode(HMACSHA256.authenticate(message, key: key)) == code)
    }

    @Test func `CRC-32 gives the check value, whole or byte by byte`() {
        let bytes = Array("123456789".utf8)
        var whole = CRC32()
        bytes.withUnsafeBytes { whole.update($0) }
        #expect(whole.value == 0xCBF4_3926)
        var single = CRC32()
        for byte in bytes { [byte].withUnsafeBytes { single.update($0) } }
        #expect(single.value == 0xCBF4_3926)
    }

    @Test func `CRC-32 eight bytes a step equals one byte a step`() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 3) }
        for length in [0, 1, 7, 8, 9, 63, 64, 65, 999, 1000] {
            var whole = CRC32()
            Array(bytes[..<length]).withUnsafeBytes { whole.update($0) }
            var single = CRC32()
            for byte in bytes[..<length] { [byte].withUnsafeBytes { single.update($0) } }
            #expect(whole.value == single.value, "length \(length)")
        }
    }

    @Test func `hex is read in both cases and junk is refused`() {
        #expect(Hex.encode([0, 255, 16]) == "00ff10")
        #expect(Hex.decode("00FFa0") == [0, 255, 160])
        #expect(Hex.decode("0") == nil)
        #expect(Hex.decode("zz") == nil)
    }

    @Test func `comparison tells equal from unequal`() {
        #expect(constantTimeEqual([1, 2], [1, 2]))
        #expect(!constantTimeEqual([1, 2], [1, 3]))
        #expect(!constantTimeEqual([1, 2], [1, 2, 3]))
    }
}
