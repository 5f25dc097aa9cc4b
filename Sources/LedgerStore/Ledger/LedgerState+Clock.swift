package import Diagnostics
import SQLiteKit

extension LedgerState {
    /// The moment by the ledger's clock: the machine's, moved by the offset that was set. The one place that adds it.
    package func now(by clock: any WallClock) -> Instant { clock.now().advanced(by: .seconds(clockOffset)) }
}

extension LedgerWriter {
    /// Sets by how many seconds the ledger's clock is ahead of the machine's. This transaction keeps the old one.
    package func setClockOffset(_ seconds: Int64) throws {
        let statement = try connection.statement("UPDATE ledger_state SET clock_offset = ? WHERE id = 1")
        try statement.bind(1, seconds)
        try statement.run()
    }
}
