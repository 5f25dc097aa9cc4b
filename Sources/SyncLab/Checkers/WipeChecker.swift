import SyncProtocol

/// S12: once a replica says that a wipe is done, no page of its files holds a record of a customer that is not its member's.
struct WipedIsGone: Checker {
    let name = "S12"
    let promise = "wiped rows are gone from the files"

    func check(_ history: History) -> Verdict {
        var truth = TruthLine(history.members)
        var places: [Int: Int64] = [:]
        for event in history.events {
            switch event.what {
            case .truth(let sequence, let rows, _): truth.take(sequence, rows)
            case .rights(let change): truth.take(change)
            case .image(let agent, let image): places[agent] = image.sequence
            case .traces(let agent, let bills):
                guard let place = places[agent] else { continue }
                let member = history.members[agent]
                for key in bills {
                    let target = TruthLine.Target(entity: Entity.billRecord.rawValue, key: key)
                    guard let subject = truth.changes[target]?.last?.subject, !truth.sees(member, subject, at: place)
                    else { continue }
                    return .invalid(
                        at: event.at,
                        why: "the files of \(member.name) hold bill_record \(key) of customer \(subject), which left")
                }
            case .wiped(let agent, let traces):
                places[agent] = nil
                guard let key = traces.first else { continue }
                return .invalid(
                    at: event.at,
                    why: "the files of \(history.members[agent].name), wiped, hold bill_record \(key)")
            default: break
            }
        }
        return .valid
    }
}
