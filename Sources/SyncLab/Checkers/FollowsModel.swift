import SyncProtocol

/// S8, as far as rules go today: every edit's result and effect is the one that the independent model gives, and
/// nothing else of a customer moves.
struct FollowsModel: Checker {
    let name = "model"
    let promise = "each edit's fate and the server's truth are what the specification says"

    func check(_ history: History) -> Verdict {
        var model = Model()
        var expected: [TruthLine.Target: RowValue] = [:]
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
                            why: "edit \(edit.number.value) of \(member.name) (\(edit.kind)) is \(told.code.rawValue), by the rules \(answer.code.rawValue)")
                    }
                    if answer.code == .held { heldEdits[key] = edit }
                    if let effect = answer.effect {
                        expected[effect.register] = effect.value
                        model.registers[effect.register] = Model.Held(value: effect.value, version: told.version?.value ?? 0)
                        model.answers[key]?.version = told.version?.value
                    }
                }
            case .truth(_, let rows, let isPush):
                if let why = difference(rows, isPush, expected, &model, heldEdits) { return .invalid(at: event.at, why: why) }
                expected.removeAll()
            default: break
            }
        }
        return .valid
    }

    private func difference(
        _ rows: [TruthRow], _ isPush: Bool, _ expected: [TruthLine.Target: RowValue], _ model: inout Model, _ heldEdits: [String: V1.Edit]
    ) -> String? {
        var missing = expected
        for row in rows {
            let target = TruthLine.Target(entity: row.entity.rawValue, key: row.key)
            switch row.value {
            case .budget, .freezes, .discount:
                if isPush {
                    guard let wanted = expected[target] else { return "\(RowName.text(target.entity, target.key)) moved without an edit" }
                    if !Model.agrees(row.value, wanted) { return "\(RowName.text(target.entity, target.key)) is \(row.value), by the rules \(wanted)" }
                }
                missing[target] = nil
            case .conflict(let mark):
                if model.conflicts[row.key]?.edit == nil { model.conflicts[row.key] = (mark, heldEdits["\(mark.replica)/\(mark.edit)"]) }
                settle(mark, &model)
            default: break
            }
            model.adopt(row)
        }
        if let target = missing.keys.min(by: { ($0.entity, $0.key) < ($1.entity, $1.key) }) {
            return "\(RowName.text(target.entity, target.key)) did not move, by the rules it does"
        }
        return nil
    }

    /// A decided conflict gives its held edit an end, on which later edits may build.
    private func settle(_ mark: ConflictMark, _ model: inout Model) {
        guard !mark.isOpen, let choice = mark.choice else { return }
        let key = "\(mark.replica)/\(mark.edit)"
        guard model.answers[key]?.code == .held else { return }
        let code: ResultCode = choice == "mine" ? .applied : choice == "theirs" ? .overruled : .merged
        let target = TruthLine.Target(entity: Entity.named(mark.register)?.rawValue ?? -1, key: mark.customer)
        model.answers[key] = Model.Answer(code: code, isIntact: code == .applied, version: model.registers[target]?.version)
    }
}
