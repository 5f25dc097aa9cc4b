import PartnerModel
import SQLiteKit
import SyncProtocol

/// An edit that is to be laid over the image.
struct PendingEdit {
    let number: Int64
    let customer: Int64
    let register: String
    let wire: V1.Edit
    let resultVersion: Int64?
}

/// What the table `pending` must say, worked out a second time without the product's overlay: the specification is
/// "what a person sees is the edits without an end, replayed in order over the server's rows".
enum PendingLine {
    static func text(
        customer: Int64, register: String, edits: Int64, amount: Int64?, type: String?, freezeKind: String?,
        percent: Int64?, words: String? = nil
    ) -> String {
        [
            "\(customer)", register, "\(edits)", amount.map { "\($0)" } ?? "-", type ?? "-", freezeKind ?? "-",
            percent.map { "\($0)" } ?? "-", words.map { "'\($0)'" } ?? "-",
        ].joined(separator: " ")
    }

    static func lines(_ edits: [PendingEdit], over image: Connection) throws -> [String] {
        var lines: [String] = []
        let targets = Set(edits.map { Target(customer: $0.customer, register: $0.register) })
        for target in targets.sorted(by: { ($0.customer, $0.register) < ($1.customer, $1.register) }) {
            let own = edits.filter { $0.customer == target.customer && $0.register == target.register }
            if let line = try line(own, target, image) { lines.append(line) }
        }
        return lines
    }

    private struct Target: Hashable {
        let customer: Int64
        let register: String
    }

    private static func line(_ edits: [PendingEdit], _ target: Target, _ image: Connection) throws -> String? {
        let version =
            try first(image, "SELECT version FROM \(target.register) WHERE key = ?", target.customer) { $0.int64(0) }
            ?? 0
        // What the image holds already is not laid over it a second time.
        let laid = edits.filter { edit in edit.resultVersion.map { $0 > version } ?? true }
        guard !laid.isEmpty else { return nil }
        switch target.register {
        case "budget": return try budget(laid, target, image)
        case "freezes": return try freezes(laid, target, image)
        case "discount": return try discount(laid, target, image)
        default: return try words(laid, target, image)
        }
    }

    private static func budget(_ edits: [PendingEdit], _ target: Target, _ image: Connection) throws -> String {
        var (amount, type) =
            try first(image, "SELECT amount, type FROM budget WHERE key = ?", target.customer) {
                ($0.optionalInt64(0), $0.optionalText(1))
            } ?? (nil, nil)
        for edit in edits {
            if edit.wire.kind == "set-budget" {
                amount = edit.wire.amount.flatMap { Money($0) }?.units
                type = edit.wire.type
            } else if let known = amount, let delta = edit.wire.delta.flatMap({ Money($0) }) {
                amount = known + delta.units
            }
        }
        return text(
            customer: target.customer, register: "budget", edits: Int64(edits.count), amount: amount, type: type,
            freezeKind: nil, percent: nil)
    }

    private static func freezes(_ edits: [PendingEdit], _ target: Target, _ image: Connection) throws -> String {
        let stored =
            try first(image, "SELECT freezes FROM freezes WHERE key = ?", target.customer) { $0.text(0) } ?? "[]"
        var members = try WireCoding.decode([V1.Freeze].self, from: stored).map {
            (id: $0.id.value, kind: $0.kind, cause: $0.cause)
        }
        for edit in edits {
            let kind = edit.wire.freezeKind ?? ""
            if edit.wire.kind == "freeze" {
                members.append((-edit.number, kind, "manual"))
            } else {
                let seen = Set((edit.wire.seen ?? []).map(\.value))
                members.removeAll {
                    $0.kind == kind && seen.contains($0.id) && !["partner-state", "vendor"].contains($0.cause)
                }
            }
        }
        let strictest =
            members.contains { $0.kind == "account-and-resources" }
            ? "account-and-resources" : members.isEmpty ? "" : "account"
        return text(
            customer: target.customer, register: "freezes", edits: Int64(edits.count), amount: nil, type: nil,
            freezeKind: strictest, percent: nil)
    }

    private static func discount(_ edits: [PendingEdit], _ target: Target, _ image: Connection) throws -> String {
        let last = edits.last?.wire
        let percent = last?.kind == "set-discount" ? last?.percentBasisPoints.map { Int64($0) } : 0
        return text(
            customer: target.customer, register: "discount", edits: Int64(edits.count), amount: nil, type: nil,
            freezeKind: nil,
            percent: percent)
    }

    /// The last edit alone says what a manager, a label or a request will be.
    private static func words(_ edits: [PendingEdit], _ target: Target, _ image: Connection) throws -> String {
        let last = edits.last?.wire
        var words: String =
            switch last?.kind {
            case "assign-manager": last?.manager ?? ""
            case "set-label": last?.label ?? ""
            case "decide-request": last?.approve == true ? "approved" : "rejected"
            default: ""
            }
        // A request that is not there can't be decided.
        if target.register == "request",
            try first(image, "SELECT status FROM request WHERE key = ?", target.customer, { $0.optionalText(0) }) == nil
        {
            words = ""
        }
        return text(
            customer: target.customer, register: target.register, edits: Int64(edits.count), amount: nil, type: nil,
            freezeKind: nil, percent: nil, words: words)
    }

    private static func first<Value>(
        _ connection: Connection, _ sql: String, _ key: Int64, _ decode: (Statement) -> Value
    ) throws -> Value? {
        let statement = try connection.statement(sql)
        try statement.bind(1, key)
        return try statement.first(decode)
    }
}
