import LedgerStore
import SyncProtocol

#if FIELDBOOK_DEFECTS
import Defects
#endif

/// Edits of one customer that take effect whole or not at all.
///
/// A group is never held: when one of its edits can't be carried out now, for whatever reason, none is, and its author is told
/// which one and why. A person who decides a conflict decides one register; half a group that waits is no group.
struct EditGroup {
    /// The most edits of one group.
    static let editsMax = 20

    let judge: Judge
    let asker: Judge.Asker
    let edits: [V1.Edit]

    /// The edits of a push in units that stand or fall together: neighbours of one group, or one edit.
    static func units(of edits: [V1.Edit]) -> [[V1.Edit]] {
        var units: [[V1.Edit]] = []
        for edit in edits {
            if let group = edit.group, let last = units.last?.last, last.group == group {
                units[units.count - 1].append(edit)
            } else {
                units.append([edit])
            }
        }
        return units
    }

    private struct Stop: Error {
        let index: Int
        let result: V1.Result
    }

    /// The results of all its edits, in their order.
    func judged() throws -> [V1.Result] {
        let hashes = try edits.map { try $0.computedPayloadHash() }
        let known = try zip(edits, hashes).map { try judge.known($0, $1, asker) }
        let stored = known.compactMap { $0 }
        if stored.count == edits.count { return stored }
        if let why = flaw(isPartlyKnown: !stored.isEmpty) {
            return try zip(edits, hashes).enumerated().map { index, pair in
                try known[index] ?? refuse(pair.0, pair.1, "FB.GROUP", why)
            }
        }
        do {
            return try judge.writer.step {
                var results: [V1.Result] = []
                for (index, edit) in edits.enumerated() {
                    let result = try judge.judge(edit, of: asker)
                    #if FIELDBOOK_DEFECTS
                    if Defect.planted == .groupHalfApplied {
                        results.append(result)
                        continue
                    }
                    #endif
                    guard [.applied, .merged, .noop].contains(result.code) else {
                        throw Stop(index: index, result: result)
                    }
                    results.append(result)
                }
                return results
            }
        } catch let stop as Stop {
            return try stopped(stop, hashes)
        }
    }

    /// What is wrong with the group itself; nil when nothing is.
    private func flaw(isPartlyKnown: Bool) -> String? {
        if isPartlyKnown { return "edits of it were judged before without the others" }
        let size = edits[0].groupSize ?? 0
        guard (2...EditGroup.editsMax).contains(size) else { return "a group has 2 to \(EditGroup.editsMax) edits" }
        guard edits.count == size, edits.allSatisfy({ $0.groupSize == size }) else {
            return "\(edits.count) of its \(size) edits came together"
        }
        guard edits.allSatisfy({ $0.customer == edits[0].customer }) else {
            return "its edits are of several customers"
        }
        guard edits[0].group == edits[0].number else { return "it is not named by its first edit" }
        return nil
    }

    private func stopped(_ stop: Stop, _ hashes: [String]) throws -> [V1.Result] {
        let failing = edits[stop.index].number.value
        var results: [V1.Result] = []
        for (index, edit) in edits.enumerated() {
            let isFailing = index == stop.index
            switch stop.result.code {
            case .retry, .blocked, .needsStepUp:
                results.append(
                    isFailing
                        ? stop.result
                        : judge.transient(edit, .blocked, "edit \(failing) of its group cannot be carried out yet"))
            case .held where isFailing:
                results.append(
                    try refuse(
                        edit, hashes[index], "FB.GROUP_HELD",
                        "the \(edit.kind) would wait for a person, and a group does not wait: "
                            + (stop.result.message ?? "")))
            case _ where isFailing:
                var result = stop.result
                // What it counted was undone with the group.
                result.sequence = WireInteger(judge.writer.sequence)
                try judge.keep(result, hashes[index], asker)
                results.append(result)
            default:
                results.append(
                    try refuse(edit, hashes[index], "FB.GROUP", "edit \(failing) of its group was not carried out"))
            }
        }
        return results
    }

    private func refuse(_ edit: V1.Edit, _ hash: String, _ code: String, _ why: String) throws -> V1.Result {
        let result = judge.refusal(
            edit, .rejected, code, why, "look at what stands now, then make the edits again or discard them")
        try judge.keep(result, hash, asker)
        return result
    }
}
