import Diagnostics
import Glibc
import TerminalKit
import TestKit
import Testing

@Suite struct TerminalTests {
    private let folder = TemporaryDirectory()

    /// Runs with a terminal that writes to files, and gives back what it wrote.
    private func written(_ body: (Terminal) -> Void) -> (output: String, error: String) {
        writeFile(folder.file("out"), "")
        writeFile(folder.file("err"), "")
        let (output, error) = (open(folder.file("out"), O_WRONLY), open(folder.file("err"), O_WRONLY))
        body(Terminal(output: output, error: error))
        close(output)
        close(error)
        return (
            String(decoding: readFile(folder.file("out")), as: UTF8.self),
            String(decoding: readFile(folder.file("err")), as: UTF8.self)
        )
    }

    @Test func `results and remarks go to their own streams`() {
        let streams = written { terminal in
            terminal.writeOutput("result\n")
            terminal.writeError("remark\n")
            #expect(!terminal.isOutputTerminal && !terminal.isErrorTerminal)
            #expect(terminal.width == nil)
            #expect(terminal.outputFailure == nil)
        }
        #expect(streams == ("result\n", "remark\n"))
    }

    @Test func `a pipe that is full and non-blocking gets everything in the end`() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        let thread = Thread {
            Terminal(output: writing).writeOutput(String(repeating: "0123456789", count: 100_000))
            close(writing)
        }
        var total = 0
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            var waiting = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            poll(&waiting, 1, -1)
            let count = read(reading, &chunk, chunk.count)
            if count == 0 { break }
            total += max(0, count)
        }
        thread.join()
        close(reading)
        #expect(total == 1_000_000)
    }

    @Test func `a full disk behind the results is an error to end with`() throws {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        let terminal = Terminal(output: full)
        terminal.writeOutput("lost")
        terminal.writeOutput("lost too")
        let failure = try #require(terminal.outputFailure)
        #expect(failure.exitCode == .failed)
        #expect(failure.why == "No space left on device")
    }

    @Test func `a reader that went away ends the writing quietly`() async {
        await #expect(processExitsWith: .success) {
            Signals.prepare()
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { exit(1) }
            close(ends[0])
            let terminal = Terminal(output: ends[1])
            for _ in 0..<1000 { terminal.writeOutput("line\n") }
            exit(terminal.outputFailure == nil ? 0 : 2)
        }
    }

    @Test func `the width is the terminal's, 80 where it does not tell`() throws {
        let pair = try TerminalPair()
        var size = winsize(ws_row: 24, ws_col: 132, ws_xpixel: 0, ws_ypixel: 0)
        #expect(Terminal(output: pair.program).width == 80)
        _ = ioctl(pair.program, UInt(TIOCSWINSZ), &size)
        #expect(Terminal(output: pair.program).width == 132)
        size.ws_col = 3
        _ = ioctl(pair.program, UInt(TIOCSWINSZ), &size)
        #expect(Terminal(output: pair.program).width == 80)
    }

    @Test func `an error on a terminal is in lines that it shows whole, elsewhere in one`() throws {
        let failure = UserError(
            .unreachable, what: "cannot ask for the service", why: "systemd does not know of this session",
            next: "run it without: fieldbook daemon start")
        let pair = try TerminalPair()
        var size = winsize(ws_row: 24, ws_col: 40, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(pair.program, UInt(TIOCSWINSZ), &size)
        Terminal(output: pair.program, error: pair.program).tell(failure, by: "book")
        #expect(
            pair.shown().replacing("\r\n", with: "\n") == """
                book: cannot ask for the service:
                    systemd does not know of this
                    session
                  run it without: fieldbook daemon start

                """)
        Terminal(output: pair.program, error: pair.program, isPlain: true).remark(String(repeating: "a b ", count: 20))
        #expect(!pair.shown().contains("\n"), "a screen reader gets sentences whole")
        #expect(written { $0.tell(failure, by: "book") }.error == failure.rendered(program: "book"))
    }

    @Test func `elsewhere than on a terminal no progress is shown`() {
        let text = written { terminal in
            var bar = ProgressBar("first load", terminal: terminal)
            for done in stride(from: Int64(0), through: 1000, by: 7) { bar.update(done: done, total: 1000) }
            bar.finish()
        }.error
        #expect(text.isEmpty)
    }

    @Test func `the plain form of progress is a line for every tenth, and nothing moves`() throws {
        let pair = try TerminalPair()
        var bar = ProgressBar(
            "first load", terminal: Terminal(output: pair.program, error: pair.program, isPlain: true))
        for done in stride(from: Int64(0), through: 1000, by: 7) { bar.update(done: done, total: 1000) }
        for _ in 0..<2 { bar.update(done: 1000, total: 1000) }
        bar.finish()
        let lines = pair.shown().split(separator: "\r\n")
        #expect(lines.count == 11)
        #expect(lines.first == "first load 0 %, 0 of 1000" && lines.last == "first load 100 %, 1000 of 1000")
    }

    @Test func `what is done within a second shows no progress`() throws {
        let pair = try TerminalPair()
        let clock = FixedClock()
        var bar = ProgressBar("load", terminal: Terminal(output: pair.program, error: pair.program), clock: clock)
        bar.update(done: 1, total: 4)
        #expect(pair.shown().isEmpty)
        clock.advance(seconds: 1)
        bar.update(done: 2, total: 4)
        bar.finish()
        #expect(pair.shown().hasSuffix("50 %  2 of 4\r\n"))
    }

    @Test func `on a terminal progress is one line that changes`() throws {
        let pair = try TerminalPair()
        var bar = ProgressBar("load\u{1B}[2J", terminal: Terminal(output: pair.program, error: pair.program))
        bar.update(done: 50, total: 100)
        bar.update(done: 50, total: 100)
        bar.update(done: 2, total: 4)
        bar.finish()
        let half = "[###############...............] 50 %  "
        #expect(pair.shown() == "\rload\\u{1b}[2J \(half)50 of 100\rload\\u{1b}[2J \(half)2 of 4   \r\n")
    }

    @Test(arguments: [
        (Int64.max, Int64.max, "100 %"), (.max - 1, .max, "99 %"), (.max, 1, "100 %"), (.min, .max, "0 %"),
        (-5, -5, "0 %"), (5, 0, "0 %"),
        (5, .min, "0 %"), (999, 1000, "99 %"), (.max / 2, .max, "49 %"),
    ])
    func `no figure breaks the progress`(done: Int64, total: Int64, percent: String) throws {
        let pair = try TerminalPair()
        var bar = ProgressBar("x", terminal: Terminal(output: pair.program, error: pair.program, isPlain: true))
        bar.update(done: done, total: total)
        bar.finish()
        #expect(pair.shown().hasPrefix("x \(percent), "))
    }
}
