import Digests
import Testing

@Suite struct TOTPTests {
    private static let secret = Array("12345678901234567890123456789012".utf8)

    @Test(
        arguments: [
            (59, "46119246"), (1_111_111_109, "68084774"), (1_111_111_111, "67062674"), (1_234_567_890, "91819424"),
            (2_000_000_000, "90698825"), (20_000_000_000, "77737706"),
        ] as [(Int64, String)])
    func `codes are those of RFC 6238, appendix B, for SHA-256`(seconds: Int64, code: String) {
        #expect(TOTP.code(secret: TOTPTests.secret, step: seconds / 30, digits: 8) == code)
        #expect(TOTP.code(secret: TOTPTests.secret, step: seconds / 30) == String(code.suffix(6)))
    }

    @Test func `a code holds one step back and forth, and only once`() {
        let now: Int64 = 1_795_000_000
        let step = now / 30
        let code = TOTP.code(secret: TOTPTests.secret, step: step)
        func found(_ seconds: Int64, after last: Int64 = 0) -> Int64? {
            TOTP.step(of: code, secret: TOTPTests.secret, at: seconds, after: last)
        }
        for seconds in [now - 30, now, now + 30] { #expect(found(seconds) == step) }
        #expect(found(now - 60) == nil && found(now + 60) == nil)
        #expect(found(now, after: step) == nil && found(now, after: step - 1) == step)
    }

    @Test(arguments: ["", "12345", "1234567", "abcdef", "１２３４５６"])
    func `what is no code is none`(text: String) {
        #expect(TOTP.step(of: text, secret: TOTPTests.secret, at: 59, after: 0) == nil)
    }

    @Test(arguments: [
        ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
        ("foobar", "MZXW6YTBOI"),
    ])
    func `base 32 is that of RFC 4648, section 10, without padding`(text: String, encoded: String) {
        #expect(Base32.encode(Array(text.utf8)) == encoded)
    }
}
