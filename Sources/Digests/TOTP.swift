/// Time-based one-time passwords (RFC 6238) with HMAC-SHA-256 and steps of 30 seconds.
package enum TOTP {
    package static let stepSeconds: Int64 = 30
    /// Digits of a code that a person types.
    package static let digits = 6
    /// Steps that a device's clock may be behind or ahead.
    package static let drift: Int64 = 1

    /// The code of a step as decimal digits, at most 9 of them.
    package static func code(secret: [UInt8], step: Int64, digits: Int = digits) -> String {
        precondition((1...9).contains(digits), "a code has 1 to 9 digits")
        let message = (0..<8).map { UInt8(truncatingIfNeeded: step >> (8 * (7 - $0))) }
        let hash = HMACSHA256.authenticate(message, key: secret)
        // Dynamic truncation, RFC 4226 section 5.3.
        let offset = Int(hash[hash.count - 1] & 0x0F)
        let number = hash[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let modulus = (0..<digits).reduce(UInt32(1)) { product, _ in product * 10 }
        let text = String(number % modulus)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// The step that a code belongs to, near a moment in seconds since 1970 and after the last step used; nil for a
    /// wrong, late or used code. All steps in question are compared, so the time tells nothing.
    package static func step(of code: String, secret: [UInt8], at seconds: Int64, after last: Int64) -> Int64? {
        let present = seconds / stepSeconds
        let given = Array(code.utf8)
        var found: Int64?
        for step in present - drift...present + drift {
            let isEqual = constantTimeEqual(Array(self.code(secret: secret, step: step).utf8), given)
            if isEqual, step > last { found = step }
        }
        return found
    }
}

/// Base 32 (RFC 4648 section 6) without padding, the form in which authenticators take secrets.
package enum Base32 {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")

    package static func encode(_ bytes: [UInt8]) -> String {
        var text = ""
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(letters[Int(buffer >> UInt32(bits) & 31)])
            }
        }
        if bits > 0 { text.append(letters[Int(buffer << UInt32(5 - bits) & 31)]) }
        return text
    }
}
