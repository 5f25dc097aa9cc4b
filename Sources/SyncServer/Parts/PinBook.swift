import LedgerStore
import Synchronization

/// The pins of loads that began a short while ago, so that those who load next begin at the same ones and are given
/// the same parts. In memory: a server that was started anew makes new ones, and cursors of the old ones hold.
final class PinBook: Sendable {
    /// How long a pin is given to further loads.
    static let ageMax = Duration.seconds(15 * 60)
    /// Scopes whose last pin is remembered; the oldest goes first.
    private static let scopesMax = 4096

    private struct Key: Hashable {
        let partner: String
        let epoch: String
        let scope: Int64
        let version: Int64
    }

    private struct Content {
        var pins: [Key: (pin: SnapshotPin, since: Duration, turn: Int)] = [:]
        var turns = 0
        var shared: Int64 = 0
        var made: Int64 = 0
    }

    private let content = Mutex(Content())

    /// Loads that began at a pin of their own, and at one of another load.
    var counts: (made: Int64, shared: Int64) { content.withLock { ($0.made, $0.shared) } }

    /// The pin for a load that begins `now`, by the monotonic clock; `held` is the cursor of what the client shows.
    func pin(
        for scope: Scope, of partner: String, _ reader: LedgerReader, held: String?, now: Duration, serverTime: Int64
    ) throws -> SnapshotPin {
        let key = Key(partner: partner, epoch: reader.state.epoch, scope: scope.number, version: scope.version)
        if let known = content.withLock({ $0.pins[key] }), now - known.since < PinBook.ageMax,
            // A ledger's clock that was set back must not date a load into the future.
            known.pin.at <= serverTime, try reader.canShare(known.pin, scope: scope, held: held)
        {
            content.withLock { $0.shared += 1 }
            return known.pin
        }
        let pin = try reader.newPin(scope: scope, serverTime: serverTime)
        content.withLock { content in
            content.made += 1
            // A load whose transaction began earlier must not take the place of a newer pin.
            if let known = content.pins[key], known.pin.sequence > pin.sequence { return }
            content.turns += 1
            content.pins[key] = (pin, now, content.turns)
            if content.pins.count > PinBook.scopesMax,
                let oldest = content.pins.min(by: { $0.value.turn < $1.value.turn })
            {
                content.pins[oldest.key] = nil
            }
        }
        return pin
    }
}
