import Diagnostics
import Glibc
import TerminalKit
import TestKit
import Testing

@testable import fieldbook

/// `fieldbook status`, once with a code and again and again.
@Suite struct WatchTests {
    @Test func `a terminal is drawn in place: each line cleared to its end, the rest of the screen cleared`() {
        var view = WatchView(isScreen: true, isJSON: false)
        let first = view.show("one\nthree\n", [:], note: "now and then", width: 5, height: 24)
        #expect(first == "\u{1B}[2J\u{1B}[Hone\u{1B}[K\nthree\u{1B}[K\nnow …\u{1B}[K\n\u{1B}[J")
        let next = view.show("one\n", [:], note: "now", width: 40, height: 24)
        #expect(next == "\u{1B}[Hone\u{1B}[K\nnow\u{1B}[K\n\u{1B}[J")
    }

    @Test func `advice wider than the terminal goes on below, under the value it belongs to`() {
        var view = WatchView(isScreen: true, isJSON: false)
        let text = "server        not reached: nobody answers\n  look at: fieldbook doctor, then again\n"
        let drawn = view.show(text, [:], note: "now", width: 30, height: 24)
        let rows = drawn.split(separator: "\n").map {
            $0.replacing("\u{1B}[2J\u{1B}[H", with: "").replacing("\u{1B}[K", with: "")
        }
        #expect(
            rows.dropLast() == [
                "server        not reached:", "              nobody answers", "  look at: fieldbook doctor,",
                "    then again", "now",
            ])
        let low = view.show(text, [:], note: "now", width: 30, height: 5)
        #expect(low.split(separator: "\n").count == 5 && low.contains("now"), "the note stays on a low terminal")
    }

    @Test func `the plain form, a pipe and a simple terminal get no escape sequence`() {
        #expect(WatchView.isDrawn(onTerminal: true, plain: false, kind: "xterm"))
        #expect(!WatchView.isDrawn(onTerminal: true, plain: true, kind: "xterm"))
        #expect(!WatchView.isDrawn(onTerminal: false, plain: false, kind: "xterm"))
        for kind in [nil, "", "dumb"] { #expect(!WatchView.isDrawn(onTerminal: true, plain: false, kind: kind)) }
        var blocks = WatchView(isScreen: false, isJSON: false)
        let shown =
            blocks.show("a\n", [:], note: "1", width: 80, height: 24)
            + blocks.show("b\n", [:], note: "2", width: 80, height: 24)
        #expect(shown == "1\na\n\n2\nb\n")
    }

    @Test func `a low terminal never scrolls`() {
        var view = WatchView(isScreen: true, isJSON: false)
        let text = (0..<40).map { "\($0)\n" }.joined()
        for height in [4, 10, 60] {
            let drawn = view.show(text, [:], note: "now", width: 80, height: height)
            #expect(drawn.split(separator: "\n").count - 1 < height && drawn.contains("now"))
        }
    }

    @Test func `elsewhere blocks follow each other, and JSON is a line for each change`() {
        var blocks = WatchView(isScreen: false, isJSON: false)
        #expect(blocks.show("a\n", [:], note: "1", width: nil, height: nil) == "1\na\n")
        #expect(blocks.show("a\n", [:], note: "2", width: nil, height: nil) == "\n2\na\n")
        var lines = WatchView(isScreen: false, isJSON: true)
        let (one, two) = (["phase": JSONOutput.text("x")], ["phase": JSONOutput.text("y")])
        #expect(lines.show("", one, note: "", width: nil, height: nil) == "{\"phase\":\"x\"}\n")
        var grown = one
        grown["residentBytes"] = .integer(5)
        #expect(lines.show("", grown, note: "", width: nil, height: nil).isEmpty)
        #expect(lines.show("", two, note: "", width: nil, height: nil) == "{\"phase\":\"y\"}\n")
    }

    @Test func `watching goes on over the daemon's start and end, and ends well when told to`() throws {
        let installation = try Installation()
        let daemon = installation.daemon()
        #expect(eventually { installation.isServed })
        let watch = ChildProcess(
            ChildProcess.program("fieldbook"), ["status", "--watch", "--every", "1", "--json"],
            environment: ["FIELDBOOK_HOME": installation.home])
        #expect(eventually { watch.output.contains("\"daemonRunning\":true") })
        daemon.signal(SIGTERM)
        #expect(daemon.wait() == 0)
        #expect(eventually { watch.output.contains("\"daemonRunning\":false") })
        watch.signal(SIGINT)
        #expect(watch.wait() == 0)
        #expect(watch.output.split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
    }

    @Test func `the exit code tells a script, and options that do not fit are refused`() throws {
        let installation = try Installation()
        let daemon = installation.daemon()
        #expect(eventually { installation.isServed })
        #expect(eventually { installation.run(["status", "--exit-code"]).code == 75 })
        let shown = installation.run(["status"]).output
        for part in ["the feed: another try after", "your edits: the greeting", "agreement     none yet", "today  "] {
            #expect(shown.contains(part), "\(shown)")
        }
        daemon.signal(SIGTERM)
        #expect(daemon.wait() == 0)
        #expect(installation.run(["status", "--exit-code"]).code == 69 && installation.run(["status"]).code == 0)
        for words in [["--every", "2"], ["--watch", "--exit-code"], ["--watch", "--every", "0"]] {
            #expect(installation.run(["status"] + words).code == 64)
        }
    }

    @Test func `bytes are told in three figures`() {
        let sizes: [(Int64, String)] = [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9999, "9.9 kB"), (10_000, "10 kB"), (999_999, "999 kB"),
            (1_000_000, "1.0 MB"), (12_345_678, "12 MB"), (5_000_000_000, "5.0 GB"), (.max, "9223372 TB"),
        ]
        for (bytes, text) in sizes { #expect(Carriage.size(bytes) == text) }
    }
}
