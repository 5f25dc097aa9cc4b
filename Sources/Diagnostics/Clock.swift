import Glibc

/// A moment in microseconds since 1970-01-01T00:00:00Z.
///
/// Figures from files and peers become moments, so arithmetic stops at the ends of the range instead of trapping.
package struct Instant: Sendable, Hashable, Comparable {
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        microseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds since 1970, rounded down.
    package var seconds: Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// The moment that much later.
    package func advanced(by duration: Duration) -> Instant {
        let (seconds, attoseconds) = duration.components
        let whole = Instant(seconds: seconds).microseconds
        return Instant(microseconds: Instant.sum(Instant.sum(microseconds, whole), attoseconds / 1_000_000_000_000))
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? (right < 0 ? .min : .max) : sum
    }

    package static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }
}

/// Proleptic Gregorian calendar arithmetic on day numbers since 1970-01-01.
package enum CivilDate {
    /// The date of a day.
    package static func date(fromDays days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = Int(monthIndex < 10 ? monthIndex + 3 : monthIndex - 9)
        return (
            Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0), month, Int(dayOfYear - (153 * monthIndex + 2) / 5 + 1)
        )
    }

    /// The number of a day; the date must be one of the calendar.
    package static func days(year: Int, month: Int, day: Int) -> Int64 {
        let shiftedYear = Int64(month <= 2 ? year - 1 : year)
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let monthIndex = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * monthIndex + 2) / 5 + Int64(day) - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// How long a month is.
    package static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Time, handed in so that a simulator can hold it.
package protocol WallClock: Sendable {
    /// The moment by the device's clock; it may be wrong and may jump.
    func now() -> Instant
    /// Time since an unspecified start; it never goes back.
    func monotonicNow() -> Duration
    /// Seconds by which this machine's zone is ahead of UTC at a moment.
    func secondsAheadOfUTC(at moment: Instant) -> Int64
}

extension WallClock {
    package func secondsAheadOfUTC(at moment: Instant) -> Int64 { 0 }

    /// The date of a moment in this machine's zone, in days since 1970.
    package func localDay(of moment: Instant) -> Int64 {
        let (sum, isTooMuch) = moment.seconds.addingReportingOverflow(secondsAheadOfUTC(at: moment))
        let seconds = isTooMuch ? moment.seconds : sum
        return seconds / 86_400 - (seconds % 86_400 < 0 ? 1 : 0)
    }

    /// When the date changes next in this machine's zone, to the hour that a change of its offset may add or take.
    package func nextLocalDay(after moment: Instant) -> Instant {
        let (start, isTooMuch) = (localDay(of: moment) + 1).multipliedReportingOverflow(by: 86_400)
        return isTooMuch ? moment : Instant(seconds: start - secondsAheadOfUTC(at: moment))
    }
}

/// The system's clocks. The only place that reads them.
package struct SystemClock: WallClock {
    package init() {}

    package func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    package func monotonicNow() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    package func secondsAheadOfUTC(at moment: Instant) -> Int64 {
        var (seconds, parts) = (time_t(moment.seconds), tm())
        return localtime_r(&seconds, &parts) == nil ? 0 : Int64(parts.tm_gmtoff)
    }
}

/// Chance, handed in so that a seed can decide it.
package protocol Chance: Sendable {
    func next() -> UInt64
}

extension Chance {
    /// As many bytes of chance as asked.
    package func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0.prefix(count - bytes.count)) }
        }
        return bytes
    }
}

/// The kernel's random source.
package struct SystemChance: Chance {
    package init() {}
    package func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}
