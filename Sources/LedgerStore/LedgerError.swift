/// What the ledger refused.
package enum LedgerError: Error, Sendable {
    /// The cursor belongs to another epoch, scope or scope version, or to a place the ledger no longer has.
    case resyncRequired(why: String)
    /// The cursor is damaged or was not made by this ledger.
    case cursorRefused
    /// The customer whose records are asked for left the scope, or joined it anew since.
    case customerLeft
    /// The replica belongs to another member.
    case foreignReplica
    /// The same edit number came with another payload.
    case keyMismatch(number: Int64)
    /// A row or message in the file cannot be read.
    case damaged(String)
}
