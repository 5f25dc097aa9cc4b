/// Exit codes of every program; part of the interface.
package enum ExitCode: Int32, Sendable, CaseIterable {
    case done = 0
    case failed = 1
    /// The command line was wrong.
    case usage = 64
    /// The input was understood and refused.
    case refused = 65
    /// The daemon or the server could not be reached.
    case unreachable = 69
    /// Our own defect.
    case bug = 70
    /// Not yet: a wait ran out; try again.
    case notYet = 75
    /// The token or the permission was refused.
    case denied = 77
    /// Settings are missing or wrong. A service manager does not restart on it.
    case settings = 78

    /// What it says, for the manual.
    package var meaning: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .usage: "the command line was wrong"
        case .refused: "the input was understood and refused"
        case .unreachable: "the daemon or the server could not be reached"
        case .bug: "a defect of the program; please report it"
        case .notYet: "not yet: a wait ran out; try again"
        case .denied: "the token or a permission was refused"
        case .settings: "settings are missing or wrong"
        }
    }
}

/// A failure told to a person: what failed, why, and what to type next.
package struct UserError: Error, Sendable, CustomStringConvertible {
    package let exitCode: ExitCode
    package let what: String
    package let why: String
    package let next: String

    package init(_ exitCode: ExitCode, what: String, why: String, next: String) {
        self.exitCode = exitCode
        self.what = what
        self.why = why
        self.next = next
    }

    package var description: String { "\(what): \(why)" }

    /// The lines for stderr: `fieldbook: WHAT: WHY` and, indented, what to do next. Paths and names inside may come
    /// from anybody, so control characters are spelled out.
    package func rendered(program: String) -> String {
        "\(program): \(VisibleText.escape(what)): \(VisibleText.escape(why))\n"
            + (next.isEmpty ? "" : "  \(VisibleText.escape(next))\n")
    }
}
