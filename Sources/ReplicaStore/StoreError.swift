package import Diagnostics
package import PartnerModel
import SQLiteKit
import SyncProtocol

/// What the replica's store refused: a closed code, what failed, why, and what to do next.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    /// What kind of refusal it is. Exit codes and tests depend on it.
    package enum Code: String, Sendable {
        case locked, corrupt, schemaTooNew, diskFull, otherServer, otherUser, networkFileSystem, notFound, ambiguous
        /// The edit breaks a limit of the domain; `violation` says which.
        case refused
        case badPage, badState, other
        /// Bill records name an entry that is not there.
        case entryMissing
    }

    package let code: Code
    package let what: String
    package let why: String
    package let next: String
    package let violation: LimitViolation?
    /// Which of the edits asked for at once it is about, counted from 0; nil when it is about all of them.
    package var position: Int?

    package init(_ code: Code, what: String, why: String, next: String, violation: LimitViolation? = nil) {
        self.code = code
        self.what = what
        self.why = why
        self.next = next
        self.violation = violation
    }

    package init(_ violation: LimitViolation) {
        self.init(
            .refused, what: "the edit is not accepted", why: "\(violation.message) (\(violation.code))",
            next: violation.next,
            violation: violation)
    }

    package var isRetryable: Bool { code == .locked || code == .diskFull }
    package var description: String { "\(what): \(why)" }

    package var exitCode: ExitCode {
        switch code {
        case .refused, .notFound, .ambiguous, .badState: .refused
        case .otherUser, .otherServer: .denied
        case .schemaTooNew, .networkFileSystem: .settings
        case .locked, .diskFull, .corrupt, .badPage, .entryMissing, .other: .failed
        }
    }

    package var userError: UserError { UserError(exitCode, what: what, why: why, next: next) }

    /// Runs `body` and turns what it throws into a store error.
    static func wrap<Value>(_ body: () throws -> Value) throws(StoreError) -> Value {
        do { return try body() } catch { throw StoreError.from(error) }
    }

    private static func from(_ error: any Error) -> StoreError {
        switch error {
        case let error as StoreError: return error
        case let error as RowError:
            return StoreError(
                .badPage, what: "cannot apply a page", why: error.why, next: "it is asked for again by itself")
        case let error as SQLiteError:
            let code: Code =
                switch error.code {
                case .locked, .interrupted: .locked
                case .corrupt, .notADatabase: .corrupt
                case .diskFull: .diskFull
                case .schemaTooNew: .schemaTooNew
                default: .other
                }
            return StoreError(code, what: error.what, why: error.why, next: error.next)
        case let error as UserError: return StoreError(.other, what: error.what, why: error.why, next: error.next)
        case let error as WireCoding.Malformed:
            return StoreError(
                .corrupt, what: "cannot read a stored message", why: error.why, next: "report this as a defect")
        default: return StoreError(.other, what: "the store failed", why: "\(error)", next: "report this as a defect")
        }
    }
}
