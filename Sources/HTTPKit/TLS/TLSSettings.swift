package import Diagnostics

/// What a client of a secure server is set up with, beside what always holds: the server's certificate and name are
/// verified, and TLS is 1.2 or newer. There is no setting to do with less.
package struct TLSSettings: Sendable, Hashable {
    /// Certificates (PEM) of issuers that are trusted beside the system's.
    package var authorityFile: String?
    /// The certificate (PEM, with those between it and its issuer) that a server is shown.
    package var certificateFile: String?
    /// Its key (PEM, not encrypted), a file that nobody else can read; nil when it stands in the certificate's file.
    package var keyFile: String?

    package init(authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
        (self.authorityFile, self.certificateFile, self.keyFile) = (authorityFile, certificateFile, keyFile)
    }

    /// Reads the files as a connection does; throws what is wrong with the first that can't be used.
    package func check() throws(HTTPError) { _ = try TLSContext(client: self) }
}

/// What a server that speaks TLS itself is set up with.
package struct TLSServerSettings: Sendable, Hashable {
    package let certificateFile: String
    package let keyFile: String
    /// Certificates of issuers; when given, only clients with a certificate of theirs are let in.
    package let clientAuthorityFile: String?

    package init(certificateFile: String, keyFile: String, clientAuthorityFile: String? = nil) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.clientAuthorityFile = clientAuthorityFile
    }
}

/// How a server is reached, as the settings say.
package struct ConnectionSettings: Sendable, Hashable {
    package var tls = TLSSettings()
    /// `http://[USER:PASSWORD@]HOST:PORT`, or `none`; nil leaves it to the environment. Never shown: it may hold a
    /// password.
    package var proxy: String?

    package init(tls: TLSSettings = TLSSettings(), proxy: String? = nil) { (self.tls, self.proxy) = (tls, proxy) }

    /// What the settings in force say.
    package init(_ settings: Settings) {
        tls = TLSSettings(
            authorityFile: settings.path(.caFile), certificateFile: settings.path(.clientCertificate),
            keyFile: settings.path(.clientKey))
        proxy = settings.text(.serverProxy)
    }
}
