import PartnerModel
import SyncProtocol

/// The part of S3 that follows an edit into the one that took it in.
extension NoEditVanishes {
    /// Why a combined edit does not lead to the one that holds its wish; nil when it does, or is not combined.
    static func astray(_ edit: EditMark, _ all: [Int64: EditMark]) -> String? {
        guard edit.state == "combined" else { return edit.combinedInto == nil ? nil : "is \(edit.state) and combined" }
        guard let next = edit.combinedInto, next > edit.number, let other = all[next] else {
            return "is combined into no later edit"
        }
        return other.customer == edit.customer && other.kind == edit.kind
            ? nil : "is combined into edit \(next), which is about something else"
    }
}

extension Combination {
    /// Why the newer edit does not hold what was asked for first and last; nil when it does.
    var wrong: String? {
        guard let asked, asked.kind == newer.kind, older.kind == newer.kind, older.customer == newer.customer else {
            return "takes edit \(older.number.value) in, which is about something else"
        }
        guard newer.base == older.base, newer.before == older.before, newer.predecessor == older.predecessor,
            newer.madeUpon == older.madeUpon
        else { return "does not stand on what edit \(older.number.value) stood on, which it took in" }
        for edit in [older, newer] where edit.group != nil || edit.dependsOn != nil || edit.undoes != nil {
            return "takes edit \(older.number.value) in although one of them is tied to others"
        }
        return Combination.arguments(newer) == Combination.arguments(asked) && newer.delta == sum(asked)
            ? nil : "does not ask for what was asked for with edit \(older.number.value) and after it"
    }

    /// What the adjustments come to; nil for another kind.
    private func sum(_ asked: V1.Edit) -> String? {
        guard let first = older.delta.flatMap({ Money($0) }), let second = asked.delta.flatMap({ Money($0) }) else {
            return nil
        }
        return Money(units: first.units + second.units).exactText
    }

    private static func arguments(_ edit: V1.Edit) -> [String?] {
        [
            edit.amount, edit.type, edit.onExhaustion, edit.validThrough, edit.percentBasisPoints.map { "\($0)" },
            edit.validFrom.map { "\($0.value)" }, edit.validUntil.map { "\($0.value)" }, edit.label,
        ]
    }
}
