import PartnerModel
import SyncCore
import SyncEngine
import SyncProtocol
import Testing

@testable import SyncLab

/// Hand-made histories: two administrators, ann and ben, and cem, who manages customer 7.
struct HistoryMaker {
    private(set) var history = History()
    private var now: Int64 = 0

    init() {
        for name in ["ann", "ben"] {
            history.members.append(MemberFacts(name: name, account: name, roles: Scenario.Roles([.administrator])))
        }
        history.members.append(MemberFacts(name: "cem", account: "cem", roles: Scenario.Roles([.manager])))
    }

    /// The history of what happened, a second after a second.
    static func history(_ events: [History.What]) -> History {
        var maker = HistoryMaker()
        for event in events { maker.add(event) }
        return maker.history
    }

    private mutating func add(_ what: History.What) {
        now += 1_000_000
        history.events.append(History.Event(at: now, what: what))
    }
}

/// Demands a violation by the n-th event, with words that say what it is.
func expectViolation(
    _ checker: some Checker, _ events: [History.What], at event: Int, _ words: String,
    _ source: SourceLocation = #_sourceLocation
) {
    guard case .invalid(let at, let why) = checker.check(HistoryMaker.history(events)) else {
        Issue.record("\(checker.name) finds nothing", sourceLocation: source)
        return
    }
    #expect(at == Int64(event) * 1_000_000, "\(why)", sourceLocation: source)
    #expect(why.contains(words), "\(why)", sourceLocation: source)
}

func expectValid(_ checker: some Checker, _ events: [History.What], _ source: SourceLocation = #_sourceLocation) {
    #expect(checker.check(HistoryMaker.history(events)) == .valid, sourceLocation: source)
}

extension EditMark {
    static func edit(
        _ number: Int64, _ state: String, customer: Int64 = 7, register: String = "budget", payload: UInt64 = 1,
        code: String? = nil,
        after predecessor: Int64? = nil, result: Int64? = nil
    ) -> EditMark {
        EditMark(
            number: number, state: state, customer: customer, register: register, kind: "set-budget", payload: payload,
            code: code, rule: nil, predecessor: predecessor, resultSequence: result, resultVersion: result)
    }
}

extension TruthRow {
    static func row(
        _ entity: Entity, _ key: Int64, _ version: Int64, subject: Int64 = 7, content: UInt64? = 1,
        _ value: RowValue = .other
    ) -> TruthRow {
        TruthRow(entity: entity, key: key, version: version, subject: subject, content: content, value: value)
    }
}

extension RowMark {
    static func row(_ entity: Entity, _ key: Int64, _ version: Int64, content: UInt64 = 1) -> RowMark {
        RowMark(entity: entity.rawValue, key: key, version: version, content: content)
    }
}

extension RecordMark {
    static func record(
        _ edit: Int64?, _ action: String = "applied", register: String = "budget", before: String = "",
        after: String = "",
        replica: String? = "r"
    ) -> RecordMark {
        RecordMark(
            id: 1, customer: 7, register: register, author: "ann", action: action, before: before, after: after,
            replica: replica, edit: edit)
    }
}

extension History.What {
    static func truth(_ sequence: Int64, _ rows: [TruthRow]) -> History.What {
        .truth(sequence: sequence, rows: rows, isPush: false)
    }

    static func image(
        _ sequence: Int64?, _ rows: [RowMark], agent: Int = 0, epoch: String = "e", filling: [Int64: Int64] = [:],
        isHeadsOnly: Bool = false, bare: [BareRecord] = []
    ) -> History.What {
        .image(
            agent: agent,
            ImageMark(
                generation: 1, epoch: epoch, sequence: sequence, filling: filling, isHeadsOnly: isHeadsOnly, bare: bare,
                rows: rows))
    }

    static func outbox(_ edits: EditMark...) -> History.What { .outbox(agent: 0, edits: edits) }

    static func judged(
        _ edits: [V1.Edit] = [], told: [(Int64, ResultCode)]?, stored: [(Int64, ResultCode)] = [],
        account: String = "ann"
    ) -> History.What {
        func results(_ list: [(Int64, ResultCode)]) -> [V1.Result] {
            list.map { number, code in
                var result = V1.Result(number: number, code: code, epoch: "e", sequence: 1, baseWasIntact: true)
                if code == .applied { result.version = WireInteger(6) }
                return result
            }
        }
        return .judged(
            Judged(
                account: account, replica: "r", edits: edits, told: told.map { results($0) }, stored: results(stored),
                now: HistoryMaker.now))
    }

    static func push(_ edits: [(number: Int64, customer: Int64)], agent: Int = 0) -> History.What {
        .request(
            agent: agent,
            RequestMark(
                lane: .push, path: "/sync/v1/push", account: "ann", replica: "r", ownReplica: "r",
                edits: edits.map { SentEdit(number: $0.number, customer: $0.customer, register: "budget") }))
    }

    static func status(
        _ phase: EngineStatus.Phase = .inSync, unsettled: Int = 0, held: Int = 0, dead: Int = 0,
        pull: PullMachine.State = .resting, push: PushMachine.State = .idle,
        timers: (pull: Bool, push: Bool) = (true, false),
        flights: (pull: Bool, push: Bool) = (false, false), load: FillMachine.State = .idle,
        isLoadUnderWay: Bool = false, hasProblem: Bool = false, metering: Metering = Metering(), agent: Int = 0
    ) -> History.What {
        .status(
            agent: agent,
            StatusMark(
                phase: phase, unsettled: unsettled, held: held, dead: dead, pull: pull, push: push,
                hasPullTimer: timers.pull,
                hasPushTimer: timers.push, pullInFlight: flights.pull, pushInFlight: flights.push, fill: .idle,
                hasFillTimer: false, fillInFlight: false, load: load, hasLoadTimer: false, loadInFlight: isLoadUnderWay,
                hasProblem: hasProblem, metering: metering))
    }
}

extension HistoryMaker {
    /// 2026-03-31T15:40:00Z.
    static let now: Int64 = 1_774_971_600
}
