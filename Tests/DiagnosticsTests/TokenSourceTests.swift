import Diagnostics
import Glibc
import TestKit
import Testing

/// Where a token comes from.
@Suite struct TokenSourceTests {
    private let folder = TemporaryDirectory()
    private var paths: Paths { Paths { $0 == "FIELDBOOK_HOME" ? folder.path : nil } }
    private var environment: (String) -> String? {
        let credentials = folder.file("credentials")
        return { $0 == "CREDENTIALS_DIRECTORY" ? credentials : nil }
    }

    init() throws {
        for path in [paths.config, folder.file("credentials"), folder.file("etc")] { try SecureFile.makeFolder(path) }
        writeFile(paths.systemSettingsFile, "[server]\ntoken-file = \(folder.file("machine"))\n")
    }

    private func token() throws -> String {
        try TokenSource.token(
            paths, Settings(paths) { _ in nil }, next: "set up", environment: environment)
    }

    private func write(_ path: String, _ text: String, mode: mode_t = 0o600) {
        writeFile(path, text)
        chmod(path, mode)
    }

    @Test func `the first of own file, credential and named file counts`() throws {
        #expect(throws: UserError.self) { try token() }
        write(folder.file("machine"), "named\n", mode: 0o640)
        #expect(try token() == "named")
        // The service manager guards what it hands over, whatever the mode says.
        write(folder.file("credentials/fieldbook-token"), "credential", mode: 0o444)
        #expect(try token() == "credential")
        write(paths.tokenFile, "own\n")
        #expect(try token() == "own")
    }

    @Test func `where somebody has logged in, no other token stands in for theirs`() throws {
        write(folder.file("machine"), "named\n")
        write(folder.file("credentials/fieldbook-token"), "credential")
        try UserFolders(paths).make("p-ana")
        try UserFolders(paths).setCurrent("p-ana")
        let error = try #require(throws: UserError.self) { try token() }
        #expect(error.exitCode == .settings && error.next == "set up" && error.what.contains(paths.tokenFile))
        #expect(!TokenSource.isThere(paths, Settings(paths) { _ in nil }, environment: environment))
    }

    @Test(arguments: [0o644, 0o604, 0o602] as [mode_t]) func `a named file that anybody can read is refused`(
        mode: mode_t
    ) throws {
        write(folder.file("machine"), "named\n", mode: mode)
        let error = try #require(throws: UserError.self) { try token() }
        #expect(error.next == "close it with: chmod o= \(folder.file("machine"))" && !"\(error)".contains("named\n"))
    }
}
