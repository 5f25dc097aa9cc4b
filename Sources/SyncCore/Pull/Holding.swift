/// What held requests have come to, and how the next rest is spent by it.
struct Holding: Sendable, Equatable {
    /// How a rest is spent.
    enum Rest: Equatable {
        /// The server holds a request.
        case held
        /// A short pause, and then the server holds one: so much is new that each would bring something at once.
        case pause(Duration)
        /// Without a request.
        case plain
    }

    /// A feed that never rests is asked with a pause before each request: so many news in a row, none of them waited for, and
    /// the pause from there on. It comes down to two requests a second.
    private static let pauses: [(after: Int, pause: Duration)] = [(200, .milliseconds(500)), (20, .milliseconds(50))]
    /// Rests without a held request, at most, where held ones are lost on the way.
    private static let plainRestsMax = 64

    /// How the last one was answered, until a rest was begun by it.
    private var last: PullMachine.Held?
    private var newsInARow = 0
    /// Held requests without a reply since the last one with: what stands between may cut those that rest.
    private var lost = 0
    /// Rests to be spent without a held request.
    private var plainRests = 0
    /// The rest that has begun ends with a held request, which finds what has come meanwhile.
    private(set) var isDue = false
    /// What is held now is to bring something soon.
    var isNudged = false
    /// The rest that has begun is that after a connection's end.
    private(set) var isDoubtful = false

    /// One was answered.
    mutating func answered(_ held: PullMachine.Held) {
        (last, lost) = (held, 0)
        newsInARow = held == .news ? newsInARow + 1 : 0
    }

    /// One ended without a reply. The first says nothing yet about those that follow.
    mutating func wasLost() {
        lost += 1
        if lost > 1 { plainRests = min(1 << min(lost - 2, 16), Holding.plainRestsMax) }
    }

    /// A rest begins at a checkpoint; `mayHold` is false where none is to be held.
    mutating func rest(mayHold: Bool) -> Rest {
        defer { last = nil }
        (isDue, isDoubtful) = (mayHold, false)
        if mayHold, plainRests == 0, last != .unheld {
            return Holding.pauses.first { newsInARow > $0.after }.map { .pause($0.pause) } ?? .held
        }
        if plainRests > 0 {
            plainRests -= 1
            isDue = mayHold && plainRests == 0
        }
        return .plain
    }

    /// A request is held from here on.
    mutating func begin() { (isDue, isNudged) = (false, false) }

    /// The rest that begins ends with a plain look.
    mutating func leaveOut() { (isDue, isDoubtful) = (false, false) }

    /// The same, after a connection's end.
    mutating func doubt() { (isDue, isDoubtful) = (false, true) }
}
