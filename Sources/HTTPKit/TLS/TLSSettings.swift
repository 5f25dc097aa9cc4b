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

/// How a server is reached, as the settings file says.
package struct ConnectionSettings: Sendable, Hashable {
    package var tls = TLSSettings()
    /// `http://[USER:PASSWORD@]HOST:PORT`, or `none`; nil leaves it to the environment. Never shown: it may hold a
    /// password.
    package var proxy: String?

    package init() {}

    /// The keys of the settings file.
    package static let keys = ["ca-file", "client-certificate", "client-key", "proxy"]

    /// What the keys are set to, paths whole.
    package var values: [(key: String, value: String)] {
        zip(Self.keys, [tls.authorityFile, tls.certificateFile, tls.keyFile, proxy]).compactMap { key, value in
            value.map { (key, $0) }
        }
    }

    /// Reads the keys. A relative path counts from `folder`, the one of the settings file.
    package init(folder: String, _ value: (String) -> String?) {
        func path(_ key: String) -> String? {
            guard let path = value(key), !path.isEmpty else { return nil }
            return path.hasPrefix("/") ? path : "\(folder)/\(path)"
        }
        tls = TLSSettings(
            authorityFile: path("ca-file"), certificateFile: path("client-certificate"), keyFile: path("client-key"))
        proxy = value("proxy").flatMap { $0.isEmpty ? nil : $0 }
    }
}
