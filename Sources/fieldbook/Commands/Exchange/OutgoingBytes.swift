import Diagnostics
import PartnerModel

/// Bytes on their way out. Numbers, times and cells are written straight into it, without a `String` in between: an
/// export writes some thirty cells a record.
final class OutgoingBytes {
    private var start: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0
    /// The day that was written last, because records stand in order of time more often than not.
    private var lastDay = Int64.min
    private var lastDate: [UInt8] = []

    /// - Parameter capacity: bytes that are expected; more make it grow.
    init(capacity: Int) {
        self.capacity = capacity
        start = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { start.deallocate() }

    /// What was written, valid until the next call.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    func removeAll() { count = 0 }

    /// Keeps what stands after the first `written` bytes.
    func removeFirst(_ written: Int) {
        count -= written
        start.copyMemory(from: start + written, byteCount: count)
    }

    private func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        let larger = UnsafeMutableRawPointer.allocate(byteCount: 2 * (count + more), alignment: 16)
        larger.copyMemory(from: start, byteCount: count)
        start.deallocate()
        start = larger
        capacity = 2 * (count + more)
    }

    // MARK: Bytes

    func append(_ byte: UInt8) {
        reserve(1)
        start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    func append(_ more: UnsafeRawBufferPointer) {
        guard let from = more.baseAddress else { return }
        reserve(more.count)
        (start + count).copyMemory(from: from, byteCount: more.count)
        count += more.count
    }

    func append(_ more: [UInt8]) { more.withUnsafeBytes { append($0) } }

    func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    // MARK: Numbers and times

    /// Decimal digits, with zeros before them up to `width`.
    func append(_ magnitude: UInt64, width: Int = 1) {
        reserve(20)
        var digits = 0
        var rest = magnitude
        repeat {
            digits += 1
            rest /= 10
        } while rest > 0
        let length = max(digits, width)
        var place = count + length
        rest = magnitude
        while place > count {
            place -= 1
            start.storeBytes(of: 0x30 + UInt8(truncatingIfNeeded: rest % 10), toByteOffset: place, as: UInt8.self)
            rest /= 10
        }
        count += length
    }

    func append(_ value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(value.magnitude)
    }

    /// Units of 10^-8 as `Money.exactText` shows them.
    func append(moneyUnits units: Int64) {
        if units < 0 { append(UInt8(ascii: "-")) }
        let (whole, fraction) = units.magnitude.quotientAndRemainder(dividingBy: UInt64(Money.unitsPerMajor))
        append(whole)
        append(UInt8(ascii: "."))
        append(fraction, width: Money.fractionDigits)
    }

    /// Seconds since 1970 as RFC 3339.
    func append(seconds: Int64) {
        // Four digits of a year: 0000 to 9999. What is beyond is rare enough to be slow.
        guard (-62_167_219_200..<253_402_300_800).contains(seconds) else {
            return append(Instant(seconds: seconds).rfc3339)
        }
        var (day, ofDay) = seconds.quotientAndRemainder(dividingBy: 86_400)
        if ofDay < 0 {
            day -= 1
            ofDay += 86_400
        }
        if day != lastDay {
            lastDay = day
            lastDate = Array(Instant(seconds: day * 86_400).rfc3339.utf8.prefix(11))
        }
        append(lastDate)
        append(UInt64(ofDay / 3600), width: 2)
        append(UInt8(ascii: ":"))
        append(UInt64(ofDay / 60 % 60), width: 2)
        append(UInt8(ascii: ":"))
        append(UInt64(ofDay % 60), width: 2)
        append(UInt8(ascii: "Z"))
    }

    /// The first moment of a cycle given as YYYYMM.
    func append(monthStart cycle: Int64) {
        append(UInt64(clamping: cycle / 100), width: 4)
        append(UInt8(ascii: "-"))
        append(UInt64(clamping: cycle % 100), width: 2)
        append("-01T00:00:00Z")
    }
}
