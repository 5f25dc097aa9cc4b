import SyncProtocol

/// What a checker makes of a history.
package enum Verdict: Sendable, Hashable, CustomStringConvertible {
    case valid
    /// `at`: microseconds since the run began.
    case invalid(at: Int64, why: String)
    /// The history does not tell. It never counts as valid.
    case unknown(why: String)

    package var description: String {
        switch self {
        case .valid: "valid"
        case .invalid(let at, let why): "violated at \(Clockwork.text(at)): \(why)"
        case .unknown(let why): "unknown: \(why)"
        }
    }
}

/// Judges one promise from what was seen. Pure: the same history, the same verdict.
package protocol Checker: Sendable {
    /// Short name of the promise: `S2`.
    var name: String { get }
    /// The promise in one sentence.
    var promise: String { get }
    func check(_ history: History) -> Verdict
}

/// Every checker of this build, safety first.
package enum Checkers {
    package static let all: [any Checker] = [
        CursorNotAhead(), ExactlyOnce(), NoEditVanishes(), AuthorsOrder(), GroupsAreWhole(), PendingIsEditsOverImage(),
        InsideScope(),
        FreezeWasSeen(), EveryDecisionRecorded(), OwnQueueOwnToken(), WipedIsGone(), VersionsRise(), ReadsNeverGoBack(),
        FollowsModel(),
        Agreement(), QueuesDrain(), NoHotLoop(), StatusIsTrue(), KeepsToAllowance(),
    ]

    package static func verdicts(_ history: History) -> [(checker: any Checker, verdict: Verdict)] {
        all.map { ($0, $0.check(history)) }
    }
}

enum Clockwork {
    /// `1:02:03.004` since the run began.
    static func text(_ microseconds: Int64) -> String {
        let milliseconds = microseconds / 1000
        func padded(_ value: Int64, _ width: Int) -> String {
            let text = "\(value)"
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let seconds = milliseconds / 1000
        return
            "\(seconds / 3600):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2)).\(padded(milliseconds % 1000, 3))"
    }
}

extension ConflictMark {
    /// The result that a decision gives the held edit; nil while the conflict is open.
    var outcome: ResultCode? {
        switch choice {
        case _ where isOpen: nil
        case "mine": .applied
        case "theirs": .overruled
        case "value": .merged
        default: nil
        }
    }
}
