import Glibc
import PropertyKit
import Testing

@testable import SyncLab

/// Files that nobody wrote in good faith: a sentence, at once, and never a trap.
@Suite struct ScenarioHostileTests {
    private static let head = "scenario \"x\"\ncustomer acme reseller\nmember ann operator\n"

    private static func good() -> String {
        var maker = Choices(seed: 5)
        return ScenarioMaker.scenario(&maker).text
    }

    /// Line of the refusal.
    private func refusal(_ bytes: [UInt8]) throws -> ScenarioError {
        try #require(throws: ScenarioError.self) { try ScenarioParser.parse(bytes) }
    }
    private func refusal(_ text: String) throws -> ScenarioError { try refusal(Array(text.utf8)) }

    @Test func `any bytes are a scenario or a sentence`() throws {
        try checkProperty("bytes", cases: 300) { choices in
            let bytes = choices.bytes(count: 0...200)
            do throws(ScenarioError) { _ = try ScenarioParser.parse(bytes) } catch {
                #expect(error.line >= 1 && error.column >= 1 && !error.why.isEmpty && !error.next.isEmpty)
            }
        }
    }

    @Test func `a good file with a few bytes changed is a scenario or a sentence`() throws {
        let good = Array(ScenarioHostileTests.good().utf8)
        try checkProperty("mutations", cases: 200) { choices in
            var bytes = good
            for _ in 0...choices.int(in: 0...3) {
                bytes[choices.int(in: 0...bytes.count - 1)] = UInt8(choices.int(in: 0...255))
            }
            do throws(ScenarioError) { _ = try ScenarioParser.parse(bytes) } catch { #expect(error.line >= 1) }
        }
    }

    @Test func `every beginning of a good file is a scenario or a sentence`() throws {
        let good = Array(ScenarioHostileTests.good().utf8.prefix(1500))
        for count in good.indices {
            do throws(ScenarioError) { _ = try ScenarioParser.parse(Array(good[..<count])) } catch {
                #expect(error.column >= 1 && !error.next.isEmpty, "\(count)")
            }
        }
    }

    @Test func `bytes that are no text are told with their line`() throws {
        let head = Array(ScenarioHostileTests.head.utf8)
        for junk: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82]] {
            let error = try refusal(head + junk + [10])
            #expect(error.line == 4 && error.why == "the line is not UTF-8")
        }
        for (junk, column) in [("\0", 1), ("wait 1s\0", 8), ("\u{7F}", 1), ("ann\u{85}offline", 4), ("\u{9B}31m", 1)] {
            let error = try refusal(head + Array(junk.utf8))
            #expect(error.line == 4 && error.column == column && error.why.contains("control"), "\(error)")
        }
    }

    @Test func `what is too large is refused before it is read`() throws {
        let large = [UInt8](repeating: 10, count: 300 * 1024)
        #expect(try refusal(large).why.contains("larger than 262144 bytes"))
        let endless = [UInt8](repeating: 97, count: 200_000)
        #expect(try refusal(endless).why.contains("longer than 1000 bytes"))
        let quoted = "scenario \"" + String(repeating: "a", count: 301) + "\""
        #expect(try refusal(quoted).why.contains("1 to 300 characters"))
    }

    @Test func `too many lines, steps, customers and members are refused`() throws {
        let head = ScenarioHostileTests.head
        #expect(try refusal(String(repeating: "\n", count: 100_000)).why.contains("no title"))
        #expect(try refusal(head + String(repeating: "x\n", count: 100_000)).line == 4)
        let steps = try refusal(head + String(repeating: "heal\n", count: 2001))
        #expect(steps.line == 2004 && steps.why.contains("2000 steps"))
        let customers = try refusal(head + (1...50).map { "customer c\($0) reseller\n" }.joined())
        #expect(customers.line == 53 && customers.why.contains("50 customers"))
        let members = try refusal(head + (1...8).map { "member m\($0) operator\n" }.joined())
        #expect(members.line == 11 && members.why.contains("8 members"))
        let waits = try refusal(head + String(repeating: "wait 30d\n", count: 3))
        #expect(waits.line == 5 && waits.why.contains("longer than 40 days"))
    }

    @Test func `words without end are refused within the line`() throws {
        for word in ["reconnect ", "ann ", "customers ", "budget ", "\"a\" ", "when ", "this-cycle ", "-", "\"", "#\""]
        {
            let line = String(repeating: word, count: 990 / word.utf8.count)
            do throws(ScenarioError) { _ = try ScenarioParser.parse(ScenarioHostileTests.head + line) } catch {
                #expect(error.line == 4 && error.why.utf8.count < 200, "\(word): \(error)")
            }
        }
    }

    @Test func `a mark laid over a quote or a blank does not confuse the reader`() throws {
        for text in [
            "scenario \"\u{301}x\"", "scenario \"x\"\u{301}", "scenario \u{301}\"x\"", "\u{FEFF}scenario \"x\"",
        ] {
            #expect(try refusal(text).line == 1)
        }
    }

    @Test(arguments: [
        "ann budget acme 9999999999.99", "ann adjust acme +9999999999.99", "system budget acme 9999999999.99",
        "system bill acme -9999999999.99\nsystem correct-bill acme", "system usage acme 9999999999.99",
        "ann discount blue 10000 days 3650", "system discount blue 10000\nann discount blue 32 days 3650",
        "ann clock jump +40000d\nann clock jump +40000d\nann budget acme 5 this-cycle\nann discount blue 5 days 3650",
        "ann clock jump -40000d\nann budget acme 5 this-cycle\nann discount blue 5 days 0",
        "ann network status 599 times 10000\nwait 1h", "ann kill at-write 1000000\nserver kill at-write 1000000",
        "ann network delay 40d\nann network duplicate 40d",
    ]) func `the largest numbers that a file may name do no harm when it is run`(steps: String) throws {
        let scenario = try ScenarioParser.parse(
            "scenario \"x\"\ncustomer acme reseller budget 9999999999.99\ncustomer blue referral discount 10000\n"
                + "member ann operator\n\(steps)\nann sync\nann look\nheal\nsettle\n")
        let run = try Lab.run(scenario, seed: 1)
        #expect(run.notes == [] && run.violation == nil, "\(run.wrongs(strictly: false))")
    }
}
