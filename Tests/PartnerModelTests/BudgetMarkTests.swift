import PartnerModel
import Testing

@Suite struct BudgetMarkTests {
    @Test(
        arguments: [
            (0, 100, nil), (74, 100, nil), (75, 100, 75), (89, 100, 75), (90, 100, 90), (99, 100, 90), (100, 100, 100),
            (101, 100, 100), (0, 0, 100), (7_499_999_999, 10_000_000_000, nil),
            (Int64.max, Int64.max, 100), (Int64.max / 2, Int64.max, nil), (-5, 100, nil),
        ] as [(Int64, Int64, Int64?)])
    func `the highest share that is reached counts`(used: Int64, amount: Int64, mark: Int64?) {
        #expect(BudgetMark(used: Money(units: used), of: Money(units: amount))?.rawValue == mark)
    }
}
