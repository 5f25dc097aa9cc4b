import Diagnostics
import TerminalKit
import Testing

@Suite struct CommandTableTests {
    private func parse(_ words: [String]) throws -> ParsedCommand {
        guard case .run(let command) = try Sample.table.parse(words) else { throw Unexpected.text }
        return command
    }

    private func refusal(_ words: [String]) throws -> UserError {
        let error = try #require(throws: UserError.self) { try Sample.table.parse(words) }
        #expect(error.exitCode == .usage)
        #expect(error.next.contains("--help"))
        return error
    }

    private enum Unexpected: Error { case text }

    @Test(arguments: [
        ["budget", "set", "acme", "500", "--type", "monthly", "--json"],
        ["budget", "set", "acme", "500", "--type=monthly", "--json"],
        ["--json", "--type", "monthly", "budget", "set", "acme", "500"],
        ["budget", "--type=monthly", "set", "--json", "acme", "500"],
        ["--json", "--type=monthly", "--", "budget", "set", "acme", "500"],
    ])
    func `options may stand anywhere and are written in two ways`(words: [String]) throws {
        let command = try parse(words)
        #expect(command.name == "budget set")
        #expect(command.arguments == ["acme", "500"])
        #expect(command.option("type") == "monthly")
        #expect(command.flag("json"))
        #expect(!command.flag("dry-run"))
        #expect(command.option("on-exhaustion") == nil)
    }

    @Test(arguments: ["-5", "-0.5", "-.5", "-", "", " ", "华云", "a=b", "=", "a--b"])
    func `numbers below zero and odd words are arguments`(word: String) throws {
        #expect(try parse(["budget", "set", "acme", word]).arguments == ["acme", word])
    }

    @Test func `after two hyphens everything is an argument`() throws {
        #expect(try parse(["budget", "set", "--", "--json", "-h"]).arguments == ["--json", "-h"])
        #expect(try parse(["budget", "set", "--", "--", "--"]).arguments == ["--", "--"])
    }

    @Test func `a value may be empty, hold an equals sign or begin with a hyphen`() throws {
        #expect(try parse(["customers", "list", "--limit", ""]).option("limit") == "")
        #expect(try parse(["customers", "list", "--limit="]).option("limit") == "")
        #expect(try parse(["customers", "list", "--limit=a=b"]).option("limit") == "a=b")
        #expect(try parse(["customers", "list", "--limit", "-5"]).option("limit") == "-5")
        #expect(try parse(["customers", "list", "--limit=--json"]).option("limit") == "--json")
    }

    @Test(
        arguments: [
            ([], "a command is missing", "book --help"),
            (["--json"], "a command is missing", "book --help"),
            (["statsu"], "there is no command 'statsu'", "did you mean 'status'?"),
            (["customer", "list"], "there is no command 'customer'", "did you mean 'customers list'?"),
            (["customers"], "'customers' needs one of: list, show", "see: book --help"),
            (["customers", "lsit"], "there is no 'lsit' in it", "did you mean 'customers list'?"),
            (["xyzzy"], "there is no command 'xyzzy'", "see: book --help"),
            (["budget", "set", "acme"], "takes CUSTOMER AMOUNT, and 1 were given", "book budget set --help"),
            (["status", "now"], "takes no argument", "book status --help"),
            (["budget", "set", "a", "5", "--tpye", "x"], "has no option '--tpye'", "did you mean '--type'?"),
            (["budget", "set", "a", "5", "--dryrun"], "has no option '--dryrun'", "did you mean '--dry-run'?"),
            (["status", "--limit", "5"], "has no option '--limit'", "book status --help"),
            (["budget", "set", "a", "5", "--dry-run=yes"], "--dry-run takes no value", "book budget set --help"),
            (["customers", "list", "--limit"], "--limit needs a value", "book customers list --help"),
            (["customers", "list", "--limit", "--json"], "--limit needs a value", "book customers list --help"),
            (["status", "--json", "--json"], "--json is given twice", "book status --help"),
            (["status", "-j"], "there is no option '-j'", "book status --help"),
            (["status", "--"], nil, ""), (["status", "---json"], "has no option '---json'", "--json"),
            (["status", "--=x"], "has no option '--'", "book status --help"),
            (["help", "budgte"], "there is no command 'budgte'", "did you mean 'budget'?"),
            (["customers", "shwo", "--help"], "there is no 'shwo' in it", "did you mean 'customers show'?"),
            (["budget set", "a", "5"], "there is no command 'budget set'", "did you mean 'budget set'?"),
        ] as [([String], String?, String)])
    func `what can't be understood is refused with the next thing to type`(
        words: [String], why: String?, next: String
    )
        throws
    {
        guard let why else {
            #expect(try parse(words).name == words[0])
            return
        }
        let error = try refusal(words)
        #expect(error.why.contains(why), "\(error.why)")
        #expect(error.next.contains(next), "\(error.next)")
    }

    @Test func `ten thousand arguments are refused at once`() throws {
        #expect(try refusal(Array(repeating: "--limit", count: 10_000)).why.contains("more than 1000 arguments"))
        let most = ["status"] + Array(repeating: "x", count: 999)
        #expect(try refusal(most).why.contains("999 were given"))
        #expect(try refusal(Array(repeating: "--json=", count: 1000)).why == "a command is missing")
    }

    @Test func `an over-long word is quoted in part and suggests nothing`() throws {
        let long = String(repeating: "x", count: 1 << 20)
        for words in [
            [long], ["status", "--\(long)"], ["status", "-\(long)"], ["customers", long],
            ["status", "--\(long)=\(long)"],
        ] {
            let error = try refusal(words)
            #expect(error.description.utf8.count < 300)
            #expect(!error.next.contains("did you mean"))
        }
        #expect(try parse(["customers", "show", long]).arguments == [long])
    }

    @Test func `an argument can't drive the terminal through an error text`() throws {
        let text = try refusal(["\u{1B}[2Jstatus\n"]).rendered(program: "book")
        #expect(text.hasPrefix("book: cannot understand the command line: there is no command '\\u{1b}[2Jstatus\\n'\n"))
    }

    @Test func `help and version outrank what else is missing`() throws {
        for words in [["--version"], ["budget", "set", "--version"], ["--help", "--version"]] {
            #expect(try Sample.table.parse(words) == .show("book \(SoftwareVersion.text)\n"))
        }
        for words in [
            ["budget", "set", "--help"], ["help", "budget", "set"], ["budget", "set", "acme", "-h"],
            ["--help", "budget", "set"],
        ] {
            #expect(try Sample.table.parse(words) == .show(try Sample.table.help(["budget", "set"])))
        }
        for words in [["help"], ["--help"], ["-h"]] {
            #expect(try Sample.table.parse(words) == .show(try Sample.table.help([])))
        }
    }

    @Test func `a table is checked for what a person would stumble over`() {
        #expect(Sample.table.problems() == [])
        let bad = CommandTable(
            program: "book", summary: "s", globals: [OptionSpec("json", "j")],
            commands: [
                CommandSpec("a", "Does it", options: [OptionSpec("json", "again")], examples: ["book b", "other a"]),
                CommandSpec("a", "Twice.", examples: []),
                CommandSpec(
                    String(repeating: "w", count: 80), "Wide.", examples: ["book \(String(repeating: "w", count: 80))"]),
            ])
        let problems = bad.problems().joined(separator: "\n")
        for expected in [
            "'a' stands twice", "not a sentence", "has no example", "has --json twice", "does not run it: book b",
            "does not run it: other a", "more than 80 columns",
        ] {
            #expect(problems.contains(expected))
        }
    }

    @Test func `the words of an example are taken as a shell takes them`() {
        #expect(
            CommandTable.words(of: "book show 'Cedar & Sons'  --x=\"a 'b'\" ''") == [
                "book", "show", "Cedar & Sons", "--x=a 'b'", "",
            ])
    }
}
