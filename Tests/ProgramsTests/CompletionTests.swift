import Diagnostics
import Glibc
import TerminalKit
import TestKit
import Testing

@testable import fieldbook
@testable import fieldbook_lab
@testable import fieldbook_server
@testable import fieldbookd

private func isThere(_ program: String) -> Bool { access("/usr/bin/\(program)", X_OK) == 0 }

/// Completions, asked of the shells themselves, and manual pages, set by groff.
@Suite struct CompletionTests {
    private let folder = TemporaryDirectory()
    private static let programs = ["fieldbook", "fieldbookd", "fieldbook-server", "fieldbook-lab"]

    private func run(_ program: String, _ words: [String]) -> (code: Int32?, output: String, errors: String) {
        let process = ChildProcess(program, words, environment: ["LC_ALL": "C.UTF-8", "HOME": folder.path])
        let code = process.wait()
        return (code, process.output, process.errors)
    }

    private func written(_ program: String, _ words: [String]) -> String {
        let asked = run(ChildProcess.program(program), words)
        #expect(asked.code == 0 && asked.errors.isEmpty, "\(asked)")
        let file = folder.file(([program] + words).joined(separator: "-"))
        writeFile(file, asked.output)
        return file
    }

    /// What bash offers for the last of the words.
    private func bash(_ program: String, _ words: [String]) throws -> [String] {
        let script = written(program, ["completion", "bash"])
        let line = words.map { "'\($0)'" }.joined(separator: " ")
        let function = "_" + program.split(separator: "-").joined(separator: "_")
        let asked = run(
            "/bin/bash",
            [
                "--norc", "-uec",
                """
                source '\(script)'
                complete -p \(program) >/dev/null
                cd '\(folder.path)'
                compopt() { :; }
                COMP_WORDS=(\(program) \(line)); COMP_CWORD=\(words.count)
                \(function)
                [ ${#COMPREPLY[@]} = 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
                """,
            ])
        #expect(asked.code == 0 && asked.errors.isEmpty, "\(asked)")
        return asked.output.split(separator: "\n").map(String.init)
    }

    @Test func `bash offers what the table has at each place`() throws {
        #expect(try bash("fieldbook", ["cust"]) == ["customers"])
        #expect(try bash("fieldbook", ["customers", ""]) == ["list", "search", "show"])
        #expect(try bash("fieldbook", ["customers", "list", "--l"]) == ["--limit"])
        #expect(try bash("fieldbook", ["--limit", "3", "customers", "s"]) == ["search", "show"])
        #expect(try bash("fieldbook", ["freeze", "x", "--kind", ""]) == ["account", "account-and-resources"])
        #expect(try bash("fieldbook", ["freeze", "x", "--kind", "=", "account-"]) == ["account-and-resources"])
        #expect(try bash("fieldbook", ["customers", "show", ""]).isEmpty)
        #expect(try bash("fieldbook", ["config", "explain", "log."]) == ["log.level", "log.format"])
        #expect(try bash("fieldbook", ["completion", ""]) == ["bash", "zsh", "fish"])
        #expect(try bash("fieldbook-server", ["token", "r"]).sorted() == ["revoke", "rotate"])
        #expect(try bash("fieldbook-server", ["serve", "--address", ""]).isEmpty)
        writeFile(folder.file("my costs.csv"), "")
        #expect(try bash("fieldbook-server", ["import", "focus", "my"]) == ["my costs.csv"])
        #expect(try bash("fieldbookd", ["run", "--v"]) == ["--version"])
    }

    @Test func `bash offers every command and every option of every program`() throws {
        for table in [CommandList.table, ServerCommands.table, FieldbookDaemon.table, LabCommands.table] {
            let first = try bash(table.program, [""])
            for command in table.commands {
                #expect(first.contains(command.path[0]), "\(command.name)")
                let offered = try bash(table.program, command.path + ["--"])
                for option in command.options { #expect(offered.contains("--\(option.name)"), "\(command.name)") }
            }
        }
    }

    @Test(.enabled(if: isThere("fish"), "fish is not here")) func `fish offers what the table has at each place`() {
        let script = written("fieldbook", ["completion", "fish"])
        func fish(_ line: String) -> [String] {
            let asked = run("/usr/bin/fish", ["--no-config", "-c", "source '\(script)'; complete -C'\(line)'"])
            #expect(asked.code == 0 && asked.errors.isEmpty, "\(asked)")
            return asked.output.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }.sorted()
        }
        #expect(fish("fieldbook customers ") == ["list", "search", "show"])
        #expect(fish("fieldbook --limit 3 customers s") == ["search", "show"])
        #expect(fish("fieldbook freeze x --kind ") == ["account", "account-and-resources"])
        #expect(fish("fieldbook customers list --lim") == ["--limit"])
        #expect(fish("fieldbook partner --lim").isEmpty)
        #expect(fish("fieldbook completion ") == ["bash", "fish", "zsh"])
    }

    @Test(arguments: programs) func `every shell that is here reads its completions`(program: String) {
        let shells = [
            ("bash", "/bin/bash", ["-n"]), ("zsh", "/usr/bin/zsh", ["-n"]), ("fish", "/usr/bin/fish", ["-n"]),
        ]
        for (shell, path, words) in shells where access(path, X_OK) == 0 {
            let checked = run(path, words + [written(program, ["completion", shell])])
            #expect(checked.code == 0 && checked.errors.isEmpty, "\(checked)")
        }
    }

    @Test(.enabled(if: isThere("zsh"), "zsh is not here"), arguments: programs)
    func `zsh takes its completions from a folder, and sourced`(program: String) {
        let file = written(program, ["completion", "zsh"])
        rename(file, folder.file("_\(program)"))
        let script = "autoload -Uz compinit; compinit -u -d '\(folder.file("dump"))'; print -- $_comps[\(program)]"
        let loaded = run("/usr/bin/zsh", ["-f", "-c", "fpath=('\(folder.path)' $fpath); \(script)"])
        #expect(loaded.output == "_\(program)\n", "\(loaded)")
        let sourced = run(
            "/usr/bin/zsh",
            ["-f", "-c", "\(script); source '\(folder.file("_\(program)"))'; print -- $_comps[\(program)]"])
        #expect(sourced.output.hasSuffix("\n_\(program.split(separator: "-").joined(separator: "_"))\n"), "\(sourced)")
    }

    @Test(.enabled(if: isThere("groff"), "groff is not here"), arguments: programs)
    func `a manual page is set without a warning, and names every command, option and exit code`(program: String) {
        let file = written(program, ["manual"])
        let set = run("/usr/bin/groff", ["-Kutf8", "-Tutf8", "-man", "-ww", "-rLL=80n", "-P-cbou", file])
        #expect(set.code == 0 && set.errors.isEmpty, "\(set.errors)")
        let table = [CommandList.table, ServerCommands.table, FieldbookDaemon.table, LabCommands.table].first {
            $0.program == program
        }
        let words = " " + set.output.split(whereSeparator: \.isWhitespace).joined(separator: " ") + " "
        for command in table?.commands ?? [] {
            #expect(words.contains(" \(command.name) "), "\(command.name)")
            for option in command.options { #expect(words.contains("--\(option.name)"), "\(option.name)") }
        }
        for code in ExitCode.allCases { #expect(words.contains(" \(code.rawValue) ")) }
    }

    @Test func `another shell is refused with those that there are`() {
        let asked = run(ChildProcess.program("fieldbook"), ["completion", "bsh"])
        #expect(asked.code == 64 && asked.errors.contains("did you mean 'bash'"), "\(asked)")
        #expect(run(ChildProcess.program("fieldbook"), ["completion", "--help"]).output.contains("completion bash"))
    }
}
