/// Why an exchange or the step after it came to nothing, as far as the machines care.
package enum Failure: Sendable, Hashable {
    /// The other end was not reached, answered 5xx or 429, or the reply was not ours. `retryAfter` is the server's wish.
    case transient(retryAfter: Duration?)
    /// The token was refused. Counts no try and touches no edit.
    case unauthenticated
    /// The cursor can't be continued: the image must be loaded anew. Never touches the outbox.
    case resyncRequired
    /// A local step failed (disk full, file locked): the network is not at fault.
    case local
    /// A person has to change something: another partner's token, a server too old or too new.
    case final
}
