import ConflictRules
import Diagnostics
import LedgerStore
import PartnerModel
import SyncServer
import TerminalKit

extension ServerContext {
    /// `admin …`: one change of the truth in one transaction, also beside a running server.
    func admin() throws {
        let rules = try RulesInForce(folder: folder.path).current
        let (outcome, head) = try withLedger(forWriting: true) { ledger in
            try ledger.write { writer in
                let now = Timestamp(seconds: writer.state.now(by: SystemClock()).seconds)
                let outcome = try SystemWriters(writer: writer, rulesVersion: rules.version, now: now).carryOut(
                    try change(writer, now), by: try author())
                return (outcome, writer.sequence)
            }
        }
        let changes = outcome.changes.map { JSONOutput.text($0) }
        show(
            [
                "changed": .bool(outcome.isChange), "changes": .array(changes), "head": .integer(head),
                "why": outcome.isChange ? .null : .text(outcome.why),
            ],
            outcome.changes.map { VisibleText.escape($0) + "\n" }.joined())
        if !outcome.isChange { terminal.writeError("nothing changed: \(VisibleText.escape(outcome.why))\n") }
    }

    private func change(_ reader: LedgerReader, _ now: Timestamp) throws -> SystemChange {
        switch command.name {
        case "admin usage": return .usage(try customer(reader), try amount(command.arguments[1]))
        case "admin reset-month": return .resetMonth
        case "admin freeze":
            return .freeze(
                try customer(reader), try word(command.option("cause"), "--cause"),
                try word(command.option("kind") ?? FreezeKind.account.rawValue, "--kind"),
                reason: command.option("reason") ?? "")
        case "admin release": return .release(try customer(reader), try word(command.option("cause"), "--cause"))
        case "admin partner": return .partner(try word(command.arguments[0], "STATE"))
        case "admin range": return .range(try range())
        case "admin range none": return .range(nil)
        case "admin quota":
            return .quota(
                ConsumptionQuota(
                    amount: try amount(command.arguments[0]), used: try amount(command.arguments[1])))
        case "admin association": return .associationType(try customer(reader), try word(command.arguments[1], "TYPE"))
        case "admin associate": return .associate(try customer(reader))
        case "admin disassociate": return .disassociate(try customer(reader))
        case "admin delegate": return .delegate(try customer(reader), textOrNone)
        case "admin request":
            return .request(
                try customer(reader), try word(command.arguments[1], "PURPOSE"), reason: command.option("reason") ?? "")
        case "admin budget":
            let customer = try customer(reader)
            return .budget(customer, try budget(standing: try reader.register(.budget, of: customer).state))
        case "admin discount": return .discount(try customer(reader), try discount(now))
        case "admin manager": return .manager(try customer(reader), textOrNone)
        case "admin label": return .label(try customer(reader), textOrNone)
        default: preconditionFailure("the table names a command without a function: \(command.name)")
        }
    }

    // MARK: Arguments

    /// The customer of the first argument: by id, account name or source id.
    func customer(_ reader: LedgerReader) throws -> CustomerKey {
        let text = command.arguments[0]
        if let key = try reader.customer(id: text) { return key }
        if let key = try reader.customer(sourceID: text) { return key }
        throw UserError(
            .refused, what: "cannot find the customer \(text.prefix(64))",
            why: "there is none of that id or account name",
            next: "list ids with: fieldbook-server dump --entity customer --data \(folder.path)")
    }

    private var textOrNone: String? { command.arguments[1] == "none" ? nil : command.arguments[1] }

    /// A word of a closed list.
    private func word<Word: RawRepresentable & CaseIterable>(_ text: String?, _ name: String) throws(UserError) -> Word
    where Word.RawValue == String {
        let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
        guard let text else { throw usage("\(name) is missing", "give one of: \(known)") }
        guard let word = Word(rawValue: text) else {
            throw usage("\(name) is unknown: \(text.prefix(40))", "give one of: \(known)")
        }
        return word
    }

    private func amount(_ text: String) throws(UserError) -> Money {
        guard let amount = Money(text) else {
            throw usage("\(text.prefix(40)) is no amount", "give digits with at most 8 decimals: 480.50")
        }
        return amount
    }

    private func percent(_ text: String) throws(UserError) -> BasisPoints {
        guard let percent = BasisPoints(percent: text) else {
            throw usage("\(text.prefix(40)) is no percentage", "give digits with at most 2 decimals: 12.5")
        }
        return percent
    }

    private func range() throws(UserError) -> ClosedRange<BasisPoints> {
        let (low, high) = (try percent(command.arguments[0]), try percent(command.arguments[1]))
        guard low <= high else { throw usage("LOW is above HIGH", "give the lower percentage first") }
        return low...high
    }

    /// What is not said stays as it is.
    private func budget(standing: RegisterState) throws(UserError) -> Budget {
        var before: Budget?
        if case .budget(let budget) = standing { before = budget }
        let type = command.option("type") ?? (before?.type ?? .monthly).rawValue
        let action = command.option("on-exhaustion") ?? (before?.onExhaustion ?? .manual).rawValue
        return Budget(
            amount: try amount(command.arguments[1]), type: try word(type, "--type"),
            onExhaustion: try word(action, "--on-exhaustion"))
    }

    private func discount(_ now: Timestamp) throws(UserError) -> Discount? {
        guard let share = textOrNone else { return nil }
        let percent = try percent(share)
        guard let text = command.option("until"), let until = Instant(rfc3339: text) else {
            throw usage("--until is missing or unreadable", "give --until YYYY-MM-DD")
        }
        // A day alone is valid to its end, by Beijing time as everything of the vendor's.
        let end = text.utf8.count == 10 ? until.seconds + 86_399 - 8 * 3600 : until.seconds
        return Discount(percent: percent, validFrom: now, validUntil: Timestamp(seconds: end))
    }

    /// Who is written into the history; nil = who usually makes such a change.
    private func author() throws(UserError) -> String? {
        guard let account = command.option("by") else { return nil }
        guard (1...64).contains(account.unicodeScalars.count),
            !account.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F })
        else { throw usage("--by is no account name", "give 1 to 64 characters without spaces") }
        return account
    }

    func usage(_ why: String, _ next: String) -> UserError {
        UserError(.usage, what: "cannot run '\(command.name)'", why: why, next: next)
    }
}
