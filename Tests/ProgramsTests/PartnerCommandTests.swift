import TestKit
import Testing

/// `fieldbook-server partner`, and the other commands where there are several.
@Suite struct PartnerCommandTests {
    private let folder = TemporaryDirectory()

    private func run(_ words: [String]) -> Installation.Outcome {
        let process = ChildProcess(
            ChildProcess.program("fieldbook-server"), words + ["--data", folder.file("data")])
        let code = process.wait()
        return Installation.Outcome(code: code, output: process.output, errors: process.errors)
    }

    @Test func `commands work on the partner named, and say which there are when none is`() throws {
        #expect(run(["init", "--partner", "First"]).code == 0)
        let added = run(["partner", "add", "Second", "--admin", "nora", "--currency", "EUR"])
        #expect(added.code == 0 && added.output.hasPrefix("fbt_"))
        let list = run(["partner", "list"]).output.split(separator: "\n").dropFirst()
        let second = try #require(list.first { $0.contains("Second") }?.prefix { $0 != " " }).description
        #expect(list.count == 2 && added.errors.contains("--partner \(second)"))
        for words in [["member", "list"], ["status"], ["seed"], ["policy", "show"], ["admin", "reset-month"]] {
            let outcome = run(words)
            #expect(outcome.code == 64, "\(words): \(outcome.errors)")
            #expect(outcome.errors.contains("(First)") && outcome.errors.contains("\(second) (Second)"))
        }
        #expect(run(["member", "list", "--partner", second]).output.contains("nora"))
        #expect(run(["seed", "--customers", "2", "--bills", "3", "--partner", second]).code == 0)
        let first = try #require(list.first { $0.contains("First") }?.prefix { $0 != " " }).description
        #expect(!run(["member", "list", "--partner", first]).output.contains("nora"))
        #expect(run(["status", "--json", "--partner", first]).output.contains("\"customer\": 0"))
        #expect(run(["status", "--json", "--partner", second]).output.contains("\"customer\": 2"))
        #expect(run(["status", "--partner", "nobody"]).code == 65)
    }
}
