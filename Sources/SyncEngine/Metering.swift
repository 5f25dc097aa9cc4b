package import Diagnostics

/// How a metered link stands: what went today and what waits for it.
package struct Metering: Sendable, Hashable {
    package var isMetered = false
    /// Bytes that a day may cost; nil when nothing limits them.
    package var limit: Int64?
    /// Bytes that went today, counted whether they are limited or not.
    package var used: Int64 = 0
    package var isUsedUp = false
    /// Bill records are not fetched: those of a load, or old ones of customers that joined.
    package var recordsWait = false
    /// A person asked for the bill records, and they are not all here.
    package var areRecordsAsked = false
    /// Edits that are no decision about a freeze or a budget are not sent.
    package var editsWait = false
    /// A look at the feed was due and not made.
    package var feedWaits = false
    /// When the day's bytes are given anew; nil while they are not used up, or the clock shows an earlier day.
    package var anewAt: Instant?

    package init() {}

    package var somethingWaits: Bool { recordsWait || editsWait || feedWaits }
}
