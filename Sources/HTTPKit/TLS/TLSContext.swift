import Glibc

/// Settings of many connections, read into the library once: certificates, key, versions.
///
/// Files are read when it is made. Every connection verifies anew: no session is kept on either side.
final class TLSContext: Sendable {
    let library: TLSLibrary
    // The library counts references to it by itself, and nothing of it changes after `init`.
    nonisolated(unsafe) let handle: OpaquePointer

    deinit { library.SSL_CTX_free(handle) }

    private init(_ library: TLSLibrary, _ method: OpaquePointer?) throws(HTTPError) {
        library.ERR_clear_error()
        guard let handle = library.SSL_CTX_new(method) else {
            throw HTTPError(
                code: .badSettings, what: "cannot use TLS", why: library.firstError.text,
                next: "check the system's openssl.cnf")
        }
        (self.library, self.handle) = (library, handle)
        _ = library.SSL_CTX_ctrl(handle, TLSNumber.setMinimumVersion, TLSNumber.version12, nil)
        _ = library.SSL_CTX_ctrl(handle, TLSNumber.setMode, TLSNumber.releaseBuffers, nil)
        _ = library.SSL_CTX_ctrl(handle, TLSNumber.setSessionCacheMode, 0, nil)
        _ = library.SSL_CTX_set_options(handle, TLSNumber.noTicket | TLSNumber.noRenegotiation)
        _ = library.SSL_CTX_set_num_tickets(handle, 0)
        // A key with a passphrase is refused; the library would ask for it on the terminal.
        library.SSL_CTX_set_default_passwd_cb(handle) { _, _, _, _ in 0 }
    }

    /// The context of a client.
    convenience init(client settings: TLSSettings) throws(HTTPError) {
        let library = try TLSLibrary.load()
        try self.init(library, library.TLS_client_method())
        library.SSL_CTX_set_verify(handle, TLSNumber.verifyPeer, TLSFinding.note)
        let protocols: [UInt8] = [8] + Array("http/1.1".utf8)
        _ = library.SSL_CTX_set_alpn_protos(handle, protocols, UInt32(protocols.count))
        _ = library.SSL_CTX_set_default_verify_paths(handle)
        if let file = settings.authorityFile { try trust(file, "tls.ca-file") }
        if let file = settings.certificateFile {
            try use(
                certificate: file, "tls.client-certificate", key: settings.keyFile ?? file,
                settings.keyFile == nil ? "tls.client-certificate" : "tls.client-key", open: 0o077)
        } else if settings.keyFile != nil {
            throw TLSContext.unusable(
                "tls.client-key", "there is no tls.client-certificate beside it", "set both, or neither")
        }
    }

    /// The context of a server. The key may be readable by a group, as Debian's group ssl-cert has it.
    convenience init(server settings: TLSServerSettings) throws(HTTPError) {
        let library = try TLSLibrary.load()
        try self.init(library, library.TLS_server_method())
        try use(
            certificate: settings.certificateFile, "--tls-certificate", key: settings.keyFile, "--tls-key", open: 0o037)
        if let file = settings.clientAuthorityFile {
            try trust(file, "--tls-client-ca")
            library.SSL_CTX_set_client_CA_list(handle, library.SSL_load_client_CA_file(file))
            library.SSL_CTX_set_verify(
                handle, TLSNumber.verifyPeer | TLSNumber.failWithoutPeerCertificate, TLSFinding.note)
        }
    }

    private func trust(_ file: String, _ setting: String) throws(HTTPError) {
        try TLSContext.checkReadable(file, setting)
        library.ERR_clear_error()
        guard library.SSL_CTX_load_verify_locations(handle, file, nil) == 1 else {
            throw TLSContext.unusable(
                setting, "\(file): \(library.firstError.text)", "name a file of certificates in PEM form")
        }
    }

    private func use(
        certificate: String, _ setting: String, key: String, _ keySetting: String, open: mode_t
    ) throws(HTTPError) {
        try TLSContext.checkReadable(certificate, setting)
        try TLSContext.checkReadable(key, keySetting)
        var info = stat()
        guard stat(key, &info) == 0, info.st_mode & open == 0 else {
            throw TLSContext.unusable(
                keySetting, "other users can read or write \(key)", "close it with: chmod 600 \(key)")
        }
        library.ERR_clear_error()
        guard library.SSL_CTX_use_certificate_chain_file(handle, certificate) == 1 else {
            throw TLSContext.unusable(
                setting, "\(certificate): \(library.firstError.text)", "name a certificate in PEM form")
        }
        // OpenSSL compares the two when the second one comes.
        guard library.SSL_CTX_use_PrivateKey_file(handle, key, TLSNumber.pem) == 1 else {
            let error = library.firstError
            let isOther = error.reason == TLSContext.keyOfOther
            throw TLSContext.unusable(
                keySetting, isOther ? "\(key) is not the key of \(certificate)" : "\(key): \(error.text)",
                isOther
                    ? "name the key that the certificate was made for"
                    : "name a key in PEM form that is not encrypted: openssl pkey -in OLD -out NEW")
        }
        guard library.SSL_CTX_check_private_key(handle) == 1 else {
            throw TLSContext.unusable(
                keySetting, "\(key) is not the key of \(certificate)", "name the key that the certificate was made for")
        }
    }

    /// X509_R_KEY_VALUES_MISMATCH.
    private static let keyOfOther = 116

    private static func checkReadable(_ file: String, _ setting: String) throws(HTTPError) {
        var info = stat()
        guard stat(file, &info) == 0, access(file, R_OK) == 0 else {
            throw unusable(
                setting, "\(file): \(String(cString: strerror(errno)))", "check the path and its permissions")
        }
        guard info.st_mode & S_IFMT == S_IFREG else {
            throw unusable(setting, "\(file) is not a regular file", "name a file")
        }
    }

    private static func unusable(_ setting: String, _ why: String, _ next: String) -> HTTPError {
        HTTPError(code: .badSettings, what: "cannot use TLS as it is set up", why: "\(setting): \(why)", next: next)
    }
}

extension TLSLibrary {
    /// The oldest error that this thread has not looked at: its reason, and OpenSSL's words for it.
    var firstError: (reason: Int, text: String) {
        let code = ERR_get_error()
        guard code != 0 else { return (0, "the library gives no reason") }
        return (
            Int(code & TLSNumber.reasonMask),
            ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
        )
    }
}
