import Digests
import SQLiteKit

/// Second factors of members: a secret shared with an authenticator, the last step used, and recent wrong codes.
extension Directory {
    /// What became of a code.
    package enum StepUpVerdict: Sendable, Hashable {
        case accepted
        /// Wrong, late or used before.
        case wrong
        case notEnrolled
        /// Too many wrong codes; seconds since 1970 when the next is looked at.
        case locked(until: Int64)
    }

    /// Wrong codes of an account within `failureSeconds` after which none is looked at.
    package static let failuresMax = 5
    package static let failureSeconds: Int64 = 600

    /// Enrols a member with a new secret in place of an older one, or takes it away. False when there was none to take.
    package func setStepUp(_ secret: [UInt8]?, partner: String, account: String, at: Int64) throws -> Bool {
        try connection.write { transaction in
            for table in ["step_up_failure", "step_up"] {
                let clear = try transaction.statement("DELETE FROM \(table) WHERE partner = ? AND account = ?")
                try clear.bind(1, partner)
                try clear.bind(2, account)
                try clear.run()
            }
            guard let secret else { return transaction.changes > 0 }
            let statement = try transaction.statement(
                "INSERT INTO step_up (partner, account, secret, last_step, enrolled_at) VALUES (?, ?, ?, 0, ?)")
            try statement.bind(1, partner)
            try statement.bind(2, account)
            try statement.bind(3, blob: secret)
            try statement.bind(4, at)
            try statement.run()
            return true
        }
    }

    /// Looks at a code at a moment of the machine's clock, the one that authenticators follow. That it was used, or was
    /// wrong, is durable on return.
    package func confirm(code: String, partner: String, account: String, at: Int64) throws -> StepUpVerdict {
        try connection.write { transaction in
            let known = try transaction.statement(
                "SELECT secret, last_step FROM step_up WHERE partner = ? AND account = ?")
            try known.bind(1, partner)
            try known.bind(2, account)
            guard let (secret, last) = try known.first({ ($0.blob(0), $0.int64(1)) }) else { return .notEnrolled }
            let failures = try transaction.statement(
                "SELECT at FROM step_up_failure WHERE partner = ? AND account = ? AND at > ? ORDER BY at DESC LIMIT ?")
            try failures.bind(1, partner)
            try failures.bind(2, account)
            try failures.bind(3, at - Directory.failureSeconds)
            try failures.bind(4, Int64(Directory.failuresMax))
            let times = try failures.rows { $0.int64(0) }
            if times.count == Directory.failuresMax, let oldest = times.last {
                return .locked(until: oldest + Directory.failureSeconds)
            }
            let step = TOTP.step(of: code, secret: secret, at: at, after: last)
            let note = try transaction.statement(
                step == nil
                    ? "INSERT INTO step_up_failure (partner, account, at) VALUES (?, ?, ?)"
                    : "UPDATE step_up SET last_step = ?3 WHERE partner = ?1 AND account = ?2")
            try note.bind(1, partner)
            try note.bind(2, account)
            try note.bind(3, step ?? at)
            try note.run()
            // A good code forgives; wrong ones are kept no longer than they count.
            let clear = try transaction.statement(
                "DELETE FROM step_up_failure WHERE partner = ? AND account = ? AND at <= ?")
            try clear.bind(1, partner)
            try clear.bind(2, account)
            try clear.bind(3, step == nil ? at - Directory.failureSeconds : Int64.max)
            try clear.run()
            return step == nil ? .wrong : .accepted
        }
    }
}
