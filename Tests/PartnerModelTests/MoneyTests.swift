import PartnerModel
import PropertyKit
import Testing

@Suite struct MoneyTests {
    @Test(arguments: [
        ("0", 0), ("1", 100_000_000), ("-1.5", -150_000_000), ("+2.00000001", 200_000_001),
        ("92233720368.54775807", Int64.max),
        ("0.1", 10_000_000), ("007.50", 750_000_000),
    ])
    func `plain decimals are read exactly`(text: String, units: Int64) { #expect(Money(text)?.units == units) }

    @Test(arguments: [
        "", "-", ".", "1.", ".5", "1e3", "1,000", "1.000000001", "92233720368.54775808", "１", " 1", "0x10", "NaN",
        "--1", "1.2.3",
    ])
    func `anything else is refused`(text: String) { #expect(Money(text) == nil) }

    @Test(arguments: [
        ("0.000000005", 0, true), ("0.000000015", 2, true), ("0.000000025", 2, true), ("0.0000000250000001", 3, true),
        ("-0.000000015", -2, true), ("0.00000001", 1, false), ("1.000000010000", 100_000_001, false),
        ("0.000000014999", 1, true),
    ])
    func `rounding is half to even`(text: String, units: Int64, rounded: Bool) throws {
        let decimal = try #require(DecimalText(text))
        let result = try #require(decimal.units(roundingTo: 8))
        #expect(result.units == units)
        #expect(result.wasRounded == rounded)
    }

    @Test func `text and amount are the same thing`() throws {
        try checkProperty("money round trip") { choices in
            let money = Money(units: choices.int64(in: -Int64.max...Int64.max))
            try #require(Money(money.exactText) == money)
            try #require(Money(money.shortText) == money)
        }
    }

    @Test func `arithmetic that does not fit gives nothing instead of a wrong amount`() {
        #expect(Money(units: .max).adding(Money(units: 1)) == nil)
        #expect(Money(units: .min).subtracting(Money(units: 1)) == nil)
        #expect(Money(major: 92_233_720_369) == nil)
        #expect(Money(units: 1).adding(Money(units: -2)) == Money(units: -1))
    }

    @Test func `short text keeps two decimals and drops zeros after them`() {
        #expect(Money("500")?.shortText == "500.00")
        #expect(Money("0.00001606")?.shortText == "0.00001606")
        #expect(Money("-1.10")?.shortText == "-1.10")
    }
}
