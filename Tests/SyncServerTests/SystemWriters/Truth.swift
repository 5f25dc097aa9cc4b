import Diagnostics
import LedgerStore
import PartnerModel
import SyncProtocol
import TestKit

@testable import SyncServer

/// A ledger of two reseller customers (0, 1) and a referral one (2), changed by the server's own writers.
final class Truth {
    private let directory = TemporaryDirectory()
    let ledger: Ledger
    let customers: [CustomerKey]
    var now: Int64 = 1_795_000_000

    init() throws {
        ledger = try Ledger.create(
            path: directory.file("l.db"), epoch: "00aa", sealKey: [UInt8](repeating: 1, count: 32),
            partner: PartnerRow(
                name: "P", state: .active, currency: "USD", discountRange: BasisPoints(500)...BasisPoints(3000)))
        customers = try ledger.write { writer in
            try (0..<3).map { index in
                let key = CustomerKey(writer.newKey())
                try writer.put(
                    .customer, key: key.value, subject: key.value,
                    [
                        .text("c\(index)"), .null, .text("account-\(index)"), .text("Customer \(index)"),
                        .text(index == 2 ? "referral" : "reseller"), .integer(1), .integer(1), .text("2"), .null,
                        .integer(0), .null,
                    ])
                try writer.put(.contact, key: key.value, subject: key.value, [.text("13"), .null, .null])
                return key
            }
        }
    }

    @discardableResult
    func change(_ change: SystemChange, by author: String? = nil) throws -> SystemOutcome {
        try ledger.write { writer in
            try SystemWriters(writer: writer, rulesVersion: 7, now: Timestamp(seconds: now)).carryOut(
                change, by: author)
        }
    }

    /// Why a change is refused; nil when it is not. A refusal leaves the ledger as it was.
    func refusal(_ change: SystemChange) throws -> String? {
        let before = try head()
        do {
            try self.change(change)
            return nil
        } catch let error as UserError {
            let after = try head()
            precondition(after == before, "a refused change moved the ledger")
            precondition(!error.what.isEmpty && !error.next.isEmpty, "a refusal says what and what next")
            return error.exitCode == .refused ? error.why : "\(error.exitCode)"
        }
    }

    /// Whether the change, made again, writes nothing and says why.
    func isIdle(_ change: SystemChange) throws -> Bool {
        let before = try head()
        let outcome = try self.change(change)
        return try head() == before && !outcome.isChange && !outcome.why.isEmpty
    }

    func head() throws -> Int64 { try ledger.read { $0.state.sequence } }

    func state(_ register: Register, _ customer: Int = 0) throws -> RegisterState {
        try ledger.read { try $0.register(register, of: customers[customer]).state }
    }

    func freezes(_ customer: Int = 0) throws -> [Freeze] {
        guard case .freezes(let freezes) = try state(.freezes, customer) else { return [] }
        return freezes
    }

    func row(_ customer: Int = 0) throws -> CustomerRow {
        try ledger.read { reader in
            guard let row = try reader.customerRow(customers[customer]) else { throw LedgerError.damaged("no row") }
            return row
        }
    }

    func usage(_ customer: Int = 0) throws -> (amount: Money, asOf: Timestamp)? {
        try ledger.read { try $0.usage(of: customers[customer]) }
    }

    /// The records of a customer as author, register and what is said; a record whose states differ shows an arrow.
    func history(_ customer: Int = 0) throws -> [String] {
        try ledger.read { try $0.history(of: customers[customer], limit: 100) }.map { entry in
            precondition(
                entry.action == "system" && entry.rule == "system" && entry.rulesVersion == 7 && entry.edit == nil,
                "a record of a system writer names itself")
            let moved = entry.before == entry.after ? "" : " ->"
            return "\(entry.author) \(entry.register.rawValue)\(moved)\(entry.note.map { " \($0)" } ?? "")"
        }
    }

    static func money(_ major: Int64) -> Money { Money(major: major) ?? .zero }

    static func budget(
        _ major: Int64, _ type: BudgetType = .monthly, _ action: ExhaustionAction = .freeze
    ) -> Budget {
        Budget(amount: money(major), type: type, onExhaustion: action)
    }

    func discount(_ share: Int64, days: Int64 = 30) -> Discount {
        Discount(
            percent: BasisPoints(share), validFrom: Timestamp(seconds: now),
            validUntil: Timestamp(seconds: now + days * 86_400))
    }
}
