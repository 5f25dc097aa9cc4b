import Diagnostics
import Glibc
import LedgerStore
import PartnerModel
import SQLiteKit
import SyncProtocol
import SyncServer
import TerminalKit

extension ServerContext {
    /// Runs `body` with the ledger of the folder's only partner. A writer beside a running server waits for its turn.
    func withLedger<Value>(forWriting: Bool = false, _ body: (Ledger) throws -> Value) throws -> Value {
        let ledger = try Ledger.open(path: folder.ledgerFile(try folder.onlyPartner()), forWriting: forWriting)
        defer { ledger.close() }
        return try body(ledger)
    }

    /// `seed`.
    func seed() throws {
        let plan = SeedPlan(
            customers: try number("customers", default: 50, in: 1...1_000_000),
            bills: try number("bills", default: 1000, in: 0...20_000_000),
            coupons: try number("coupons", default: 40, in: 0...1_000_000),
            largest: try number("largest", default: 0, in: 0...20_000_000),
            seed: UInt64(try number("seed", default: 1, in: 0...Int.max)),
            openCycle: try cycle() ?? SeedPlan.defaultCycle)
        var bar = ProgressBar("seed", terminal: terminal, clock: SystemClock())
        try withLedger(forWriting: true) { ledger in
            try ledger.write { writer in
                try Seeder(plan: plan, writer: writer).run { bar.update(done: Int64($0), total: Int64($1)) }
            }
        }
        bar.finish()
        show(
            [
                "customers": .integer(Int64(plan.customers)), "bills": .integer(Int64(plan.bills + plan.largest)),
                "coupons": .integer(Int64(plan.coupons)),
            ],
            "seeded \(plan.customers) customers, \(plan.bills + plan.largest) bill records, \(plan.coupons) coupons\n")
    }

    /// `import focus FILE`.
    func importFocus() throws {
        guard let association = FocusImport.association(command.option("association") ?? "reseller") else {
            throw UserError(
                .usage, what: "cannot use --association", why: "it is neither reseller nor referral",
                next: "give one of the two")
        }
        let options = FocusImport.Options(
            association: association, isStrict: command.flag("strict"), openCycle: try cycle(),
            now: try withLedger { try $0.read { $0.state.now(by: SystemClock()).seconds } })
        var bar = ProgressBar("import, bytes", terminal: terminal, clock: SystemClock())
        let report = try withLedger(forWriting: true) { ledger in
            try FocusImport.run(file: command.arguments[0], into: ledger, options: options) {
                bar.update(done: Int64($0), total: Int64($1))
            }
        }
        bar.finish()
        show(report.json, report.text)
        if !report.refused.isEmpty {
            terminal.writeError(
                "\(report.refused.count) line(s) were refused; the others are in. To refuse the whole file instead: --strict\n"
            )
        }
    }

    /// `status`.
    func status() throws {
        let (state, counts) = try withLedger { ledger in
            try ledger.read { reader in (reader.state, try Entity.stored.map { ($0.name, try reader.count($0)) }) }
        }
        var table = Table([.init("ENTITY"), .init("ROWS", .right)])
        for (name, count) in counts { table.add([name, "\(count)"]) }
        let text =
            "epoch \(state.epoch) (number \(state.epochOrdinal)), head \(state.sequence)\n\n"
            + table.render(for: terminal)
        let rows = Dictionary(uniqueKeysWithValues: counts.map { ($0.0, JSONOutput.integer($0.1)) })
        show(["epoch": .text(state.epoch), "head": .integer(state.sequence), "rows": .object(rows)], text)
    }

    /// `dump`.
    func dump() throws {
        guard let entity = command.option("entity").flatMap({ Entity.named($0) }),
            Entity.stored.contains(entity)
        else {
            throw UserError(
                .usage, what: "cannot dump", why: "--entity is missing or unknown",
                next: "give one of: \(Entity.stored.map(\.name).joined(separator: ", "))")
        }
        let isMasked = entity == .contact && !command.flag("show-personal")
        var lines: [UInt8] = []
        try withLedger { ledger in
            try ledger.read { reader in
                try reader.forEachRow(of: entity) { row in
                    if isMasked {
                        lines.append(contentsOf: try maskedContact(row))
                    } else {
                        lines.append(contentsOf: row)
                    }
                    lines.append(0x0A)
                    guard lines.count > 1 << 16 else { return }
                    terminal.writeOutput(String(decoding: lines, as: UTF8.self))
                    lines.removeAll(keepingCapacity: true)
                }
            }
        }
        terminal.writeOutput(String(decoding: lines, as: UTF8.self))
    }

    /// The row of a contact without what is personal.
    private func maskedContact(_ row: UnsafeRawBufferPointer) throws -> [UInt8] {
        var bytes = Array(row)
        var fields: [String?] = []
        try bytes.withUnsafeMutableBytes { buffer in
            var scanner = RowScanner()
            try scanner.scan(buffer, line: 0..<buffer.count)
            fields = scanner.fields.map { field in
                switch field {
                case .null: nil
                case .integer(let value): "\(value)"
                case .text(let offset, let count): String(decoding: buffer[offset..<offset + count], as: UTF8.self)
                }
            }
        }
        let contact = Contact(phone: fields[3], countryCode: fields[4], email: fields[5]).masked
        let texts = try [contact.phone, contact.countryCode, contact.email].map { text in
            try text.map { try WireCoding.text($0) } ?? "null"
        }
        let parts = fields.prefix(3).map { $0 ?? "null" } + texts
        return Array("[\(parts.joined(separator: ","))]".utf8)
    }

    /// What a person named is looked at first, so that no error about it sounds like one about the ledger.
    private func checkReplica(_ path: String) throws {
        let tables = try? Connection(path: path, mode: .readOnly, durability: .reader).statement(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('meta', 'customer', 'bill_record', 'spool')"
        ).first { $0.int64(0) }
        guard tables == 4 else {
            throw UserError(
                .refused, what: "cannot compare with \(path)",
                why: SecureFile.exists(path) ? "it is no replica" : "it is not there",
                next: "name the replica.db of the member")
        }
    }

    /// `compare ACCOUNT`: exit 0 when every row agrees, 1 otherwise.
    func compare() throws {
        let account = command.arguments[0]
        guard let replica = command.option("replica") else {
            throw UserError(
                .usage, what: "cannot compare", why: "--replica is missing", next: "name the replica.db of the member")
        }
        let partner = try folder.onlyPartner()
        guard let member = try folder.openDirectory().members(of: partner).first(where: { $0.account == account })
        else {
            throw UserError(
                .refused, what: "cannot compare", why: "there is no member \(account.prefix(64))",
                next: "list them with: fieldbook-server member list --data \(folder.path)")
        }
        try checkReplica(replica)
        var bar = ProgressBar("compare", terminal: terminal, clock: SystemClock())
        let differences = try withLedger { ledger in
            try ledger.differences(toReplica: replica, scope: member.scope) {
                bar.update(done: Int64($0), total: Int64($1))
            }
        }
        bar.finish()
        var table = Table([
            .init("ENTITY"), .init("ROWS", .right), .init("MISSING", .right), .init("EXTRA OR DIFFERENT", .right),
        ])
        for entry in differences {
            table.add([entry.entity.name, "\(entry.rows)", "\(entry.missing)", "\(entry.extra)"])
        }
        let isEqual = differences.allSatisfy { $0.missing == 0 && $0.extra == 0 }
        let json = differences.map { entry in
            JSONOutput.object([
                "entity": .text(entry.entity.name), "rows": .integer(entry.rows), "missing": .integer(entry.missing),
                "extra": .integer(entry.extra),
            ])
        }
        show(
            ["agrees": .bool(isEqual), "entities": .array(json)],
            table.render(for: terminal) + (isEqual ? "every row agrees\n" : "the replica differs\n"))
        if !isEqual { exit(ExitCode.failed.rawValue) }
    }
}
