import Diagnostics
import ReplicaStore
package import SyncCore

/// What a metered link keeps from going; a lane's part is true until the lane goes on.
struct HeldBack: Equatable {
    var edits = false
    var feed = false
    var fill = false
    var load = false
}

extension SyncEngine {
    static func kept(_ kept: KeptAllowance) -> Allowance.Kept {
        Allowance.Kept(
            day: kept.day, used: kept.used, secondsBehind: kept.secondsBehind, areRecordsAsked: kept.areRecordsAsked)
    }

    /// What was last said about the link.
    package var terms: Allowance.Terms { allowance.terms }

    // MARK: Asked before an exchange

    /// Whether a page of the feed or of a load's heads may be asked for; notes that it waits if not.
    func mayLook() -> Bool {
        let now = clock.monotonicNow()
        heldBack.feed = !allowance.mayLook(at: now)
        if !heldBack.feed { allowance.noteFeedPage(at: now) }
        return !heldBack.feed
    }

    /// Whether a page of bill records may be asked for on a lane; notes that the lane waits if not.
    func mayFetchRecords(_ lane: Lane) -> Bool {
        let isOpen = areRecordsOpen
        if lane == .load { heldBack.load = !isOpen } else { heldBack.fill = !isOpen }
        return isOpen
    }

    private var areRecordsOpen: Bool {
        allowance.mayFetchRecords(at: clock.monotonicNow(), feedWaits: pull.state == .standingBy)
    }

    /// Whether all edits may be sent, and what else waits with them: acknowledgements, rules.
    var maySendEverything: Bool { allowance.maySendEverything(at: clock.monotonicNow()) }

    // MARK: At each event

    /// Before an event is handled: what went since the last one, and whether another day gives its bytes.
    func countBytes() {
        let carried = shell?.carriedBytes ?? 0
        allowance.carried(carried - carriedBefore)
        carriedBefore = carried
        let now = clock.monotonicNow()
        let seconds = (now - lastTurn).components.seconds
        lastTurn += .seconds(seconds)
        if allowance.turn(to: clock.localDay(of: clock.now()), after: seconds) { keepAllowance() }
    }

    /// After an event: lanes that were held back and may go on do, and what a person asked for is ended where it is done.
    func openLanes() {
        let now = clock.monotonicNow()
        if heldBack.edits, maySendEverything {
            heldBack.edits = false
            stepPush(.poked)
        }
        if heldBack.feed, pull.state == .resting, allowance.maySendEverything(at: now) { stepPull(.poked) }
        if heldBack.load, areRecordsOpen {
            heldBack.load = false
            stepLoad(.poked)
        } else if heldBack.load, pull.state == .standingBy, (attempts[Lane.load.rawValue] ?? .zero) <= now {
            // Where the feed waits for the load too, no other timer sees the next day.
            wake(.load, after: Allowance.frugalRest)
        }
        if heldBack.fill, areRecordsOpen {
            heldBack.fill = false
            stepFill(.poked)
        }
    }

    /// With the counts just read: what was asked for is done.
    func endAsking() {
        guard pull.state == .resting || pull.state == .holding, !heldBack.feed, push.state == .idle else { return }
        if allowance.askedUntil != nil, status.lastCheckpointExchange > askedAfter, status.outbox.moving == 0 {
            allowance.answered()
        }
        if allowance.kept.areRecordsAsked, status.loadRowsDone == nil, status.joining == nil {
            allowance.recordsAreHere()
            keepAllowance()
            status.metering = metering
        }
    }

    /// A person asks: what a metered link holds back goes once, but for bill records.
    func ask() {
        allowance.ask(at: clock.monotonicNow())
        askedAfter = status.exchangesBegun
    }

    func askForRecords() {
        allowance.askForRecords()
        keepAllowance()
        openLanes()
    }

    // MARK: What is kept

    /// Bytes that may go between two commits: what a crash makes forgotten.
    private var keepStep: Int64 { allowance.limit.map { min(256 << 10, max(4 << 10, $0 / 64)) } ?? .max }

    func keepAllowanceIfDue() {
        if allowance.kept.used - allowanceKept.used >= keepStep { keepAllowance() }
    }

    /// Keeps what is new. What can't be kept, as on a full disk, is less than it was after a restart.
    func keepAllowance() {
        let kept = allowance.kept
        let isNew = kept.used != allowanceKept.used || kept.areRecordsAsked != allowanceKept.areRecordsAsked
        guard isNew || allowance.terms.isMetered && kept != allowanceKept else { return }
        do throws(StoreError) {
            try store.keepAllowance(
                KeptAllowance(
                    day: kept.day, used: kept.used, secondsBehind: kept.secondsBehind,
                    areRecordsAsked: kept.areRecordsAsked))
            allowanceKept = kept
        } catch { log.log(.info, "allowance-not-kept", [("why", error.why)]) }
    }

    // MARK: What is told

    var metering: Metering {
        var metering = Metering()
        metering.isMetered = allowance.terms.isMetered
        metering.limit = allowance.limit
        metering.used = allowance.kept.used
        metering.isUsedUp = allowance.isUsedUp
        metering.recordsWait = heldBack.load && status.loadRowsDone != nil || heldBack.fill && status.joining != nil
        metering.areRecordsAsked = allowance.kept.areRecordsAsked
        metering.editsWait = heldBack.edits && status.outbox.moving > 0
        metering.feedWaits = heldBack.feed && pull.state == .resting
        let now = clock.now()
        if metering.isUsedUp, clock.localDay(of: now) == allowance.kept.day {
            metering.anewAt = clock.nextLocalDay(after: now)
        }
        return metering
    }
}
