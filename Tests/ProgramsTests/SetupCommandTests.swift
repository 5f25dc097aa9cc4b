import Diagnostics
import HTTPKit
import TestKit
import Testing

/// `fieldbook setup` with certificates: what can't be used is refused, and nothing is kept of it.
@Suite(.enabled(if: TestCertificates.isPossible, "\(TestCertificates.absence)"))
struct SetupCommandTests {
    private let installation: Installation
    private let issuer = TestCertificates()
    private let token: String
    private var paths: Paths { installation.paths }

    init() throws {
        installation = try Installation(isSetUp: false)
        token = installation.folder.file("ana.token")
        writeFile(token, "fbt_ana\n")
    }

    private func setup(_ server: String, _ options: [String]) -> Installation.Outcome {
        installation.run(["setup", "--server", server, "--token-file", token] + options)
    }

    private var isKept: Bool { SecureFile.exists(paths.settingsFile) || SecureFile.exists(paths.tokenFile) }

    @Test(arguments: ["https://127.0.0.1:1", "http://127.0.0.1:1"])
    func `a file that can't be used is refused before anything is written, also where the server is away`(
        server: String
    ) throws {
        let junk = installation.folder.file("junk.pem")
        writeFile(junk, "no certificate\n")
        let (mine, other) = (issuer.issue(nil), issuer.issue(nil))
        for (options, why) in [
            (["--ca-file", "/no/such"], "tls.ca-file: /no/such"), (["--ca-file", junk], "tls.ca-file: \(junk)"),
            (["--client-certificate", junk, "--client-key", mine.key], "tls.client-certificate: \(junk)"),
            (["--client-certificate", mine.certificate, "--client-key", other.key], "is not the key of"),
            (["--client-key", mine.key], "there is no tls.client-certificate beside it"),
        ] as [([String], String)] {
            let outcome = setup(server, options)
            #expect(outcome.code == 78 && outcome.errors.contains(why), "\(options) \(outcome)")
            #expect(outcome.errors.contains("nothing was changed") && !isKept, "\(options) \(outcome)")
        }
        // A server that is away is no reason to keep nothing.
        let away = setup(server, ["--ca-file", issuer.authority])
        #expect(away.code == 0 && away.errors.contains("the settings are kept") && isKept, "\(away)")
    }

    /// A server with this certificate for as long as the body runs.
    private func serving(_ pair: TestCertificates.Pair, _ body: (UInt16) -> Void) throws {
        let tls = try TLSServer(
            TLSServerSettings(certificateFile: pair.certificate, keyFile: pair.key, clientAuthorityFile: nil)
        ) { _ in }
        let server = HTTPServer(endpoint: .tcp(host: "127.0.0.1", port: 0), tls: tls, handler: { _ in .json(200, []) })
        try server.start()
        defer { server.stop(deadline: .seconds(1)) }
        body(server.port)
    }

    @Test func `a server whose certificate does not hold ends it with 69, the reason and the next step`() throws {
        let trust = ["--ca-file", issuer.authority]
        for (pair, options, why) in [
            (issuer.issue(), [], "an issuer that this machine does not trust"),
            (issuer.issue("DNS:elsewhere.example"), trust, "is for DNS:elsewhere.example"),
            (issuer.issue(until: "20210101000000Z"), trust, "held until 2021-01-01"),
        ] as [(TestCertificates.Pair, [String], String)] {
            try serving(pair) { port in
                let outcome = setup("https://localhost:\(port)", options)
                #expect(outcome.code == 69 && outcome.errors.contains(why), "\(outcome)")
                #expect(outcome.errors.contains("nothing was changed") && !isKept, "\(outcome)")
            }
        }
        try serving(issuer.issue()) { port in
            let outcome = setup("https://localhost:\(port)", trust)
            #expect(outcome.code == 0 && outcome.errors.contains("is not a Fieldbook server") && isKept, "\(outcome)")
        }
    }

    @Test func `an older setup stays whole when another is refused`() throws {
        #expect(setup("http://127.0.0.1:1", []).code == 0)
        let before = readFile(paths.settingsFile)
        writeFile(token, "fbt_other\n")
        #expect(setup("https://127.0.0.1:2", ["--ca-file", "/no/such"]).code == 78)
        #expect(readFile(paths.settingsFile) == before)
        #expect(readFile(paths.tokenFile) == Array("fbt_ana\n".utf8))
    }
}
