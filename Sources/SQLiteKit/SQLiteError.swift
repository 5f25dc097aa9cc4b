import CSQLite
import Synchronization

/// What SQLite refused, in words for people. Messages name the action and SQLite's reason, never a bound value.
package struct SQLiteError: Error, Sendable, CustomStringConvertible {
    /// What kind of refusal it is. Exit codes and decisions to retry depend on it.
    package enum Code: String, Sendable {
        case locked, corrupt, notADatabase, diskFull, readOnly, cannotOpen, constraint, schemaTooNew, tooOld, ioError
        case misuse, interrupted, other
    }

    package let code: Code
    /// SQLite's extended result code; 0 when the error is our own.
    package let extendedCode: Int32
    package let what: String
    package let why: String
    package let next: String
    package let isRetryable: Bool

    package var description: String { "\(what): \(why)" }

    package init(code: Code, extendedCode: Int32 = 0, what: String, why: String, next: String) {
        self.code = code
        self.extendedCode = extendedCode
        self.what = what
        self.why = why
        self.next = next
        isRetryable = code == .locked || code == .diskFull || code == .interrupted
    }

    private static let locked = Mutex(0)
    /// How often a step of this process found a file locked by another connection past its patience.
    package static var lockedCount: Int { locked.withLock { $0 } }

    /// The error of a result code (https://sqlite.org/rescode.html).
    init(result: Int32, what: String, detail: String? = nil) {
        let (code, next): (Code, String) =
            switch result & 0xFF {
            case SQLITE_BUSY, SQLITE_LOCKED: (.locked, "close the other program that holds the file, then try again")
            case SQLITE_CORRUPT: (.corrupt, "keep the file for inspection and see the manual on damaged files")
            case SQLITE_NOTADB: (.notADatabase, "move the file away; it was not made by this program")
            case SQLITE_FULL: (.diskFull, "free some disk space; nothing of this step was kept")
            case SQLITE_READONLY, SQLITE_PERM: (.readOnly, "check owner and mode of the file and its folder")
            case SQLITE_CANTOPEN: (.cannotOpen, "check that the folder exists and can be written")
            case SQLITE_CONSTRAINT: (.constraint, "report this as a defect")
            case SQLITE_IOERR: (.ioError, "check the disk; the step was not kept")
            case SQLITE_MISUSE: (.misuse, "report this as a defect")
            case SQLITE_INTERRUPT: (.interrupted, "try again, or ask for less at once")
            default: (.other, "report this as a defect")
            }
        if code == .locked { SQLiteError.locked.withLock { $0 += 1 } }
        self.init(
            code: code, extendedCode: result, what: what,
            why: detail ?? sqlite3_errstr(result).map { String(cString: $0) } ?? "result \(result)", next: next)
    }
}
