import SyncCore
import SyncEngine
import SyncProtocol

/// S12: once a replica says that a wipe is done, no page of its files holds a record of a customer that is not its member's.
/// And a replica that begins a load anew, because its member sees less now, shows nothing of before while it loads.
struct WipedIsGone: Checker {
    let name = "S12"
    let promise = "wiped rows are gone from the files"

    func check(_ history: History) -> Verdict {
        var truth = TruthLine(history.members)
        var places: [Int: Int64] = [:]
        var reload = Reload()
        for event in history.events {
            switch event.what {
            case .truth(let sequence, let rows, _): truth.take(sequence, rows)
            case .rights(let change): truth.take(change)
            case .image(let agent, let image):
                places[agent] = image.sequence
                reload.took(image, agent)
            case .request(let agent, let request):
                reload.asked(request, agent, truth.rights.now(history.members[agent]))
            case .step(let agent, let step):
                if let row = reload.stepped(
                    step, at: event.at, agent, truth, by: truth.rights.now(history.members[agent]))
                {
                    return .invalid(
                        at: event.at,
                        why:
                            "\(history.members[agent].name) loads anew and still shows \(RowName.text(row.entity, row.key)), which is not for it now"
                    )
                }
            case .died(let agent, _): reload.lostTrack(of: agent)
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
                reload.lostTrack(of: agent)
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

/// Follows replicas that load anew.
private struct Reload {
    private var images: [Int: ImageMark] = [:]
    /// The rights of the member when the load was asked for.
    private var rights: [Int: RightsFacts] = [:]
    /// What must be gone before the replica's next step, and since when.
    private var due: [Int: (row: RowMark, at: Int64)] = [:]

    mutating func took(_ image: ImageMark, _ agent: Int) { images[agent] = image }

    mutating func asked(_ request: RequestMark, _ agent: Int, _ now: RightsFacts) {
        if request.path == "/sync/v1/snapshot" { rights[agent] = now }
    }

    /// The row that is still shown although the plan of the load came in an earlier step.
    mutating func stepped(
        _ step: MachineStep, at time: Int64, _ agent: Int, _ truth: TruthLine, by now: RightsFacts
    ) -> RowMark? {
        // What the same event leads to, on this road and others, comes before anybody can look.
        guard case .pull = step else { return nil }
        if let due = due[agent], due.at < time { return due.row }
        // Rights may have changed between the question and the answer; what neither shows is nobody's.
        if case .pull(_, .planReceived, _) = step, let image = images[agent], let before = rights[agent],
            truth.unseen(in: image, by: before) != nil
        {
            due[agent] = truth.unseen(in: image, by: now).map { ($0, time) }
        }
        return nil
    }

    mutating func lostTrack(of agent: Int) {
        images[agent] = nil
        due[agent] = nil
    }
}
