import Diagnostics
import Glibc
import Testing

@testable import TerminalKit

@Suite struct PromptTests {
    /// What is answered when a person types `keys` at the prompt, and what the terminal showed.
    private func ask(_ keys: [UInt8]) throws -> (answer: Result<String, UserError>, shown: String, isEchoOn: Bool) {
        let pair = try TerminalPair()
        let person = Thread {
            pair.waitFor("token: ")
            pair.type(keys)
        }
        let answer: Result<String, UserError>
        do throws(UserError) { answer = .success(try SecretPrompt.ask("token: ", on: pair.program)) } catch {
            answer = .failure(error)
        }
        person.join()
        return (answer, pair.shown(), pair.isEchoOn)
    }

    // Not parameters of the test: the test runner would print them as they are.
    private let lines = [
        ("fbt_123\n", "fbt_123"), ("fbt\r", "fbt"), ("\n", ""), ("abX\u{7F}c\n", "abc"), ("华\u{8}a\n", "a"),
        ("wrong\u{15}right\n", "right"),
        ("\u{7F}\u{7F}a\n", "a"),
    ]

    @Test func `a secret is read with corrections and never shown`() throws {
        for (keys, secret) in lines {
            let (answer, shown, isEchoOn) = try ask(Array(keys.utf8))
            #expect((try? answer.get()) == secret)
            #expect(shown == "\r\n")
            #expect(isEchoOn)
        }
    }

    @Test(
        arguments: [
            ([0x61, 0x03], "interrupted"), ([0x04], "nothing was given"),
            ([UInt8](repeating: 0x61, count: 4097), "longer than 4096"),
        ] as [([UInt8], String)])
    func `however the question ends, the terminal shows again what is typed`(keys: [UInt8], why: String) throws {
        let (answer, _, isEchoOn) = try ask(keys)
        guard case .failure(let error) = answer else {
            Issue.record("it was answered")
            return
        }
        #expect(error.exitCode == .usage)
        #expect(error.why.contains(why))
        #expect(isEchoOn)
    }

    @Test func `what is no terminal is not asked`() throws {
        let null = open("/dev/null", O_RDWR)
        defer { close(null) }
        #expect(throws: UserError.self) { try SecretPrompt.ask("token: ", on: null) }
    }

    @Test func `only yes is yes`() throws {
        for (keys, isYes) in [
            ("y\n", true), ("YES\n", true), ("n\n", false), ("\n", false), ("yeah\n", false), ("\u{4}", false),
        ] {
            let pair = try TerminalPair()
            let person = Thread {
                pair.waitFor("[y/N] ")
                pair.type(Array(keys.utf8))
            }
            #expect(Terminal.confirm("Really?", on: pair.program) == isYes)
            person.join()
        }
    }
}
