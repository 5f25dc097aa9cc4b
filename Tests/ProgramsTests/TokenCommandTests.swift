import Glibc
import TestKit
import Testing

/// `fieldbook-server member`, `token` and `policy`.
@Suite struct TokenCommandTests {
    private let folder = TemporaryDirectory()

    init() { #expect(run("init", "--token-file", folder.file("admin.token")).code == 0) }

    @discardableResult
    private func run(_ words: String...) -> Installation.Outcome {
        let process = ChildProcess(
            ChildProcess.program("fieldbook-server"), words + ["--data", folder.file("data")])
        let code = process.wait()
        return Installation.Outcome(code: code, output: process.output, errors: process.errors)
    }

    private func ids(_ account: String) -> [String] {
        run("token", "list", "--account", account).output.split(separator: "\n").dropFirst().map {
            String($0.prefix(8))
        }
    }

    @Test func `a token that could not be written is not made, and nothing else is`() {
        let away = folder.file("none") + "/t"
        #expect(run("member", "add", "yan", "--role", "operator", "--token-file", away).code == 65)
        let refused = run("token", "add", "admin", "--out", away)
        #expect(refused.code == 65 && refused.errors.contains("nothing was made or changed"), "\(refused.errors)")
        #expect(!run("member", "list").output.contains("yan"))
        #expect(ids("admin").count == 1)
    }

    @Test(arguments: [
        ["token", "add", "admin", "--out"], ["member", "add", "yan", "--role", "operator", "--token-file"],
        ["member", "step-up", "admin", "--out"], ["partner", "add", "North", "--token-file"],
    ])
    func `a secret takes the place of no file that is there, but with --force`(words: [String]) {
        let file = folder.file("there")
        writeFile(file, "another token\n")
        func attempt(_ more: [String]) -> Installation.Outcome {
            let process = ChildProcess(
                ChildProcess.program("fieldbook-server"), words + [file, "--data", folder.file("data")] + more)
            let code = process.wait()
            return Installation.Outcome(code: code, output: process.output, errors: process.errors)
        }
        let refused = attempt([])
        #expect(refused.code == 65 && refused.errors.contains("the file is there already"), "\(refused)")
        #expect(refused.errors.contains("--force; nothing was made or changed"), "\(refused)")
        #expect(readFile(file) == Array("another token\n".utf8) && ids("admin").count == 1)
        #expect(!run("member", "list").output.contains("yan") && !run("partner", "list").output.contains("North"))
        let forced = attempt(["--force"])
        #expect(forced.code == 0 && readFile(file) != Array("another token\n".utf8), "\(forced)")
        var info = stat()
        #expect(stat(file, &info) == 0 && info.st_mode & 0o777 == 0o600)
    }

    @Test func `the last administrator keeps role and access, but for an express word`() {
        run("member", "add", "ana", "--role", "administrator", "--token-file", folder.file("ana"))
        #expect(run("member", "disable", "admin").code == 0)
        for words in [["member", "disable", "ana"], ["member", "role", "ana", "--role", "operator"]] {
            let process = ChildProcess(
                ChildProcess.program("fieldbook-server"), words + ["--data", folder.file("data")])
            #expect(
                process.wait() == 65 && process.errors.contains("ana is the last administrator"), "\(process.errors)")
        }
        // To keep the role is no loss, and whoever is disabled already is not the last.
        #expect(run("member", "role", "ana", "--role", "administrator").code == 0)
        #expect(run("member", "role", "admin", "--role", "operator").code == 0)
        #expect(run("member", "role", "ana", "--role", "operator", "--force").code == 0)
        #expect(run("member", "disable", "ana").code == 0)
    }

    @Test func `tokens are made, listed by id, rotated, revoked and marked, and never shown again`() throws {
        run("member", "add", "ana", "--role", "operator", "--token-file", folder.file("one"))
        #expect(
            run("token", "add", "ana", "--device", "phone", "--expires", "90d", "--out", folder.file("two")).code == 0)
        let tokens = ["one", "two"].map { String(decoding: readFile(folder.file($0)).dropLast(), as: UTF8.self) }
        #expect(tokens.allSatisfy { $0.hasPrefix("fbt_") && $0.utf8.count == 68 } && tokens[0] != tokens[1])
        var info = stat()
        stat(folder.file("two"), &info)
        #expect(info.st_mode & 0o777 == 0o600)
        let list = run("token", "list")
        #expect(list.output.contains("phone") && list.output.contains("in force to 20"))
        #expect(!tokens.contains { list.output.contains($0) } && ids("ana").count == 2)
        let rotated = run("token", "rotate", "ana", "--id", ids("ana")[1], "--overlap", "2h")
        #expect(rotated.code == 0 && rotated.output.hasPrefix("fbt_"))
        #expect(rotated.errors.contains("the old one ends on"))
        #expect(run("token", "revoke", "ana", "--id", ids("ana")[0]).output == "1 token(s) of ana revoked\n")
        let wipe = run("token", "wipe", "ana", "--keep-outbox", "--json")
        #expect(wipe.output.contains("\"marked\": 3") && wipe.output.contains("\"wipe\": \"image\""))
        #expect(run("token", "list", "--json").output.contains("\"wipe\": \"image\""))
    }

    @Test func `what cannot be done is refused with the reason and changes nothing`() {
        for (words, code, says) in [
            (["token", "add", "nobody"], 65, "no member nobody"),
            (["token", "add", "admin", "--expires", "x"], 64, "90d"),
            (["token", "add", "admin", "--expires", "0d"], 64, "span"), (["token", "rotate", "admin"], 64, "--id"),
            (["token", "revoke", "admin", "--id", "00000000"], 65, "not the id"),
            (["token", "revoke", "admin", "--id", ""], 65, "not the id"),
            (["member", "disable", "x"], 65, "no member"),
            (["policy", "set", "lease", "soon"], 64, "30d lock"),
            (["policy", "set", "colour", "red"], 64, "access-ended"),
        ] as [([String], Int32, String)] {
            let process = ChildProcess(
                ChildProcess.program("fieldbook-server"), words + ["--data", folder.file("data")])
            #expect(process.wait() == code, "\(words): \(process.errors)")
            #expect(process.errors.contains(says), "\(words): \(process.errors)")
        }
        #expect(run("token", "list").output.contains("in force"))
        #expect(run("policy", "show").output == "access-ended = image\nbills = all\nlease = off\n")
    }

    @Test func `a member is disabled and enabled, and a policy says what then`() {
        #expect(run("policy", "set", "access-ended", "everything").code == 0)
        #expect(run("member", "disable", "admin", "--force").output.contains("remove everything"))
        #expect(run("member", "disable", "admin").output.contains("already"))
        #expect(run("member", "list").output.contains("disabled on 20"))
        #expect(run("member", "enable", "admin").code == 0)
        #expect(run("member", "list").output.contains("enabled"))
    }

    @Test func `roles and items are given, listed, and refused with the reason when they do not go together`() {
        #expect(run("member", "add", "mona", "--role", "manager").code == 0)
        #expect(run("member", "add", "dora", "--role", "director", "--managers", "mona").code == 0)
        #expect(
            run("member", "role", "mona", "--role", "operator,manager", "--items", "quota").output
                == "mona: operator, manager with customers, budgets, freezes, discounts, quota\n")
        let list = run("member", "list").output
        #expect(list.contains("operator, manager") && list.contains("director"))
        for (words, code, says) in [
            (["--role", "administrator,manager"], 64, "no other role"), (["--role", "boss"], 64, "director"),
            (["--role", "manager,director"], 64, "exclude each other"), ([], 64, "needs a role"),
            (["--role", "operator", "--items", "all"], 64, "customers, budgets"),
            (["--role", "manager", "--items", "quota"], 64, "operators only"),
            (["--role", "director"], 65, "needs managers"),
            (["--role", "operator", "--customers", "x"], 65, "managers only"),
        ] as [([String], Int32, String)] {
            let process = ChildProcess(
                ChildProcess.program("fieldbook-server"),
                ["member", "role", "mona"] + words + ["--data", folder.file("data")])
            #expect(process.wait() == code && process.errors.contains(says), "\(words): \(process.errors)")
        }
        #expect(run("member", "list").output == list)
        #expect(run("policy", "set", "bills", "since-assignment").code == 0)
    }
}
