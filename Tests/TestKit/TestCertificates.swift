import Glibc

/// An issuer of certificates in a folder of its own, by the system's `openssl` program.
package final class TestCertificates {
    /// A certificate and its key, as files.
    package struct Pair: Sendable {
        package let certificate: String
        package let key: String
    }

    /// Why tests of TLS are passed over where the program is not installed.
    package static let absence = "the program openssl is not installed"
    package static let isPossible = access(program, X_OK) == 0

    package let folder = TemporaryDirectory()
    /// The issuer's own certificate.
    package let authority: String

    private static let program = "/usr/bin/openssl"
    private let name: String

    package init(_ name: String = "Test Issuer") {
        self.name = name
        authority = folder.file("ca.pem")
        writeFile(folder.file("index"), "")
        writeFile(folder.file("serial"), "01\n")
        writeFile(
            folder.file("config"),
            """
            [ca]
            default_ca = it
            [it]
            database = \(folder.file("index"))
            serial = \(folder.file("serial"))
            new_certs_dir = \(folder.path)
            default_md = sha256
            policy = any
            unique_subject = no
            [any]
            commonName = supplied
            """)
        openssl(
            ["req", "-x509", "-days", "30", "-subj", "/O=Fieldbook Tests/CN=\(name)", "-out", authority]
                + newKey("ca.key"))
    }

    /// A certificate of the issuer for alternative names such as `DNS:localhost,IP:127.0.0.1`. The times are those of
    /// `openssl ca`, YYYYMMDDHHMMSSZ.
    package func issue(
        _ names: String? = "DNS:localhost,IP:127.0.0.1", from: String = "20200101000000Z",
        until: String = "20700101000000Z"
    ) -> Pair {
        let base = "pair-\(counter)"
        counter += 1
        openssl(["req", "-subj", "/CN=localhost", "-out", folder.file("\(base).csr")] + newKey("\(base).key"))
        writeFile(folder.file("\(base).ext"), names.map { "subjectAltName=\($0)\n" } ?? "basicConstraints=CA:FALSE\n")
        openssl([
            "ca", "-batch", "-notext", "-config", folder.file("config"), "-cert", authority, "-keyfile",
            folder.file("ca.key"), "-in", folder.file("\(base).csr"), "-out", folder.file("\(base).pem"), "-extfile",
            folder.file("\(base).ext"), "-startdate", from, "-enddate", until,
        ])
        return Pair(certificate: folder.file("\(base).pem"), key: folder.file("\(base).key"))
    }

    /// A certificate that is its own issuer.
    package func selfSigned() -> Pair {
        openssl(
            [
                "req", "-x509", "-days", "30", "-subj", "/CN=Lonely", "-addext", "subjectAltName=DNS:localhost",
                "-out", folder.file("self.pem"),
            ] + newKey("self.key"))
        return Pair(certificate: folder.file("self.pem"), key: folder.file("self.key"))
    }

    /// The program, running.
    package func run(_ arguments: [String]) -> ChildProcess { ChildProcess(TestCertificates.program, arguments) }

    private var counter = 1

    private func newKey(_ file: String) -> [String] {
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", folder.file(file)]
    }

    private func openssl(_ arguments: [String]) {
        let process = run(arguments)
        let code = process.wait()
        precondition(code == 0, "openssl \(arguments[0]) ended with \(code ?? -1): \(process.errors)")
    }
}
