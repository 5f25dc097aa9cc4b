package import Diagnostics
import Glibc

/// The standard streams of a program.
package struct Terminal: Sendable {
    package let isOutputTerminal: Bool
    package let isErrorTerminal: Bool

    package init() {
        isOutputTerminal = isatty(1) == 1
        isErrorTerminal = isatty(2) == 1
    }

    /// Columns of the output terminal; nil when it is none, and then nothing is cut.
    package var width: Int? {
        guard isOutputTerminal else { return nil }
        var size = winsize()
        if ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 { return Int(size.ws_col) }
        return 80
    }

    /// Writes results. A reader that went away ends the writing quietly.
    package func writeOutput(_ text: String) { Terminal.write(text, to: 1) }
    /// Writes everything that is not a result.
    package func writeError(_ text: String) { Terminal.write(text, to: 2) }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            offset += count
        }
    }

    /// Asks for a line on the controlling terminal without showing it.
    package func promptSecret(_ prompt: String) throws(UserError) -> String {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw UserError(.usage, what: "cannot ask for the token", why: "there is no terminal", next: "give it in a file: --token-file FILE")
        }
        defer { close(descriptor) }
        var before = termios()
        tcgetattr(descriptor, &before)
        var hidden = before
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(descriptor, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(descriptor, TCSAFLUSH, &before)
            Terminal.write("\n", to: descriptor)
        }
        Terminal.write(prompt, to: descriptor)
        return Terminal.line(descriptor)
    }

    /// Asks yes or no on the terminal; false when there is none.
    package func confirm(_ question: String) -> Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        Terminal.write("\(question) [y/N] ", to: descriptor)
        let answer = Terminal.line(descriptor).lowercased()
        return answer == "y" || answer == "yes"
    }

    private static func line(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < 4096, read(descriptor, &byte, 1) == 1, byte != 0x0A { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Progress on stderr: a bar on a terminal, elsewhere a line for every tenth.
package struct ProgressBar {
    private let terminal: Terminal
    private let title: String
    private var lastTenth: Int64 = -1

    package init(_ title: String, terminal: Terminal) {
        self.title = title
        self.terminal = terminal
    }

    package mutating func update(done: Int64, total: Int64) {
        let percent = total > 0 ? min(100, done * 100 / total) : 0
        if terminal.isErrorTerminal {
            let filled = Int(percent * 30 / 100)
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
            terminal.writeError("\r\(title) [\(bar)] \(percent) %  \(done) of \(total) ")
        } else if percent / 10 > lastTenth {
            lastTenth = percent / 10
            terminal.writeError("\(title) \(percent) %  \(done) of \(total)\n")
        }
    }

    package func finish() { if terminal.isErrorTerminal { terminal.writeError("\n") } }
}
