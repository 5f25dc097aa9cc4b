#if FIELDBOOK_DEFECTS
import Defects
#endif

/// What a metered link lets go: how many bytes a day may cost, how many went, and what a person asked for beside it.
///
/// A value without a clock: the date, the time that passed and the bytes that went are handed in. It decides nothing about
/// requests that are on their way, so a day's bytes can be passed by what each lane carries at once.
package struct Allowance: Sendable, Equatable {
    /// What a person has said about the link.
    package struct Terms: Sendable, Hashable {
        /// Bytes on this link cost something.
        package var isMetered: Bool
        /// Bytes of a day, of both directions; nil for no limit. It counts while the link is metered.
        package var dailyBytes: Int64?
        /// `dailyBytes` of 0 is no limit.
        package init(isMetered: Bool = false, dailyBytes: Int64? = nil) {
            self.isMetered = isMetered
            self.dailyBytes = dailyBytes.flatMap { $0 > 0 ? $0 : nil }
        }
    }

    /// What outlives the process.
    package struct Kept: Sendable, Hashable {
        /// The latest date for which bytes were given, in days since 1970 by the machine's clock and zone.
        package var day: Int64
        /// Bytes that went since.
        package var used: Int64
        /// How long the clock has shown an earlier date, by a clock that nobody sets.
        package var secondsBehind: Int64
        /// A person asked for the bill records, and they are not all here.
        package var areRecordsAsked: Bool

        package init(day: Int64, used: Int64 = 0, secondsBehind: Int64 = 0, areRecordsAsked: Bool = false) {
            self.day = day
            self.used = used
            self.secondsBehind = secondsBehind
            self.areRecordsAsked = areRecordsAsked
        }
    }

    /// Time between two looks at the feed on a metered link, at least; and once the day's bytes are used up.
    package static let meteredRest: Duration = .seconds(300)
    package static let frugalRest: Duration = .seconds(900)
    /// A rest is up to a quarter shorter, so this much lies between two pages once the bytes are used up.
    package static let frugalGap: Duration = .seconds(675)
    /// How long a person's request for a sync stands when no sync is reached.
    package static let askedFor: Duration = .seconds(600)
    /// How long a clock has to show an earlier date before it is taken at its word.
    package static let secondsBehindMax: Int64 = 86_400
    /// What looks at the feed may cost beyond the day's bytes, at least: a day of looks that bring nothing.
    package static let reserveMin: Int64 = 256 << 10

    package var terms: Terms
    package private(set) var kept: Kept
    /// When the last page of the feed was asked for, on the monotonic clock.
    private var lastPage: Duration?
    /// Until when a person's request for a sync stands, on the monotonic clock.
    package private(set) var askedUntil: Duration?

    package init(_ terms: Terms = Terms(), kept: Kept) {
        self.terms = terms
        self.kept = kept
    }

    // MARK: What happens

    /// Bytes went or came.
    package mutating func carried(_ bytes: Int64) {
        let (sum, isTooMuch) = kept.used.addingReportingOverflow(max(0, bytes))
        kept.used = isTooMuch ? .max : sum
    }

    /// Looks at the date. A later one than any before gives the day's bytes. An earlier one gives nothing, so that a clock
    /// that goes to and fro gives no bytes without end; but once it has stood for a day of running time it is taken at its
    /// word, so that a clock that once was years ahead does not lock the link. True when bytes were given.
    /// - Parameters: the date in days since 1970 by clock and zone; whole seconds since the last look.
    package mutating func turn(to day: Int64, after seconds: Int64) -> Bool {
        if day == kept.day {
            kept.secondsBehind = 0
            return false
        }
        if day < kept.day {
            kept.secondsBehind += max(0, seconds)
            guard kept.secondsBehind >= Allowance.secondsBehindMax else { return false }
        }
        (kept.day, kept.used, kept.secondsBehind) = (day, 0, 0)
        return true
    }

    /// A person asks for a sync: edits and feed go whatever was used, until it is reached or time is over.
    package mutating func ask(at now: Duration) { askedUntil = now + Allowance.askedFor }

    /// The sync that a person asked for was reached.
    package mutating func answered() { askedUntil = nil }

    /// A person asks for the bill records: they come whatever was used, until all are here.
    package mutating func askForRecords() { kept.areRecordsAsked = true }

    package mutating func recordsAreHere() { kept.areRecordsAsked = false }

    /// A page of the feed is asked for.
    package mutating func noteFeedPage(at now: Duration) { lastPage = now }

    // MARK: What may go

    /// Bytes that a day may cost; nil when nothing limits them.
    package var limit: Int64? { terms.isMetered ? terms.dailyBytes : nil }

    /// The day's bytes are used up.
    package var isUsedUp: Bool { limit.map { kept.used >= $0 } ?? false }

    /// What looks at the feed may cost beyond the day's bytes.
    package var reserve: Int64 { limit.map { max($0 / 4, Allowance.reserveMin) } ?? 0 }

    /// Whether the server may hold a request until something changes: what keeps a connection open costs bytes.
    package var mayHold: Bool { !terms.isMetered }

    /// Whether every reply is to come in gzip, however fast the link is.
    package var wantsGzip: Bool { terms.isMetered }

    /// How long the feed rests, where it would rest for `interval`.
    package func rest(_ interval: Duration) -> Duration {
        guard terms.isMetered else { return interval }
        return max(interval, isUsedUp ? Allowance.frugalRest : Allowance.meteredRest)
    }

    /// Whether edits go that are no decision to freeze, to unfreeze or about a budget. Those always go.
    package func maySendEverything(at now: Duration) -> Bool { !isUsedUp || isAsked(at: now) }

    /// Whether a page of the feed may be asked for. Once the bytes are used up one may now and then, within the reserve.
    package func mayLook(at now: Duration) -> Bool {
        guard let limit, isUsedUp, !isAsked(at: now) else { return true }
        guard kept.used - limit < reserve else { return false }
        return lastPage.map { now - $0 >= Allowance.frugalGap } ?? true
    }

    /// Whether bill records may be fetched. `feedWaits`: there is no feed to follow without them, as after a change of the
    /// epoch; then they come without being asked for, within the day's bytes.
    package func mayFetchRecords(at now: Duration, feedWaits: Bool) -> Bool {
        #if FIELDBOOK_DEFECTS
        if Defect.planted == .meterIgnored { return true }
        #endif
        guard terms.isMetered, !kept.areRecordsAsked else { return true }
        return feedWaits && maySendEverything(at: now)
    }

    private func isAsked(at now: Duration) -> Bool { askedUntil.map { now < $0 } ?? false }
}
