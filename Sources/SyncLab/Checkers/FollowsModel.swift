import SyncProtocol

/// S8: every edit's result and effect is the one that the independent model gives, each held
/// edit has its open conflict, each decision closes its own, and nothing else moves by a push.
struct FollowsModel: Checker {
    let name = "model"
    let promise = "each edit's fate and the server's truth are what the specification says"

    func check(_ history: History) -> Verdict {
        var run = Run()
        var rights = RightsLine(history.members)
        for event in history.events {
            switch event.what {
            case .judged(let judged):
                guard var member = history.members.first(where: { $0.account == judged.account }) else { continue }
                member.rights = rights.now(member)
                if let why = run.follow(judged, member) { return .invalid(at: event.at, why: why) }
            case .rights(let change): rights.take(change)
            case .truth(_, let rows, let isPush):
                if let why = difference(rows, isPush, run.wanted, &run.model, run.heldEdits) {
                    return .invalid(at: event.at, why: why)
                }
                run.wanted = Wanted()
            default: break
            }
        }
        return .valid
    }

    /// The model beside what pushes must have made of the truth so far.
    private struct Run {
        var model = Model()
        var wanted = Wanted()
        var heldEdits: [String: V1.Edit] = [:]

        /// Why the answers to a push are not those of the rules; nil when they are.
        mutating func follow(_ judged: Judged, _ member: MemberFacts) -> String? {
            let stored = Dictionary(judged.stored.map { ($0.number.value, $0) }) { first, _ in first }
            func told(_ edit: V1.Edit) -> V1.Result? {
                judged.told?.first { $0.number == edit.number } ?? stored[edit.number.value]
            }
            // Nothing of a push that was not committed came to be.
            guard judged.edits.contains(where: { told($0) != nil }) else { return nil }
            for key in model.closeOverdue(judged.now) {
                wanted.touched.insert(key)
                wanted.closed[key] = "theirs"
            }
            for unit in Run.units(judged.edits) {
                let pairs = unit.compactMap { edit in told(edit).map { (edit, $0) } }
                guard pairs.count == unit.count else { continue }
                if let why = unit[0].group == nil
                    ? follow(pairs[0].0, pairs[0].1, judged, member) : followGroup(pairs, judged, member)
                {
                    return why
                }
            }
            return nil
        }

        private static func units(_ edits: [V1.Edit]) -> [[V1.Edit]] {
            var units: [[V1.Edit]] = []
            for edit in edits {
                if edit.group != nil, units.last?.last?.group == edit.group {
                    units[units.count - 1].append(edit)
                } else {
                    units.append([edit])
                }
            }
            return units
        }

        private mutating func follow(
            _ edit: V1.Edit, _ told: V1.Result, _ judged: Judged, _ member: MemberFacts
        ) -> String? {
            let key = "\(judged.replica)/\(edit.number.value)"
            let answer = model.judge(edit, replica: judged.replica, member: member, now: judged.now)
            // The end of a held edit is told by its conflict, which the model follows through the rows.
            if answer.isRepeat, answer.code == .held, told.code.isTerminal { return nil }
            if told.code != answer.code { return misfit(edit, told, answer.code, member) }
            if answer.code == .held {
                heldEdits[key] = edit
                if !answer.isRepeat { wanted.held.insert(key) }
            }
            if let conflict = edit.conflict?.value, edit.kind == "decide-conflict" {
                wanted.touched.insert(conflict)
                if answer.code == .applied, !answer.isRepeat {
                    wanted.closed[conflict] = edit.choice ?? ""
                    model.close(conflict, edit.choice ?? "", at: told.version?.value)
                }
            }
            if let effect = answer.effect {
                wanted.values[effect.register] = effect.value
                model.registers[effect.register] = Model.Held(value: effect.value, version: told.version?.value ?? 0)
                model.answers[key]?.version = told.version?.value
                if edit.approve == true, model.carryOut(effect.value, of: effect.register.key) {
                    wanted.ended.insert(effect.register.key)
                }
            }
            return nil
        }

        private func misfit(
            _ edit: V1.Edit, _ told: V1.Result, _ wanted: ResultCode, _ member: MemberFacts
        ) -> String {
            "edit \(edit.number.value) of \(member.name) (\(edit.kind)) is \(told.code.rawValue), by the rules \(wanted.rawValue)"
        }

        /// A group takes effect whole or not at all.
        private mutating func followGroup(
            _ pairs: [(V1.Edit, V1.Result)], _ judged: Judged, _ member: MemberFacts
        ) -> String? {
            let keys = pairs.map { "\(judged.replica)/\($0.0.number.value)" }
            if keys.allSatisfy({ model.answers[$0] != nil }) {
                for (key, pair) in zip(keys, pairs) where model.answers[key]?.code != pair.1.code {
                    return misfit(pair.0, pair.1, model.answers[key]?.code ?? .retry, member)
                }
                return nil
            }
            var trial = model
            for (index, pair) in pairs.enumerated() {
                let answer = trial.judge(pair.0, replica: judged.replica, member: member, now: judged.now)
                if [.applied, .merged, .noop].contains(answer.code) {
                    // A version of its own: what became of a group that stops has none.
                    if let effect = answer.effect {
                        trial.registers[effect.register] = Model.Held(value: effect.value, version: -1 - Int64(index))
                        trial.answers[keys[index]]?.version = -1 - Int64(index)
                        if pair.0.approve == true { _ = trial.carryOut(effect.value, of: effect.register.key) }
                    }
                    continue
                }
                for (other, pair) in pairs.enumerated() {
                    let code = Run.codeOfStopped(answer.code, isFailing: other == index)
                    if pair.1.code != code { return misfit(pair.0, pair.1, code, member) }
                    if code.isTerminal { model.answers[keys[other]] = Model.Answer(code: code) }
                }
                return nil
            }
            for pair in pairs {
                if let why = follow(pair.0, pair.1, judged, member) { return why }
            }
            return nil
        }

        private static func codeOfStopped(_ code: ResultCode, isFailing: Bool) -> ResultCode {
            switch code {
            case .retry, .blocked, .needsStepUp: isFailing ? code : .blocked
            case .held: .rejected
            default: isFailing ? code : .rejected
            }
        }
    }

    /// What the edits of a push must make of the truth.
    struct Wanted {
        var values: [TruthLine.Target: RowValue] = [:]
        /// Edits, by replica and number, that must have an open conflict now.
        var held: Set<String> = []
        /// Conflicts that a decision names, and those that it must have closed, with its choice.
        var touched: Set<Int64> = []
        var closed: [Int64: String] = [:]
        /// Customers whose association an approved request ends, or begins again.
        var ended: Set<Int64> = []
    }

    private func difference(
        _ rows: [TruthRow], _ isPush: Bool, _ wanted: Wanted, _ model: inout Model, _ heldEdits: [String: V1.Edit]
    ) -> String? {
        var missing = wanted
        for row in rows {
            if isPush, let why = stray(row, wanted, model) { return why }
            let target = TruthLine.Target(entity: row.entity.rawValue, key: row.key)
            missing.values[target] = nil
            if row.entity == .customer { missing.ended.remove(row.key) }
            if case .conflict(let mark) = row.value {
                let key = "\(mark.replica)/\(mark.edit)"
                if mark.isOpen { missing.held.remove(key) }
                if !mark.isOpen, missing.closed[row.key] == mark.choice { missing.closed[row.key] = nil }
                if model.conflicts[row.key]?.edit == nil { model.conflicts[row.key] = (mark, heldEdits[key]) }
                model.settle(mark)
            }
            model.adopt(row)
        }
        model.recallSuspended()
        if let target = missing.values.keys.min(by: { ($0.entity, $0.key) < ($1.entity, $1.key) }) {
            return "\(RowName.text(target.entity, target.key)) did not move, by the rules it does"
        }
        if let key = missing.held.min() {
            return "edit \(key.split(separator: "/").last ?? "") is held and has no open conflict"
        }
        if let customer = missing.ended.min() { return "the request of customer \(customer) was approved to no effect" }
        return missing.closed.keys.min().map { "conflict \($0) was decided and is not closed so" }
    }

    /// Why a row must not have moved by a push, or not so; nil when it may.
    private func stray(_ row: TruthRow, _ wanted: Wanted, _ model: Model) -> String? {
        let target = TruthLine.Target(entity: row.entity.rawValue, key: row.key)
        let name = RowName.text(target.entity, target.key)
        if wanted.ended.contains(row.key), [.customer, .contact, .budget, .freezes].contains(row.entity) { return nil }
        switch row.value {
        case .budget, .freezes, .discount, .manager, .label, .request:
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
        case .partner, .customer, .usage, .other: return "\(name) moved by a push"
        }
    }
}
