package import Diagnostics
import Glibc
import Synchronization

/// The standard streams of a program.
package struct Terminal: Sendable {
    package let isOutputTerminal: Bool
    package let isErrorTerminal: Bool
    /// Results go to a file, which never keeps a writer waiting for a reader.
    package let isOutputFile: Bool
    /// Nothing in columns, drawn or moved: every value with its label, for a screen reader.
    package let isPlain: Bool
    private let output: Int32
    private let error: Int32
    private let failure = FirstFailure()

    /// - Parameters: descriptors of results and of everything else; whether a screen reader reads them.
    package init(output: Int32 = 1, error: Int32 = 2, isPlain: Bool = false) {
        self.isPlain = isPlain
        self.output = output
        self.error = error
        isOutputTerminal = isatty(output) == 1
        isErrorTerminal = isatty(error) == 1
        var info = stat()
        isOutputFile = fstat(output, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
    }

    /// The same streams, read by a screen reader or not.
    package func plain(_ isPlain: Bool) -> Terminal { Terminal(output: output, error: error, isPlain: isPlain) }

    /// Whether the environment asks for the plain form: `FIELDBOOK_PLAIN` with anything but nothing, `0` or `no`.
    package static var isPlainAsked: Bool {
        Paths.variable("FIELDBOOK_PLAIN").map { !["", "0", "no", "false"].contains($0) } ?? false
    }

    /// Columns of the output terminal; nil when it is none, and then nothing is cut.
    package var width: Int? { isOutputTerminal ? Terminal.columns(of: output) : nil }

    private static func columns(of descriptor: Int32) -> Int {
        var size = winsize()
        return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col >= 20 ? Int(size.ws_col) : 80
    }

    /// Rows of the output terminal; nil when it is none.
    package var height: Int? {
        guard isOutputTerminal else { return nil }
        var size = winsize()
        return ioctl(output, UInt(TIOCGWINSZ), &size) == 0 && size.ws_row >= 4 ? Int(size.ws_row) : 24
    }

    /// False once results can't be written any more: what would go on writing them can end.
    package var isOutputOpen: Bool { failure.code == 0 }

    /// Writes results. A reader that went away ends the writing quietly; another failure is kept in `outputFailure`.
    package func writeOutput(_ text: String) {
        guard failure.code == 0 else { return }
        failure.keep(Terminal.write(text, to: output))
    }

    /// Writes results that are bytes already. False when the reader went away or the writing failed before.
    package func writeOutput(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard failure.code == 0 else { return false }
        failure.keep(Terminal.write(bytes, to: output))
        return failure.code == 0
    }

    /// Whether results can be written at once, waiting at most so long for whoever reads them. A pipe then takes
    /// `PIPE_BUF` bytes.
    package func takesOutput(withinMilliseconds milliseconds: Int) -> Bool {
        var waiting = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
        return poll(&waiting, 1, Int32(clamping: max(0, milliseconds))) != 0
    }

    /// Writes everything that is not a result. There is nowhere to tell a failure.
    package func writeError(_ text: String) { _ = Terminal.write(text, to: error) }

    /// Writes an error, or a remark, in lines that a terminal shows whole; what goes on stands four columns in, further than
    /// the advice below an error. Elsewhere no line is broken.
    package func tell(_ failure: UserError, by program: String) { remark(failure.rendered(program: program)) }

    /// See `tell`.
    package func remark(_ text: String) {
        guard isErrorTerminal, !isPlain else { return writeError(text) }
        let columns = Terminal.columns(of: error)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            TextWidth.of(String(line)) <= columns ? String(line) : Terminal.wrapped(String(line), to: columns)
        }
        writeError(lines.joined(separator: "\n"))
    }

    private static func wrapped(_ line: String, to columns: Int) -> String {
        let indent = String(line.prefix { $0 == " " })
        let rows = TextWidth.wrap(line, to: columns - indent.count, then: columns - 4)
        return indent + rows.joined(separator: "\n    ")
    }

    /// Why results were not written whole, for the program to end with; nil when they were, or when the reader left.
    package var outputFailure: UserError? {
        let code = failure.code
        guard code != 0, code != EPIPE else { return nil }
        return UserError(
            .failed, what: "cannot write the answer", why: String(cString: strerror(code)),
            next: "check where the output goes")
    }

    static func write(_ text: String, to descriptor: Int32) -> Int32 {
        Array(text.utf8).withUnsafeBytes { write($0, to: descriptor) }
    }

    /// Writes all of it; 0, or the error number.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
        var offset = 0
        while offset < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
            if count > 0 {
                offset += count
            } else if count < 0, errno == EAGAIN {
                // Somebody before us left the shared terminal non-blocking.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if count == 0 || errno != EINTR {
                return count < 0 ? errno : EIO
            }
        }
        return 0
    }

    /// Asks for a line on the controlling terminal without showing it.
    /// `asked` names it and the option that gives it in a file.
    package func promptSecret(
        _ prompt: String, asked: (what: String, option: String) = ("token", "--token-file")
    ) throws(UserError) -> String {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            throw UserError(
                .usage, what: "cannot ask for the \(asked.what)", why: "there is no terminal",
                next: "give it in a file: \(asked.option) FILE")
        }
        defer { close(descriptor) }
        return try SecretPrompt.ask(prompt, on: descriptor, asked: asked)
    }

    /// Asks yes or no on the terminal; false when there is none.
    package func confirm(_ question: String) -> Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return Terminal.confirm(question, on: descriptor)
    }

    static func confirm(_ question: String, on descriptor: Int32) -> Bool {
        _ = write("\(TextWidth.safe(question)) [y/N] ", to: descriptor)
        var answer: [UInt8] = []
        var byte: UInt8 = 0
        while answer.count < 16 {
            let count = read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != UInt8(ascii: "\n") else { break }
            answer.append(byte)
        }
        return ["y", "yes"].contains(String(decoding: answer, as: UTF8.self).lowercased())
    }
}

/// The first error number of a stream.
private final class FirstFailure: Sendable {
    private let state = Mutex<Int32>(0)
    var code: Int32 { state.withLock { $0 } }
    func keep(_ code: Int32) { state.withLock { if $0 == 0 { $0 = code } } }
}
