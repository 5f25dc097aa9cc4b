import PartnerModel
import SyncProtocol

/// S9: whatever a push lifts, one of its edits had seen: an unfreeze, or the held unfreeze that a decision carries out.
///
/// Judged by the rows of the truth, not by what the server says of itself.
struct FreezeWasSeen: Checker {
    let name = "S9"
    let promise = "a freeze is never lifted by an edit that had not seen it"

    private struct Conflict {
        let replica: String
        let edit: Int64
    }

    func check(_ history: History) -> Verdict {
        var seen: [String: Set<Int64>] = [:]
        var conflicts: [Int64: Conflict] = [:]
        var standing: [Int64: Set<Int64>] = [:]
        // Freezes, by customer, that the edits of the push under way may lift.
        var allowed: [Int64: Set<Int64>] = [:]
        for event in history.events {
            switch event.what {
            case .judged(let judged):
                for edit in judged.edits {
                    if edit.kind == "unfreeze" {
                        let ids = Set((edit.seen ?? []).map(\.value))
                        seen["\(judged.replica)/\(edit.number.value)"] = ids
                        allowed[edit.customer.value, default: []].formUnion(ids)
                    } else if let key = edit.conflict?.value, edit.choice == "mine", let conflict = conflicts[key] {
                        allowed[edit.customer.value, default: []].formUnion(
                            seen["\(conflict.replica)/\(conflict.edit)"] ?? [])
                    }
                }
            case .truth(_, let rows, let isPush):
                for row in rows {
                    if case .conflict(let mark) = row.value {
                        conflicts[row.key] = Conflict(replica: mark.replica, edit: mark.edit)
                    }
                    guard case .freezes(let freezes) = row.value else { continue }
                    let now = Set(freezes.map(\.id))
                    let lifted = (standing[row.key] ?? []).subtracting(now)
                    if isPush, let blind = lifted.subtracting(allowed[row.key] ?? []).min() {
                        return .invalid(
                            at: event.at,
                            why: "freeze \(blind) of customer \(row.key) was lifted by an edit that had not seen it")
                    }
                    standing[row.key] = now
                }
                allowed.removeAll()
            default: break
            }
        }
        return .valid
    }
}

/// S10: an edit that was carried out, found to be so already, or held has its line in the server's history. Refusals have
/// none: their result is their record.
struct EveryDecisionRecorded: Checker {
    let name = "S10"
    let promise = "every automatic decision has its record"

    func check(_ history: History) -> Verdict {
        var recorded: Set<String> = []
        var wanted: [(String, Int64)] = []
        var answered: Set<String> = []
        for event in history.events {
            switch event.what {
            case .records(let records):
                for record in records {
                    if let replica = record.replica, let edit = record.edit { recorded.insert("\(replica)/\(edit)") }
                }
            case .judged(let judged):
                let kinds = Dictionary(judged.edits.map { ($0.number.value, $0.kind) }) { first, _ in first }
                for result in judged.stored where [.applied, .merged, .noop, .held].contains(result.code) {
                    let key = "\(judged.replica)/\(result.number.value)"
                    // A decision that changed nothing leaves no record of its own.
                    if kinds[result.number.value] == "decide-conflict", result.code == .noop { continue }
                    if answered.insert(key).inserted { wanted.append((key, event.at)) }
                }
            default: break
            }
        }
        for (key, at) in wanted where !recorded.contains(key) {
            return .invalid(
                at: at, why: "edit \(key.split(separator: "/").last ?? "") has a result and no line in the history")
        }
        return .valid
    }
}

/// S5: the edits of a group come to the server together, and each has an effect or none has.
struct GroupsAreWhole: Checker {
    let name = "S5"
    let promise = "a group is whole or absent, on both sides"

    func check(_ history: History) -> Verdict {
        for event in history.events {
            guard case .judged(let judged) = event.what else { continue }
            let results = (judged.told ?? []) + judged.stored
            let groups = Set(judged.edits.compactMap { $0.group?.value })
            for group in groups.sorted() {
                let edits = judged.edits.filter { $0.group?.value == group }
                if edits.count != edits[0].groupSize ?? 0 {
                    return .invalid(
                        at: event.at, why: "\(edits.count) edits of group \(group) were sent without the others")
                }
                let codes = edits.compactMap { edit in results.first { $0.number == edit.number }?.code }
                let effective = codes.count { [.applied, .merged, .noop].contains($0) }
                if codes.count == edits.count, effective != 0, effective != edits.count {
                    return .invalid(
                        at: event.at, why: "\(effective) of \(edits.count) edits of group \(group) took effect")
                }
            }
        }
        return .valid
    }
}
