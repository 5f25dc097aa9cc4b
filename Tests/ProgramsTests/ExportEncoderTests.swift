import Diagnostics
import PartnerModel
import TestKit
import Testing

@testable import fieldbook

/// Bytes written without a `String` in between are those that the slow way writes.
@Suite struct ExportEncoderTests {
    private func text(_ write: (OutgoingBytes) -> Void) -> String {
        let out = OutgoingBytes(capacity: 1)
        write(out)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    @Test(
        arguments: [
            0, 1, -1, 99_999_999, 100_000_000, -100_000_001, 1_230_000_045_600, .max, .min, .min + 1, -5,
            9_223_372_036_854_775_800,
        ] as [Int64])
    func `money is exact to eight decimals`(units: Int64) {
        #expect(text { $0.append(moneyUnits: units) } == Money(units: units).exactText)
        #expect(text { $0.append(units) } == "\(units)")
    }

    @Test func `times are those of RFC 3339, in any order and at the ends of the calendar`() {
        let times: [Int64] = [
            0, -1, 86_399, 86_400, -86_400, 1_794_000_000, 951_782_400, -62_167_219_200, -62_167_219_201,
            253_402_300_799, 253_402_300_800, .max, .min, 1_794_000_001, 5,
        ]
        let all = text { out in for time in times { out.append(seconds: time) } }
        #expect(all == times.map { Instant(seconds: $0).rfc3339 }.joined())
    }

    @Test func `what was written goes away from the front and grows at the end`() {
        let out = OutgoingBytes(capacity: 2)
        for _ in 0..<100 { out.append("abcdefghij") }
        out.removeFirst(995)
        out.append(7, width: 3)
        #expect(String(decoding: out.bytes, as: UTF8.self) == "fghij007")
        out.removeAll()
        #expect(out.bytes.isEmpty)
    }
}
