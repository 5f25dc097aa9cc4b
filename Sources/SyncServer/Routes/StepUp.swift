import Diagnostics
import LedgerStore
import SyncProtocol

/// What the code that came with a push says of one edit of it.
struct StepUp {
    let number: Int64
    let verdict: Directory.StepUpVerdict

    var isAccepted: Bool { verdict == .accepted }

    /// Why the edit is put off, and what to do next; nil when it is confirmed.
    func refusal(account: String) -> (message: String, next: String)? {
        let confirm = "confirm it again with: fieldbook edits confirm \(number)"
        switch verdict {
        case .accepted: return nil
        case .wrong: return ("the code was not accepted", "wait for the next code, then \(confirm)")
        case .notEnrolled:
            return (
                "\(account) has no authenticator enrolled",
                "an administrator enrols it with: fieldbook-server member step-up \(account)"
            )
        case .locked(let until):
            let time = Instant(seconds: until).rfc3339
            return ("there were too many wrong codes; none is looked at before \(time)", "after \(time), \(confirm)")
        }
    }
}
