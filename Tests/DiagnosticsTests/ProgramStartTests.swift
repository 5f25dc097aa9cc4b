import Diagnostics
import Glibc
import TestKit
import Testing

/// What a program that is started has of ours, on real processes.
@Suite struct ProgramStartTests {
    private let folder = TemporaryDirectory()

    private func shell(_ script: String) -> [String] { ["sh", "-c", script, "sh", folder.path] }

    /// Starts it and waits for its end.
    private func end(of start: ProgramStart) throws -> ProgramEnding {
        let process = try start.start()
        var status: Int32 = 0
        #expect(waitpid(process, &status, 0) == process)
        return ProgramEnding(status: status)
    }

    private func written(_ start: (ProgramStart.Output) -> ProgramStart) throws -> String {
        let file = folder.file("out")
        #expect(try end(of: start(.file(file))) == .exit(0))
        return String(decoding: readFile(file), as: UTF8.self)
    }

    @Test func `an exit code, a signal and a missing program are told apart`() throws {
        let null = ProgramStart.Output.file("/dev/null")
        #expect(try end(of: ProgramStart(shell("exit 3"), output: null)) == .exit(3))
        #expect(try end(of: ProgramStart(shell("kill -9 $$"), output: null)) == .signal(9))
        for name in ["/no/such/program", "no-such-program-here", "/etc/passwd"] {
            #expect(throws: ProgramStart.Failure.self) { try ProgramStart([name], output: null).start() }
        }
    }

    @Test func `it has no descriptor of ours but its three streams`() throws {
        let held = open(folder.path, O_RDONLY)
        defer { close(held) }
        // Descriptor by descriptor, because a listing has one open itself.
        let script = "for n in 3 4 5 6 7 8 9 \(held); do [ -e /proc/$$/fd/$n ] && readlink /proc/$$/fd/$n; done; exit 0"
        #expect(try written { ProgramStart(shell(script), output: $0) } == "")
    }

    @Test func `signals that this process blocks or ignores reach it`() async {
        await #expect(processExitsWith: .exitCode(SIGTERM)) {
            var blocked = sigset_t()
            sigemptyset(&blocked)
            sigaddset(&blocked, SIGTERM)
            pthread_sigmask(SIG_BLOCK, &blocked, nil)
            signal(SIGTERM, SIG_IGN)
            let start = ProgramStart(["sh", "-c", "kill -TERM $$; exit 0"], output: .file("/dev/null"))
            guard let process = try? start.start() else { exit(1) }
            var status: Int32 = 0
            waitpid(process, &status, 0)
            guard case .signal(let number) = ProgramEnding(status: status) else { exit(0) }
            exit(number)
        }
    }

    @Test func `a file gets output and errors at its end, and is for this user only`() throws {
        let file = folder.file("log")
        for word in ["one", "two"] {
            let start = ProgramStart(shell("echo \(word); echo \(word) >&2"), output: .file(file))
            #expect(try end(of: start) == .exit(0))
        }
        #expect(String(decoding: readFile(file), as: UTF8.self) == "one\none\ntwo\ntwo\n")
        #expect(FileFacts(file)?.mode == 0o600)
    }

    @Test func `it reads what it is given, or nothing`() throws {
        let pipe = try #require(PipeEnds())
        #expect(write(pipe.writing, "given", 5) == 5)
        close(pipe.writing)
        defer { close(pipe.reading) }
        #expect(try written { ProgramStart(["cat"], input: .descriptor(pipe.reading), output: $0) } == "given")
        #expect(try written { ProgramStart(shell("cat; echo end"), output: $0) } == "givenend\n")
    }

    @Test func `variables and working folder are those of this process, or those it is given`() throws {
        let script = "echo \"$FIELDBOOK_TEST_MARK|${HOME:+home}|$(pwd)\""
        let own = try written { ProgramStart(shell(script), output: $0) }
        let home = getenv("HOME") == nil ? "" : "home"
        #expect(own == "|\(home)|\(Paths.workingFolder)\n")
        unlink(folder.file("out"))
        let given = try written {
            ProgramStart(shell(script), output: $0, variables: ["FIELDBOOK_TEST_MARK=1"], folder: "/")
        }
        #expect(given == "1||/\n")
    }

    @Test(arguments: [ProgramStart.Bond.thisGroup, .ownGroup, .ownSession]) func `it hears signals with its own`(
        bond: ProgramStart.Bond
    ) throws {
        let process = try ProgramStart(["sleep", "60"], output: .file("/dev/null"), bond: bond).start()
        defer {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        #expect(getpgid(process) == (bond == .thisGroup ? getpgrp() : process))
        #expect(getsid(process) == (bond == .ownSession ? process : getsid(0)))
    }

    @Test func `a program is run to its end with what it wrote`() {
        #expect(ProgramRun("sh", ["-c", "echo out; echo err >&2; exit 5"])?.code == 5)
        #expect(ProgramRun("sh", ["-c", "echo out; echo err >&2"])?.output == "out\nerr\n")
        #expect(ProgramRun("sh", ["-c", "kill -9 $$"])?.code == 137)
        #expect(ProgramRun("no-such-program-here", []) == nil)
    }

    @Test func `an account has the name that the system says`() throws {
        let asked = try #require(ProgramRun("id", ["-un"]))
        #expect(Account(geteuid())?.name == asked.output.split(separator: "\n").first.map(String.init))
        #expect(Account(0)?.name == "root")
        #expect(Account(4_000_000_123) == nil)
    }
}
