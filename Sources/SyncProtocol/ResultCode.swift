/// What became of an edit. A closed list: an unknown code is a protocol error.
package enum ResultCode: String, Sendable, CaseIterable, Codable {
    // Terminal: stored, and given again for the same idempotency key.
    case applied, merged, noop, overruled, rejected, forbidden, unsupported, expired
    /// Standing: a conflict waits for a person.
    case held
    // Transient: never stored.
    case retry, blocked
    case needsStepUp = "needs_step_up"

    package var isTerminal: Bool {
        switch self {
        case .applied, .merged, .noop, .overruled, .rejected, .forbidden, .unsupported, .expired: true
        case .held, .retry, .blocked, .needsStepUp: false
        }
    }

    /// True for the refusals that set an edit aside as a dead letter.
    package var isRefusal: Bool {
        switch self {
        case .rejected, .forbidden, .unsupported, .expired: true
        case .applied, .merged, .noop, .overruled, .held, .retry, .blocked, .needsStepUp: false
        }
    }
}

/// Stable codes of problem replies (RFC 9457), with the HTTP status each comes with.
package enum ProblemCode: String, Sendable, CaseIterable {
    case badRequest = "bad-request"
    case unauthenticated
    case forbidden
    /// An administrator ended the access of the token or of its member; the replica is to wipe itself.
    case accessEnded = "access-ended"
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case keyMismatch = "key-mismatch"
    /// The cursor belongs to another epoch, scope or scope version, or is older than the tombstones kept.
    case resyncRequired = "resync-required"
    /// The customer whose records were asked for is no longer, or anew, in the scope; the feed says so too.
    case customerLeft = "customer-left"
    case tooLarge = "too-large"
    /// A part has none of the bytes that were asked for.
    case rangeNotSatisfiable = "range-not-satisfiable"
    case unsupported
    case busy
    case internalError = "internal-error"

    package var status: Int {
        switch self {
        case .badRequest: 400
        case .unauthenticated: 401
        case .forbidden, .accessEnded: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .keyMismatch: 409
        case .resyncRequired, .customerLeft: 410
        case .tooLarge: 413
        case .rangeNotSatisfiable: 416
        case .unsupported: 422
        case .busy: 503
        case .internalError: 500
        }
    }
}
