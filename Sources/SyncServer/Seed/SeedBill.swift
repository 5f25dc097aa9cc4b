import PropertyKit

/// The amounts of one generated bill record, in units of 10^-8. What is paid is always the exact sum of its parts.
struct SeedBill {
    enum Kind { case usage, purchase, refund, adjustment, tax }

    let type: Int64
    let chargingMode: Int64
    let hasOrder: Bool
    let usageType: String
    let usageUnit: String
    let official: Int64
    let discount: Int64
    let payment: Int64
    let cash: Int64
    let credit: Int64
    let coupon: Int64
    let debt: Int64

    /// The kind for a percentage drawn. An open cycle has no tax yet.
    static func kind(_ percent: Int64, isOpen: Bool) -> Kind {
        switch percent {
        case ..<70: .usage
        case ..<86: .purchase
        case ..<91: .refund
        case ..<95: .adjustment
        default: isOpen ? .usage : .tax
        }
    }

    init(kind: Kind, chance: inout SeededGenerator, isOpen: Bool) {
        func pick(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &chance) }
        func one(_ values: [Int64]) -> Int64 { values[Int(pick(0...Int64(values.count - 1)))] }
        switch kind {
        case .usage: type = one([5, 5, 5, 12, 18])
        case .purchase: type = one([1, 1, 2, 3, 8, 14])
        case .refund: type = one([4, 20, 24, 100])
        case .adjustment: type = one([9, 16, 101, 102])
        case .tax: type = 15
        }
        hasOrder = kind == .purchase || type == 4
        chargingMode = hasOrder ? 1 : 3
        usageType = kind == .usage ? "Duration" : "Package"
        usageUnit = kind == .usage ? "hour" : "month"
        let magnitude = kind == .usage ? pick(1...4_000_000_000) : pick(100_000_000...90_000_000_000)
        let sign: Int64 = kind == .refund || type == 9 || type == 101 ? -1 : 1
        official = sign * magnitude
        discount = pick(0...4) == 0 ? official / 10 : 0
        payment = official - discount
        // Coupons are applied when the bill is closed.
        coupon = !isOpen && payment > 0 && pick(0...9) == 0 ? payment / 3 : 0
        credit = pick(0...5) == 0 ? (payment - coupon) / 2 : 0
        debt = payment > 0 && pick(0...19) == 0 ? (payment - coupon - credit) / 4 : 0
        cash = payment - coupon - credit - debt
    }
}
