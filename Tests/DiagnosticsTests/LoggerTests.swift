import Diagnostics
import Glibc
import TestKit
import Testing

@Suite struct LoggerTests {
    private let clock = FixedClock(seconds: 1_795_229_185)

    @Test func `an event is one line and one write`() throws {
        let receiver = try Receiver()
        let log = Logger(program: "fieldbookd", descriptor: receiver.sending, clock: clock)
        log.log(.notice, "started", [("socket", "/run/a b"), ("tries", "3")])
        #expect(
            receiver.message()
                == "time=2026-11-21T02:46:25Z level=notice program=fieldbookd event=started socket=\"/run/a b\" tries=3\n"
        )
    }

    // Not parameters of the test: the test runner would print them as they are.
    private let values = [
        ("", "\"\""), ("plain-1.5/x", "plain-1.5/x"), ("two words", "\"two words\""), ("a=b", "\"a=b\""),
        ("say \"no\"", "\"say \\\"no\\\"\""), ("back\\slash", "\"back\\\\slash\""),
        ("x\nlevel=error event=forged", "\"x\\nlevel=error event=forged\""), ("cr\rtab\t", "\"cr\\rtab\\t\""),
        ("\u{1B}[2J", "\"\\u{1b}[2J\""), ("\u{9B}31m", "\"\\u{9b}31m\""), ("nul\u{0}", "\"nul\\u{0}\""),
        ("\u{7F}", "\"\\u{7f}\""),
        ("\u{202E}evil", "\"\\u{202e}evil\""), ("\u{2028}", "\"\\u{2028}\""), ("华云", "\"华云\""),
        ("\u{FFFD}", "\"\u{FFFD}\""),
    ]

    @Test func `a value can't end its line or leave its quotes`() throws {
        let receiver = try Receiver()
        for (value, written) in values {
            Logger(program: "p", descriptor: receiver.sending, clock: clock).log(.error, "e", [("k", value)])
            #expect(receiver.message() == "time=2026-11-21T02:46:25Z level=error program=p event=e k=\(written)\n")
        }
    }

    @Test func `keys and events are made safe too`() throws {
        let receiver = try Receiver()
        let log = Logger(program: "p", descriptor: receiver.sending, clock: clock)
        log.log(.error, "two\nlines", [("a b=\n", "1"), ("", "2")])
        #expect(
            receiver.message() == "time=2026-11-21T02:46:25Z level=error program=p event=\"two\\nlines\" a_b__=1 _=2\n")
    }

    @Test func `a huge value is cut between scalars and the line stays whole`() throws {
        let receiver = try Receiver()
        let log = Logger(program: "p", descriptor: receiver.sending, clock: clock)
        for unit in ["x", "é", "华", "👩‍👩‍👧", "e\u{301}\u{302}\u{303}", "\n", "\u{1B}", "\""] {
            log.log(.error, "e", [("k", String(repeating: unit, count: 200_000)), ("after", "1")])
            let line = receiver.message()
            #expect(line.utf8.count <= 4096)
            #expect(line.hasSuffix("…\" after=1\n"))
            #expect(!line.unicodeScalars.contains("\u{FFFD}"))
            #expect(line.utf8.filter { $0 == 0x0A }.count == 1)
        }
    }

    @Test func `a line with too many fields says that it is cut`() throws {
        let receiver = try Receiver()
        let fields = (0..<10_000).map { ("key\($0)", String(repeating: "\u{1}", count: 100)) }
        Logger(program: "p", descriptor: receiver.sending, clock: clock).log(.error, "e", fields)
        let line = receiver.message()
        #expect(line.utf8.count <= 4096)
        #expect(line.hasSuffix(" cut=true\n"))
    }

    @Test func `settings change a logger and every copy of it, and one that says nothing nothing`() throws {
        let receiver = try Receiver()
        let log = Logger(program: "p", descriptor: receiver.sending, clock: clock)
        let copy = log
        log.follow(Settings(variables: { ["FIELDBOOK_LOG_LEVEL": "info", "FIELDBOOK_LOG_FORMAT": "json"][$0] }))
        copy.log(.info, "e")
        #expect(receiver.message().hasPrefix("{"))
        log.follow(Settings(variables: { $0 == "FIELDBOOK_LOG_LEVEL" ? "loud" : nil }))
        copy.log(.info, "e")
        copy.log(.notice, "e")
        #expect(receiver.message().hasPrefix("time="))
    }

    @Test func `events below the level are not written`() throws {
        let receiver = try Receiver()
        for level in Logger.Level.allCases {
            let log = Logger(program: "p", level: level, descriptor: receiver.sending, clock: clock)
            for event in Logger.Level.allCases {
                log.log(event, "e")
                #expect(receiver.message().contains("level=\(event) ") == (event <= level))
            }
        }
    }

    @Test func `levels have words, and nothing else is a level`() {
        #expect(Logger.Level.allCases.map { "\($0)" } == ["error", "notice", "info", "debug", "trace"])
        #expect(Logger.Level("debug") == .debug)
        #expect(Logger.Level("DEBUG") == nil)
        #expect(Logger.Level("") == nil)
    }

    @Test func `a log that can't be written stops nobody`() {
        Logger(program: "p", descriptor: -1, clock: clock).log(.error, "e")
    }
}

/// A pair of datagram sockets: what arrives is exactly one write.
private final class Receiver {
    let sending: Int32
    private let receiving: Int32

    init() throws {
        var pair: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, &pair) == 0)
        (sending, receiving) = (pair[0], pair[1])
    }

    deinit {
        close(sending)
        close(receiving)
    }

    /// The next message; empty when there is none.
    func message() -> String {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(receiving, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
