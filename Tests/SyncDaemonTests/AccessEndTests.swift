import Diagnostics
import Glibc
import LocalAPI
import PartnerModel
import TestKit
import Testing

@testable import SyncDaemon

/// A daemon whose member's access was ended, on real sockets and files.
@Suite struct AccessEndTests {
    private let home = Home()
    private let server: LiveServer

    init() throws {
        server = try LiveServer()
        try SecureFile.makeFolder(home.paths.config)
        writeFile(home.paths.settingsFile, "server = \(server.address)\n")
        writeFile(home.paths.tokenFile, "\(server.token)\n")
    }

    /// A daemon in sync whose server then ends the access, and takes the report with this status.
    private func ended(_ wipe: String, report: Int) throws -> RunningDaemon {
        let daemon = RunningDaemon(home, server)
        #expect(try home.client.waitForSync(seconds: 20).reached)
        for path in ["/sync/v1/hello", "/sync/v1/changes", "/sync/v1/push"] { server.spoil(path, .ended(wipe: wipe)) }
        server.spoil("/sync/v1/wiped", .instead(status: report, headers: ["Fieldbook"]))
        _ = try home.client.add(.setLabel("gold"), customer: server.customers[0], dryRun: false)
        #expect(server.isAsked("/sync/v1/wiped"))
        #expect(eventually { (try? home.client.status().phase) == "blocked" })
        return daemon
    }

    private var files: [String] { ["replica.db", "generation-2.db", "generation-2.db-wal"] }
    private func isThere(_ file: String) -> Bool { SecureFile.exists("\(home.paths.state)/\(file)") }

    @Test func `the image is gone and the token stays, so that the member can come back`() throws {
        let daemon = try ended("image", report: 204)
        #expect(files.filter(isThere).isEmpty && SecureFile.exists(home.paths.tokenFile))
        #expect(try home.edits().count == 1)
        let problem = try home.client.status().problem
        #expect(problem?.what == "cannot sync with \(server.address)" && problem?.exitCode == ExitCode.denied.rawValue)
        // The server's sentence says that the access was ended; ours does not say it again.
        #expect(
            problem?.why.hasPrefix("the server answered 403; the data was removed") == true,
            "\(String(describing: problem))")
        let waited = try home.client.waitForSync(seconds: 20)
        #expect(!waited.reached && waited.problem?.exitCode == ExitCode.denied.rawValue, "\(waited)")
        server.release()
        #expect(try home.client.waitForSync(seconds: 20).reached)
        #expect(try home.edits() == ["1 settled applied"] && !isThere("wiped.json"))
        #expect(daemon.end() == nil)
    }

    @Test func `with everything the token goes too, once the server knows`() throws {
        let daemon = try ended("everything", report: 204)
        #expect(files.filter(isThere).isEmpty)
        #expect(try home.edits().isEmpty)
        #expect(
            eventually { !SecureFile.exists(home.paths.tokenFile) && !SecureFile.exists(home.paths.settingsFile) })
        #expect(daemon.end() == nil)
    }

    @Test func `a daemon whose report did not arrive keeps the token and reports at its next start`() throws {
        let daemon = try ended("everything", report: 503)
        #expect(SecureFile.exists(home.paths.tokenFile) && daemon.end() == nil)
        server.spoil("/sync/v1/wiped", .instead(status: 204, headers: ["Fieldbook"]))
        let next = RunningDaemon(home, server)
        #expect(eventually { !SecureFile.exists(home.paths.tokenFile) })
        #expect(next.end() == nil)
    }
}
