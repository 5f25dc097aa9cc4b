package import PartnerModel
import SQLiteKit

/// What an export is of.
package struct ExportScope: Sendable, Hashable {
    package let kind: ExportKind
    package let customer: CustomerKey?
    package let cycle: BillingCycle?
    /// Phone and mail whole; otherwise as lists show them.
    package let showsPersonal: Bool

    package init(
        _ kind: ExportKind, customer: CustomerKey? = nil, cycle: BillingCycle? = nil, showsPersonal: Bool = false
    ) {
        self.kind = kind
        self.customer = customer
        self.cycle = cycle
        self.showsPersonal = showsPersonal
    }
}

/// Where an export stands: past this row.
package struct ExportPlace: Sendable, Hashable {
    let key: Int64
    let prefix: Int64
    package static let start = ExportPlace(key: .min, prefix: .min)
}

/// What tells one state of the image from another: two pieces of an export with equal marks are of one state.
package struct ExportMark: Sendable, Hashable { let text: String }

/// How far a piece of an export came.
package struct ExportPiece: Sendable {
    /// Nil when no row is left.
    package let next: ExportPlace?
    package let mark: ExportMark
}

/// One row of an export, valid while it is handed out.
package struct ExportRow {
    let statement: Statement
    /// What was worked out beside the query.
    package let added: [String?]

    package func isNull(_ place: Int) -> Bool { statement.isNull(place) }
    package func int64(_ place: Int) -> Int64 { statement.int64(place) }

    /// The UTF-8 of a value, valid inside `body` only.
    package func withText(_ place: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        statement.withTextBytes(place, body)
    }
}

/// An export that is under way: its columns, and its rows piece by piece.
package struct Export {
    package let columns: [ExportColumn]
    private let reader: ReplicaReader
    private let scope: ExportScope
    private let query: String
    private let tables: String
    private let condition: String
    /// Places of phone, country code and mail in the query.
    private let contact: [Int]
    /// Worked out beforehand, for the few customers that have edits.
    private let pending: [Int64: [String?]]

    init(_ reader: ReplicaReader, _ scope: ExportScope) throws(StoreError) {
        let identity = try reader.identity()
        let isOne = scope.customer != nil && scope.cycle == nil
        var contact: [Int] = []
        var pending: [Int64: [String?]] = [:]
        let table: ExportTable
        switch scope.kind {
        case .customers:
            (table, contact) = ExportTable.customers()
            pending = try reader.pendingCells()
        case .bills: table = .bills(ofOneCustomer: isOne)
        case .focus:
            table = .focus(ofOneCustomer: isOne, partner: identity?.partner, partnerName: identity?.partnerName)
        case .coupons: table = .coupons()
        case .history: table = .history(replica: identity?.replica)
        }
        self.reader = reader
        self.scope = scope
        self.contact = contact
        self.pending = pending
        columns = table.columns
        tables = table.tables
        condition = Export.condition(scope)
        query = table.query(where: condition)
    }

    /// Keys and cycles are integers of ours, so they may stand in the text.
    private static func condition(_ scope: ExportScope) -> String {
        let column =
            switch scope.kind {
            case .customers: "c.key"
            case .bills, .focus: "r.customer"
            case .coupons: "k.customer"
            case .history: "h.customer"
            }
        var parts: [String] = []
        if let customer = scope.customer { parts.append("\(column) = \(customer.value)") }
        if let cycle = scope.cycle { parts.append("r.cycle = \(cycle.year * 100 + cycle.month)") }
        return parts.isEmpty ? "1" : parts.joined(separator: " AND ")
    }

    /// How many rows there are now.
    package func count() throws(StoreError) -> Int64 {
        let first = tables.split(separator: " ", maxSplits: 2).prefix(2).joined(separator: " ")
        return try reader.read { connection in
            try connection.statement("SELECT count(*) FROM \(first) WHERE \(condition)").first { $0.int64(0) } ?? 0
        }
    }

    /// Hands out the rows past `place` until `body` says false, all of one state of the image. It is held meanwhile, at
    /// most as long as `body` goes on and each step of SQLite takes no longer than `milliseconds`.
    package func piece(
        after place: ExportPlace, milliseconds: Int, _ body: (ExportRow) throws -> Bool
    ) throws(StoreError) -> ExportPiece {
        try reader.read(milliseconds: milliseconds) { connection in
            let mark = try Export.mark(connection)
            let statement = try connection.statement(query)
            defer { statement.reset() }
            try statement.bind(1, place.key)
            try statement.bind(2, place.prefix)
            while try statement.step() {
                guard try body(ExportRow(statement: statement, added: added(statement))) else {
                    return ExportPiece(
                        next: ExportPlace(key: statement.int64(0), prefix: statement.int64(1)), mark: mark)
                }
            }
            return ExportPiece(next: nil, mark: mark)
        }
    }

    /// Everything but what an empty poll writes moves one of these.
    private static func mark(_ connection: Connection) throws -> ExportMark {
        let text = try connection.statement(
            """
            SELECT epoch || ' ' || applied_sequence || ' ' || rows_done || ' ' || heads_complete || ' '
                || (SELECT count(*) || ' ' || coalesce(sum(records_done), 0) || ' ' || coalesce(sum(version), 0)
                    FROM membership)
                || ' ' || (SELECT count(*) FROM customer) FROM meta WHERE id = 1
            """
        ).first { $0.text(0) }
        return ExportMark(text: text ?? "")
    }

    private func added(_ statement: Statement) -> [String?] {
        guard scope.kind == .customers else { return [] }
        let contact = Contact(
            phone: statement.optionalText(contact[0]), countryCode: statement.optionalText(contact[1]),
            email: statement.optionalText(contact[2]))
        let shown = scope.showsPersonal ? contact : contact.masked
        return [shown.dialled, shown.email] + (pending[statement.int64(0)] ?? Export.nothingPending)
    }

    private static let nothingPending = [String?](repeating: nil, count: 2 * ExportTable.pendingRegisters.count)
}

extension ReplicaReader {
    /// Begins an export. What is pending on customers is as it is now; the rest is read piece by piece.
    package func export(_ scope: ExportScope) throws(StoreError) -> Export { try Export(self, scope) }

    /// For each customer with edits that have no end yet: a pending value and its state for each register.
    fileprivate func pendingCells() throws(StoreError) -> [Int64: [String?]] {
        let edits = try self.edits(all: false).filter(\.state.isPending)
        let owners = Set(edits.map(\.customer)).sorted { $0.value < $1.value }
        return try read { connection in
            let image = ImageRows(connection: connection)
            var cells: [Int64: [String?]] = [:]
            for owner in owners {
                cells[owner.value] = try ExportTable.pendingRegisters.flatMap { register -> [String?] in
                    let (state, version) = try image.register(register, of: owner)
                    let own = edits.filter { $0.customer == owner && $0.register == register }
                    let layered = Overlay.lay(own, over: state, version: version)
                    return [layered.pending.flatMap(ReplicaReader.exported), layered.pendingState]
                }
            }
            return cells
        }
    }

    /// A register's value as the confirmed column shows it; nil when it is empty.
    private static func exported(_ state: RegisterState) -> String? {
        switch state {
        case .budget(let budget): budget?.amount.exactText
        case .freezes(let freezes): freezes.strictestKind?.rawValue
        case .discount(let discount): discount?.percent.percentText
        case .manager(let account): account
        case .label(let label): label
        case .request(let request): request?.status.rawValue
        }
    }
}
