package import HTTPKit
package import SyncProtocol

extension Local {
    /// What one lane to the server waits for.
    package struct LaneWait: Sendable, Hashable, Codable {
        /// `pull`, `push`, `fill` or `load`; a newer daemon may have others.
        package var lane: String
        /// One word, of which a newer daemon may know more: see the manual on `fieldbook status`.
        package var waitsFor: String
        /// When it goes on by itself, RFC 3339; absent when only what it waits for ends the waiting.
        package var until: String?
        /// Failures in a row before it.
        package var failures: Int

        package init(lane: String, waitsFor: String, until: String?, failures: Int) {
            self.lane = lane
            self.waitsFor = waitsFor
            self.until = until
            self.failures = failures
        }
    }

    /// Requests and their bytes, both ways.
    package struct Carried: Sendable, Hashable, Codable {
        package var requests: WireInteger
        package var bytesSent: WireInteger
        package var bytesReceived: WireInteger

        package init(_ totals: Traffic.Totals) {
            requests = WireInteger(totals.requests)
            bytesSent = WireInteger(totals.bytesSent)
            bytesReceived = WireInteger(totals.bytesReceived)
        }
    }

    /// How a metered link stands; absent where the link is not metered.
    package struct Metering: Sendable, Hashable, Codable {
        /// Bytes that a day may cost; absent when nothing limits them.
        package var dailyBytes: WireInteger?
        package var usedBytes: WireInteger
        package var usedUp: Bool
        /// What waits: `records`, `edits`, `feed`; a newer daemon may have others.
        package var waits: [String]
        /// A person asked for the bill records, and they are not all here.
        package var recordsAsked: Bool
        /// When the day's bytes are given anew, RFC 3339.
        package var anewAt: String?

        package init(usedBytes: Int64, usedUp: Bool, waits: [String], recordsAsked: Bool) {
            self.usedBytes = WireInteger(usedBytes)
            self.usedUp = usedUp
            self.waits = waits
            self.recordsAsked = recordsAsked
        }
    }

    /// What one lane carried: on this day (by the device's clock and zone), and since the daemon began to work for its
    /// user.
    package struct LaneTraffic: Sendable, Hashable, Codable {
        package var lane: String
        package var today: Carried
        package var sinceStart: Carried

        package init(lane: String, today: Carried, sinceStart: Carried) {
            self.lane = lane
            self.today = today
            self.sinceStart = sinceStart
        }
    }
}
