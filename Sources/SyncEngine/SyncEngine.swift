package import Diagnostics
import HTTPKit
package import PartnerModel
package import ReplicaStore
package import SyncCore
import SyncProtocol

/// Runs the effects of the pull and push machines against the store, and turns replies into their events.
///
/// Synchronous and owned by one thread. The order is always: work out, commit, then step the machine; a failed commit
/// leaves machine and store where they were. It never reads a socket or a clock of its own: exchanges and timers go
/// through the shell, time and chance are handed in. Internal members are for its extensions alone.
package final class SyncEngine {
    /// What reaches the engine from outside.
    package enum Event: Sendable {
        case start, stop
        /// A person asks for a sync.
        case syncRequested
        /// A person asks for the bill records that a metered link keeps back, and for a sync.
        case recordsRequested
        /// What the settings say was read again.
        case settingsRead(PullMachine.Limits, Allowance.Terms)
        case editAdded
        /// A person confirms an edit with a code, which is kept in memory only and tried once.
        case confirm(EditNumber, code: String)
        case linkCameUp
        /// An hour or so went by, by a clock that nobody sets.
        case timePassed(Duration)
        case timerFired(Lane)
        case outcome(exchange: Int, ExchangeOutcome)
        /// A job of the load lane has ended.
        case staged(StagedPage)
        /// What came of a part was kept, or could not be.
        case partKept(load: Int, StoreError?)
    }

    enum Purpose {
        case hello(echo: String)
        case rules(hash: String, then: AfterRules)
        case plan
        case snapshotPage(cursor: String)
        /// `wait`: the server was asked, at that moment of the monotonic clock, to hold it for so many seconds.
        case feedPage(cursor: String, wait: (seconds: Int, since: Duration)? = nil)
        case push([EditNumber])
        case ack(EditNumber)
        case joinedPage(cursor: String)
        /// A part of a load, or a page of the feed that follows it, for the generation beside the live one.
        case part(kind: String, cursor: String)
        /// Held edits on customers that left, sent again for what became of them.
        case ends([EditNumber])
        case wiped

        /// A part of a load, which may be put together out of several replies.
        var isPart: Bool {
            if case .part(kind: "snapshot/1", _) = self { true } else { false }
        }
    }

    /// What a lane goes on with once it has asked for the rules.
    enum AfterRules {
        case greeted
        case pageKept(PullMachine.Need)
        case exchanged(madeProgress: Bool)
    }

    /// Pushes that the server refused whole since the queue was last empty.
    struct Refusals {
        /// Refusals of a whole push after which edits go one by one.
        static let patience = 2
        var count = 0
        /// The edit whose turn was last.
        var last = EditNumber(0)
        var isAlone: Bool { count >= Refusals.patience }
    }

    /// A failure of a lane, or of reading for the status.
    struct Trouble {
        let lane: Lane?
        let problem: EngineStatus.Problem
        let failure: Failure
        let isReached: Bool
        /// A person has to mend how the server is reached: a certificate, a proxy. It is tried again by itself all the same.
        var needsPerson = false
    }

    package let store: ReplicaStore
    package internal(set) var status = EngineStatus()
    package internal(set) var pull = PullMachine()
    package internal(set) var push = PushMachine()
    package internal(set) var fill = FillMachine()
    package internal(set) var load = FillMachine()
    var loading = LoadRoad()
    /// What came of the part that was cut.
    var begun: PartBegun?
    /// The tag of a part whose beginning was no good; what the file of the load keeps of it is not used again.
    var refusedTag: String?

    let server: String
    let token: String
    let clock: any WallClock
    let log: Logger
    /// A change acts from the next rest on.
    package private(set) var limits: PullMachine.Limits
    /// What a metered link lets go; and as it was last kept.
    var allowance: Allowance
    var allowanceKept: Allowance.Kept
    var heldBack = HeldBack()
    /// Bytes that had gone at the last event, and when the date was last looked at.
    var carriedBefore: Int64 = 0
    var lastTurn: Duration
    /// The exchange begun last when a person asked for a sync.
    var askedAfter = 0
    weak var shell: (any EngineShell)?
    var chance: ChanceGenerator
    var nextExchange = 1
    /// What went wrong and still stands, oldest first.
    var troubles: [Trouble] = []
    var refusals = Refusals()
    /// With records that name what is not there.
    var patience = EntryPatience()
    /// Hash of rules that were fetched and could not be read; they are not asked for again in this life.
    var unreadableRules: String?
    /// Hash of rules that a reply announced and that could not be had; they are asked for again with the next greeting.
    var unfetchedRules: String?
    /// A wipe that the server does not know of waits for the pull side's timer.
    var isReportDue = false
    var reportBackoff = Backoff()
    /// Time between two links coming up that each cause a try.
    static let linkInterval: Duration = .seconds(10)
    var lastLinkUp: Duration?
    /// Time between two edits that each cause a try while the server is away: the least that a lane backs off.
    static let hurryInterval: Duration = .milliseconds(Backoff.floorMilliseconds)
    var lastHurry: Duration?
    /// Time between two questions after the ends of held edits on customers that left.
    static let endsInterval: Duration = .seconds(900)
    var lastEnds: Duration?
    /// When each lane's timer runs out, on the monotonic clock.
    var attempts: [Duration?] = Lane.allCases.map { _ in nil }
    /// The image stands at a checkpoint since this event.
    var isAtNewCheckpoint = false
    /// The code that waits to be sent, and the edit and exchange of the one that is on its way.
    var code: (number: EditNumber, text: String)?
    var confirming: (number: EditNumber, exchange: Int)?
    /// That the server does not take the token was told, and no sync was reached since.
    var isLoginTold = false
    var inFlight: [(lane: Lane, id: Int, purpose: Purpose)] = []
    /// The exchange whose outcome is being looked at.
    var receiving: Int?
    let replies: ReplyReader

    /// `token` is sent as a bearer token and never logged.
    package init(
        store: ReplicaStore, server: String, token: String, clock: any WallClock, chance: any Chance, log: Logger,
        limits: PullMachine.Limits = PullMachine.Limits(), terms: Allowance.Terms = Allowance.Terms(),
        shell: any EngineShell
    ) {
        self.store = store
        self.server = server
        self.token = token
        self.clock = clock
        self.log = log
        self.limits = limits
        self.shell = shell
        self.chance = ChanceGenerator(source: chance)
        replies = ReplyReader(server: server)
        let kept = ((try? store.keptAllowance()) ?? nil).map(SyncEngine.kept)
        allowanceKept = kept ?? Allowance.Kept(day: clock.localDay(of: clock.now()))
        allowance = Allowance(terms, kept: allowanceKept)
        lastTurn = clock.monotonicNow()
        status.server = server
        status.lastAgreementAt = store.identity.agreedAt.map { Instant(seconds: $0) }
    }

    /// Takes one event to its end: state stored, effects begun.
    package func handle(_ event: Event) {
        countBytes()
        switch event {
        case .start:
            checkLease(elapsed: .zero)
            retryStepUps()
            stepPull(.started)
            stepPush(.started)
            stepFill(.started)
            stepLoad(.started)
        case .stop:
            inFlight.removeAll()
            forgetCode()
            stepPull(.stopped)
            stepPush(.stopped)
            stepFill(.stopped)
            stepLoad(.stopped)
            keepAllowance()
        case .syncRequested:
            ask()
            retryStepUps()
            urge()
        case .recordsRequested:
            ask()
            askForRecords()
            retryStepUps()
            urge()
        case .settingsRead(let limits, let terms):
            (self.limits, allowance.terms) = (limits, terms)
            urge()
        case .confirm(let number, let code): confirm(number, code)
        case .linkCameUp:
            // A link that comes and goes, or is told of again and again, must not undo the backoff each time.
            let now = clock.monotonicNow()
            if let last = lastLinkUp, now - last < SyncEngine.linkInterval { break }
            lastLinkUp = now
            urge()
        case .editAdded: editAdded()
        case .timerFired(.pull): pullTimerFired()
        case .timePassed(let elapsed): checkLease(elapsed: elapsed)
        case .timerFired(.push): stepPush(.timerFired)
        case .timerFired(.fill): stepFill(.timerFired)
        case .timerFired(.load): stepLoad(.timerFired)
        case .outcome(let id, let outcome): receive(id, outcome)
        case .staged(let page): receive(page)
        case .partKept(let load, let error):
            // It is in memory still; only a process that ends now begins the part anew.
            guard load == loading.number else { break }
            if let error { log.log(.info, "part-not-kept", [("why", error.why)]) } else { stepLoad(.pageKept) }
        }
        openLanes()
        keepAllowanceIfDue()
        refreshStatus()
        endAsking()
    }

    /// All lanes try at once.
    private func urge() {
        stepPull(.poked)
        stepPush(.poked)
        stepFill(.urged)
        stepLoad(.urged)
    }

    /// A person's sync may try at once. Edits, of which a script makes many, wait as long as the server asked, and of those
    /// that come fast while it is away one tries anew: after it the next try is near.
    private func editAdded() {
        let (isPushWaiting, isPullWaiting) = (push.state == .backingOff, pull.state == .backingOff)
        let now = clock.monotonicNow()
        let isTooSoon = lastHurry.map { now - $0 < SyncEngine.hurryInterval } ?? false
        if (isPushWaiting || isPullWaiting) && !isTooSoon { lastHurry = now }
        if !isPushWaiting || !push.isPausedByServer && !isTooSoon { stepPush(.poked) }
        if isPullWaiting && !pull.isPausedByServer && !isTooSoon || pull.state == .needsLogin { stepPull(.poked) }
    }

    private func retryStepUps() {
        do { try store.retryStepUps() } catch { note(error, of: .push, doing: "look at the edits that need a code") }
    }

    // MARK: Machines

    func stepPull(_ event: PullMachine.Event) {
        let before = pull.state
        var limits = limits
        limits.restInterval = allowance.rest(limits.restInterval)
        limits.holds = limits.holds && allowance.mayHold
        let effects = pull.step(event, limits: limits, using: &chance)
        shell?.stepped(.pull(from: before, on: event, to: pull.state))
        for effect in effects { run(effect) }
        if !inFlight.contains(where: { $0.lane == .pull }) { store.letGoAhead() }
    }

    func stepPush(_ event: PushMachine.Event) {
        let before = push.state
        let effects = push.step(event, using: &chance)
        shell?.stepped(.push(from: before, on: event, to: push.state))
        for effect in effects { run(effect) }
    }

    func stepFill(_ event: FillMachine.Event) {
        let before = fill.state
        let effects = fill.step(event, using: &chance)
        shell?.stepped(.fill(from: before, on: event, to: fill.state))
        for effect in effects { run(effect) }
    }

    func stepLoad(_ event: FillMachine.Event) {
        let before = load.state
        let effects = load.step(event, using: &chance)
        shell?.stepped(.load(from: before, on: event, to: load.state))
        for effect in effects { runLoad(effect) }
    }

    func wake(_ lane: Lane, after delay: Duration) {
        attempts[lane.rawValue] = clock.monotonicNow() + delay
        shell?.wake(lane, after: delay)
    }
}
