/// A plain decimal number split into its parts, as it stands in a file or on a command line.
///
/// Digits are kept as text, so that a value with fifteen decimals can be rounded once and its residual known.
package struct DecimalText: Sendable, Hashable {
    package let isNegative: Bool
    /// Digits before the point without leading zeros; at least one digit.
    package let whole: String
    /// Digits after the point, trailing zeros removed; may be empty.
    package let fraction: String

    /// Longest text read, in UTF-8 bytes.
    package static let lengthMax = 64

    /// Reads an optional sign, digits, and optionally a point followed by digits. Nil for anything else.
    package init?(_ text: some StringProtocol) {
        var bytes = Array(text.utf8.prefix(DecimalText.lengthMax + 1))
        guard !bytes.isEmpty, bytes.count <= DecimalText.lengthMax else { return nil }
        var negative = false
        if bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+") {
            negative = bytes.removeFirst() == UInt8(ascii: "-")
        }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let wholePart = parts.first, !wholePart.isEmpty, wholePart.allSatisfy(digits.contains) else { return nil }
        var fractionPart: ArraySlice<UInt8> = []
        if parts.count == 2 {
            fractionPart = parts[1]
            guard !fractionPart.isEmpty, fractionPart.allSatisfy(digits.contains) else { return nil }
            while fractionPart.last == UInt8(ascii: "0") { fractionPart.removeLast() }
        }
        let significant = wholePart.drop { $0 == UInt8(ascii: "0") }
        whole = significant.isEmpty ? "0" : String(decoding: significant, as: UTF8.self)
        fraction = String(decoding: fractionPart, as: UTF8.self)
        isNegative = negative && !(whole == "0" && fraction.isEmpty)
    }

    /// The value in units of 10^-`places`, rounded half to even, and whether digits were lost. Nil when it does not
    /// fit in 64 bits.
    package func units(roundingTo places: Int) -> (units: Int64, wasRounded: Bool)? {
        var magnitude: UInt64 = 0
        func append(_ digit: UInt8) -> Bool {
            let (scaled, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            magnitude = sum
            return !overflow && !carry
        }
        for digit in whole.utf8 where !append(digit) { return nil }
        let kept = fraction.utf8.prefix(places)
        for digit in kept where !append(digit) { return nil }
        for _ in kept.count..<places where !append(UInt8(ascii: "0")) { return nil }
        let lost = Array(fraction.utf8.dropFirst(places))
        if let first = lost.first {
            let isAboveHalf = first > UInt8(ascii: "5") || (first == UInt8(ascii: "5") && lost.count > 1)
            let isHalf = first == UInt8(ascii: "5") && lost.count == 1
            if isAboveHalf || (isHalf && magnitude % 2 == 1) {
                let (sum, carry) = magnitude.addingReportingOverflow(1)
                guard !carry else { return nil }
                magnitude = sum
            }
        }
        guard magnitude <= UInt64(Int64.max) else { return nil }
        let units = isNegative ? -Int64(magnitude) : Int64(magnitude)
        return (units, !lost.isEmpty)
    }
}
