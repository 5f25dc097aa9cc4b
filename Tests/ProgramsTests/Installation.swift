import Diagnostics
import Glibc
import LocalAPI
import TestKit

/// A user's home and the programs run in it. Whatever daemon is left is killed at the end.
final class Installation {
    let folder = TemporaryDirectory()
    var home: String { folder.file("home") }
    var paths: Paths { Paths { [home] in $0 == "FIELDBOOK_HOME" ? home : nil } }
    var client: LocalAPIClient { LocalAPIClient(socket: paths.socket) }
    var isServed: Bool { (try? client.statusIfRunning()) != nil }
    var holder: Int? { FileLock.holder(of: "\(paths.state)/daemon.lock") }

    /// What a command gave.
    struct Outcome {
        let code: Int32?
        let output: String
        let errors: String
    }

    /// Settings for a server that nobody runs.
    init(isSetUp: Bool = true) throws {
        guard isSetUp else { return }
        try SecureFile.makeFolder(paths.config)
        writeFile(paths.settingsFile, "server = http://127.0.0.1:1\n")
        writeFile(paths.tokenFile, "fbt_secret\n")
    }

    deinit { if let holder { kill(pid_t(holder), SIGKILL) } }

    func run(
        _ words: [String], program: String? = nil, path: String? = nil, _ variables: [String: String] = [:]
    ) -> Outcome {
        var environment = variables.merging(["FIELDBOOK_HOME": home]) { given, _ in given }
        if let path { environment["PATH"] = path }
        let process = ChildProcess(program ?? ChildProcess.program("fieldbook"), words, environment: environment)
        let code = process.wait()
        return Outcome(code: code, output: process.output, errors: process.errors)
    }

    func daemon(_ environment: [String: String] = [:]) -> ChildProcess {
        ChildProcess(
            ChildProcess.program("fieldbookd"), ["run"],
            environment: environment.merging(["FIELDBOOK_HOME": home]) { $1 })
    }

    /// A copy of the command line in a folder of its own, beside a script in place of the daemon.
    func commandLine(besideDaemon script: String?) throws -> String {
        let bin = folder.file("bin")
        try SecureFile.makeFolder(bin)
        let own = ChildProcess.program("fieldbook")
        if link(own, "\(bin)/fieldbook") != 0 {
            writeFile("\(bin)/fieldbook", readFile(own))
            chmod("\(bin)/fieldbook", 0o700)
        }
        if let script {
            writeFile("\(bin)/fieldbookd", "#!/bin/sh\n\(script)\n")
            chmod("\(bin)/fieldbookd", 0o700)
        }
        return "\(bin)/fieldbook"
    }
}
