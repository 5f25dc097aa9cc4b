extension Instant {
    /// `2026-11-21T02:46:25Z`, whole seconds rounded down (RFC 3339).
    ///
    /// RFC 3339 knows the years 0000 to 9999 only. Another year is still shown, and is refused when read back.
    package var rfc3339: String {
        let (days, ofDay) = Instant.floorDivide(seconds, by: 86_400)
        let (year, month, day) = CivilDate.date(fromDays: days)
        let date =
            "\(Instant.padded(Int64(year), to: 4))-\(Instant.padded(Int64(month), to: 2))-\(Instant.padded(Int64(day), to: 2))"
        let parts = [ofDay / 3600, ofDay / 60 % 60, ofDay % 60].map { Instant.padded($0, to: 2) }
        return "\(date)T\(parts.joined(separator: ":"))Z"
    }

    /// Reads RFC 3339 with `Z` or an offset and up to nine decimals (kept to the microsecond, rounded down).
    ///
    /// Also read, always as UTC: the same without a zone, with a space for the `T`, and `YYYY-MM-DD` alone (midnight).
    /// A leap second is the first moment of the next minute, as the system's clock has it. Nil otherwise.
    package init?(rfc3339 text: some StringProtocol) {
        // The longest form has 35 bytes; more is refused before it is copied.
        var reader = DigitReader(Array(text.utf8.prefix(36)))
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), (1...12).contains(month), day >= 1,
            day <= CivilDate.days(inMonth: month, of: year)
        else { return nil }
        let midnight = CivilDate.days(year: year, month: month, day: day) * 86_400
        if reader.isAtEnd {
            self.init(seconds: midnight)
            return
        }
        guard reader.skip("T") || reader.skip("t") || reader.skip(" "), let hour = reader.number(2), reader.skip(":"),
            let minute = reader.number(2), reader.skip(":"), let second = reader.number(2), hour < 24, minute < 60,
            let fraction = reader.microseconds(), let offset = reader.offsetSeconds(), reader.isAtEnd
        else { return nil }
        let utc = midnight + Int64(hour * 3600 + minute * 60 + second) - Int64(offset)
        // Leap seconds end a UTC day.
        let isLeap = second == 60 && Instant.floorDivide(utc, by: 86_400).remainder == 0
        guard second < 60 || isLeap else { return nil }
        self.init(microseconds: utc * 1_000_000 + Int64(fraction))
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func padded(_ value: Int64, to width: Int) -> String {
        let digits = String(value.magnitude)
        return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// Reads the fixed fields of a time from its bytes.
private struct DigitReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ mark: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    /// Exactly `count` digits; nil otherwise.
    mutating func number(_ count: Int) -> Int? {
        var value = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// The decimals after a full stop in microseconds, 0 without one; nil when they are none or too many.
    mutating func microseconds() -> Int? {
        guard skip(".") else { return 0 }
        var value = 0
        var count = 0
        while let digit = digit() {
            count += 1
            if count <= 6 { value = value * 10 + digit }
        }
        guard (1...9).contains(count) else { return nil }
        for _ in min(count, 6)..<6 { value *= 10 }
        return value
    }

    /// What the zone is ahead of UTC; 0 without a zone; nil for an unreadable one.
    mutating func offsetSeconds() -> Int? {
        if isAtEnd || skip("Z") || skip("z") { return 0 }
        let isAhead = skip("+")
        guard isAhead || skip("-"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24, minutes < 60
        else { return nil }
        return (hours * 3600 + minutes * 60) * (isAhead ? 1 : -1)
    }

    private mutating func digit() -> Int? {
        guard position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) else {
            return nil
        }
        defer { position += 1 }
        return Int(bytes[position] - UInt8(ascii: "0"))
    }
}
