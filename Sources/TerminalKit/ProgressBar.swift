package import Diagnostics

/// Progress on stderr, only where that is a terminal: a bar, or in the plain form a line for every tenth.
package struct ProgressBar {
    private static let barColumns = 30

    private let terminal: Terminal
    private let title: String
    /// What takes less than `patience` shows no progress.
    private let patience: (clock: any WallClock, until: Duration)?
    private var lastTenth: Int64 = -1
    private var lastLine = ""

    package init(_ title: String, terminal: Terminal) {
        self.title = TextWidth.safe(title)
        self.terminal = terminal
        patience = nil
    }

    /// A bar that appears only once it has been a second.
    package init(_ title: String, terminal: Terminal, clock: any WallClock) {
        self.title = TextWidth.safe(title)
        self.terminal = terminal
        patience = (clock, clock.monotonicNow() + .seconds(1))
    }

    /// Shows how far it is. A total that is unknown, or passed, is shown as such and never as more than all of it.
    package mutating func update(done: Int64, total: Int64) {
        guard terminal.isErrorTerminal else { return }
        if let patience, patience.clock.monotonicNow() < patience.until { return }
        let done = max(0, done)
        let percent = ProgressBar.percent(done, of: total)
        let count = total > 0 ? "\(done) of \(total)" : "\(done)"
        if terminal.isPlain {
            guard percent / 10 > lastTenth else { return }
            lastTenth = percent / 10
            return terminal.writeError("\(title) \(percent) %, \(count)\n")
        }
        let filled = Int(percent) * ProgressBar.barColumns / 100
        let bar =
            String(repeating: "#", count: filled) + String(repeating: ".", count: ProgressBar.barColumns - filled)
        let line = "\(title) [\(bar)] \(percent) %  \(count)"
        guard line != lastLine else { return }
        // Blanks over what a longer line left behind; no escape sequences, so a simple terminal shows it too.
        let blanks = String(repeating: " ", count: max(0, TextWidth.of(lastLine) - TextWidth.of(line)))
        lastLine = line
        terminal.writeError("\r\(line)\(blanks)")
    }

    /// Ends the line of a bar.
    package func finish() { if !lastLine.isEmpty { terminal.writeError("\n") } }

    private static func percent(_ done: Int64, of total: Int64) -> Int64 {
        guard total > 0 else { return 0 }
        guard done < total else { return 100 }
        let (high, low) = done.multipliedFullWidth(by: 100)
        return total.dividingFullWidth((high, low)).quotient
    }
}
