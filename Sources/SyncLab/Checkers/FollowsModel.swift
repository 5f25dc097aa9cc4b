import SyncProtocol

/// S8, as far as rules go today: every edit's result and effect is the one that the independent model gives, each held
/// edit has its open conflict, each decision closes its own, and nothing else moves by a push.
struct FollowsModel: Checker {
    let name = "model"
    let promise = "each edit's fate and the server's truth are what the specification says"

    func check(_ history: History) -> Verdict {
        var model = Model()
        var wanted = Wanted()
        var heldEdits: [String: V1.Edit] = [:]
        for event in history.events {
            switch event.what {
            case .judged(let judged):
                guard let member = history.members.first(where: { $0.account == judged.account }) else { continue }
                let stored = Dictionary(judged.stored.map { ($0.number.value, $0) }) { first, _ in first }
                for edit in judged.edits {
                    let told = judged.told?.first { $0.number == edit.number } ?? stored[edit.number.value]
                    // Nothing of a push that was not committed came to be.
                    guard let told else { continue }
                    let key = "\(judged.replica)/\(edit.number.value)"
                    let answer = model.judge(edit, replica: judged.replica, member: member, now: judged.now)
                    // The end of a held edit is told by its conflict, which the model follows through the rows.
                    if answer.isRepeat, answer.code == .held, told.code.isTerminal { continue }
                    if told.code != answer.code {
                        return .invalid(
                            at: event.at,
                            why:
                                "edit \(edit.number.value) of \(member.name) (\(edit.kind)) is \(told.code.rawValue), by the rules \(answer.code.rawValue)"
                        )
                    }
                    if answer.code == .held {
                        heldEdits[key] = edit
                        if !answer.isRepeat { wanted.held.insert(key) }
                    }
                    if let conflict = edit.conflict?.value, edit.kind == "decide-conflict" {
                        wanted.touched.insert(conflict)
                        if answer.code == .applied, !answer.isRepeat { wanted.closed[conflict] = edit.choice ?? "" }
                    }
                    if let effect = answer.effect {
                        wanted.values[effect.register] = effect.value
                        model.registers[effect.register] = Model.Held(
                            value: effect.value, version: told.version?.value ?? 0)
                        model.answers[key]?.version = told.version?.value
                    }
                }
            case .truth(_, let rows, let isPush):
                if let why = difference(rows, isPush, wanted, &model, heldEdits) {
                    return .invalid(at: event.at, why: why)
                }
                wanted = Wanted()
            default: break
            }
        }
        return .valid
    }

    /// What the edits of a push must make of the truth.
    private struct Wanted {
        var values: [TruthLine.Target: RowValue] = [:]
        /// Edits, by replica and number, that must have an open conflict now.
        var held: Set<String> = []
        /// Conflicts that a decision names, and those that it must have closed, with its choice.
        var touched: Set<Int64> = []
        var closed: [Int64: String] = [:]
    }

    private func difference(
        _ rows: [TruthRow], _ isPush: Bool, _ wanted: Wanted, _ model: inout Model, _ heldEdits: [String: V1.Edit]
    ) -> String? {
        var missing = wanted
        for row in rows {
            if isPush, let why = stray(row, wanted, model) { return why }
            let target = TruthLine.Target(entity: row.entity.rawValue, key: row.key)
            missing.values[target] = nil
            if case .conflict(let mark) = row.value {
                let key = "\(mark.replica)/\(mark.edit)"
                if mark.isOpen { missing.held.remove(key) }
                if !mark.isOpen, missing.closed[row.key] == mark.choice { missing.closed[row.key] = nil }
                if model.conflicts[row.key]?.edit == nil { model.conflicts[row.key] = (mark, heldEdits[key]) }
                settle(mark, &model)
            }
            model.adopt(row)
        }
        if let target = missing.values.keys.min(by: { ($0.entity, $0.key) < ($1.entity, $1.key) }) {
            return "\(RowName.text(target.entity, target.key)) did not move, by the rules it does"
        }
        if let key = missing.held.min() {
            return "edit \(key.split(separator: "/").last ?? "") is held and has no open conflict"
        }
        return missing.closed.keys.min().map { "conflict \($0) was decided and is not closed so" }
    }

    /// Why a row must not have moved by a push, or not so; nil when it may.
    private func stray(_ row: TruthRow, _ wanted: Wanted, _ model: Model) -> String? {
        let target = TruthLine.Target(entity: row.entity.rawValue, key: row.key)
        let name = RowName.text(target.entity, target.key)
        switch row.value {
        case .budget, .freezes, .discount:
            guard let value = wanted.values[target] else { return "\(name) moved without an edit" }
            if !Model.agrees(row.value, value) { return "\(name) is \(row.value.text), by the rules \(value.text)" }
            guard let told = model.registers[target]?.version, told == row.version else {
                return "\(name) stands at version \(row.version), the result said another"
            }
            return nil
        case .conflict(let mark):
            let isKnown = wanted.held.contains("\(mark.replica)/\(mark.edit)") || wanted.touched.contains(row.key)
            return isKnown ? nil : "\(name) moved without an edit"
        // That each has its record, and no other, S10 says.
        case .other where row.entity == .history: return nil
        case .partner, .customer, .other: return "\(name) moved by a push"
        }
    }

    /// A decided conflict gives its held edit an end, on which later edits may build.
    private func settle(_ mark: ConflictMark, _ model: inout Model) {
        guard let code = mark.outcome else { return }
        let key = "\(mark.replica)/\(mark.edit)"
        guard model.answers[key]?.code == .held else { return }
        let target = TruthLine.Target(entity: Entity.named(mark.register)?.rawValue ?? -1, key: mark.customer)
        model.answers[key] = Model.Answer(
            code: code, isIntact: code == .applied, version: model.registers[target]?.version)
    }
}
