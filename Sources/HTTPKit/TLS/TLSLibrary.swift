import Glibc
import Synchronization

/// The functions of the system's OpenSSL 3 that we call, by OpenSSL's own names: the one place that knows its symbols.
///
/// Nothing is linked. The libraries are opened when the first secure connection is made, so a machine without them runs
/// everything else. Only functions without variable arguments are used; what OpenSSL's headers make a macro goes
/// through `SSL_CTX_ctrl` and `SSL_ctrl` with the numbers in `TLSNumber`.
final class TLSLibrary: Sendable {
    typealias Handle = OpaquePointer?
    typealias Text = UnsafePointer<CChar>?
    typealias Bytes = UnsafeRawPointer?
    typealias Space = UnsafeMutableRawPointer?
    typealias OfHandle = @Sendable @convention(c) (Handle) -> Void
    typealias VerifyCallback = @Sendable @convention(c) (Int32, Handle) -> Int32
    typealias PasswordCallback = @Sendable @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, Space) -> Int32

    // The settings of many connections.
    let TLS_client_method, TLS_server_method: @Sendable @convention(c) () -> Handle
    let SSL_CTX_new: @Sendable @convention(c) (Handle) -> Handle
    let SSL_CTX_free: OfHandle
    let SSL_CTX_ctrl: @Sendable @convention(c) (Handle, Int32, Int, Space) -> Int
    let SSL_CTX_set_options: @Sendable @convention(c) (Handle, UInt64) -> UInt64
    let SSL_CTX_set_num_tickets: @Sendable @convention(c) (Handle, Int) -> Int32
    let SSL_CTX_set_alpn_protos: @Sendable @convention(c) (Handle, Bytes, UInt32) -> Int32
    let SSL_CTX_set_verify: @Sendable @convention(c) (Handle, Int32, VerifyCallback?) -> Void
    let SSL_CTX_set_default_verify_paths: @Sendable @convention(c) (Handle) -> Int32
    let SSL_CTX_load_verify_locations: @Sendable @convention(c) (Handle, Text, Text) -> Int32
    let SSL_load_client_CA_file: @Sendable @convention(c) (Text) -> Handle
    let SSL_CTX_set_client_CA_list: @Sendable @convention(c) (Handle, Handle) -> Void
    let SSL_CTX_use_certificate_chain_file: @Sendable @convention(c) (Handle, Text) -> Int32
    let SSL_CTX_use_PrivateKey_file: @Sendable @convention(c) (Handle, Text, Int32) -> Int32
    let SSL_CTX_check_private_key: @Sendable @convention(c) (Handle) -> Int32
    let SSL_CTX_set_default_passwd_cb: @Sendable @convention(c) (Handle, PasswordCallback?) -> Void

    // One connection.
    let SSL_new: @Sendable @convention(c) (Handle) -> Handle
    let SSL_free, SSL_set_connect_state, SSL_set_accept_state: OfHandle
    let SSL_ctrl: @Sendable @convention(c) (Handle, Int32, Int, Space) -> Int
    let SSL_set1_host: @Sendable @convention(c) (Handle, Text) -> Int32
    let SSL_set_hostflags: @Sendable @convention(c) (Handle, UInt32) -> Void
    let SSL_get0_param: @Sendable @convention(c) (Handle) -> Handle
    let X509_VERIFY_PARAM_set1_ip_asc: @Sendable @convention(c) (Handle, Text) -> Int32
    let SSL_set_bio: @Sendable @convention(c) (Handle, Handle, Handle) -> Void
    let SSL_do_handshake, SSL_shutdown: @Sendable @convention(c) (Handle) -> Int32
    let SSL_read, SSL_peek: @Sendable @convention(c) (Handle, Space, Int32) -> Int32
    let SSL_write: @Sendable @convention(c) (Handle, Bytes, Int32) -> Int32
    let SSL_get_error: @Sendable @convention(c) (Handle, Int32) -> Int32
    let SSL_set_ex_data: @Sendable @convention(c) (Handle, Int32, Space) -> Int32
    let SSL_get_ex_data: @Sendable @convention(c) (Handle, Int32) -> Space
    let SSL_get_ex_data_X509_STORE_CTX_idx: @Sendable @convention(c) () -> Int32

    // Bytes in memory.
    let BIO_s_mem: @Sendable @convention(c) () -> Handle
    let BIO_new: @Sendable @convention(c) (Handle) -> Handle
    let BIO_free: @Sendable @convention(c) (Handle) -> Int32
    let BIO_read: @Sendable @convention(c) (Handle, Space, Int32) -> Int32
    let BIO_write: @Sendable @convention(c) (Handle, Bytes, Int32) -> Int32
    let BIO_ctrl_pending: @Sendable @convention(c) (Handle) -> Int

    // Certificates and errors.
    let X509_STORE_CTX_get_ex_data: @Sendable @convention(c) (Handle, Int32) -> Space
    let X509_STORE_CTX_get_error: @Sendable @convention(c) (Handle) -> Int32
    let X509_STORE_CTX_get_current_cert: @Sendable @convention(c) (Handle) -> Handle
    let X509_verify_cert_error_string: @Sendable @convention(c) (Int) -> Text
    let X509_get_issuer_name: @Sendable @convention(c) (Handle) -> Handle
    let X509_NAME_print_ex: @Sendable @convention(c) (Handle, Handle, Int32, UInt) -> Int32
    let X509_get0_notBefore, X509_get0_notAfter: @Sendable @convention(c) (Handle) -> Handle
    let ASN1_TIME_to_tm: @Sendable @convention(c) (Handle, UnsafeMutablePointer<tm>?) -> Int32
    let X509_get_ext_by_NID: @Sendable @convention(c) (Handle, Int32, Int32) -> Int32
    let X509_get_ext: @Sendable @convention(c) (Handle, Int32) -> Handle
    let X509V3_EXT_print: @Sendable @convention(c) (Handle, Handle, UInt, Int32) -> Int32
    let ERR_get_error: @Sendable @convention(c) () -> UInt
    let ERR_clear_error: @Sendable @convention(c) () -> Void
    let ERR_reason_error_string: @Sendable @convention(c) (UInt) -> Text

    private static let loaded = Mutex<TLSLibrary?>(nil)

    /// The library, opened at the first call that finds it: one that is installed later is found by the next try.
    static func load() throws(HTTPError) -> TLSLibrary {
        try loaded.withLock { loaded throws(HTTPError) in
            if let loaded { return loaded }
            let library = try TLSLibrary(ssl: "libssl.so.3", crypto: "libcrypto.so.3")
            loaded = library
            return library
        }
    }

    /// Opens the two libraries by name and looks every symbol up. They are never closed.
    init(ssl: String, crypto: String) throws(HTTPError) {
        let table = try Symbols(ssl: ssl, crypto: crypto)
        TLS_client_method = try table.find("TLS_client_method")
        TLS_server_method = try table.find("TLS_server_method")
        SSL_CTX_new = try table.find("SSL_CTX_new")
        SSL_CTX_free = try table.find("SSL_CTX_free")
        SSL_CTX_ctrl = try table.find("SSL_CTX_ctrl")
        SSL_CTX_set_options = try table.find("SSL_CTX_set_options")
        SSL_CTX_set_num_tickets = try table.find("SSL_CTX_set_num_tickets")
        SSL_CTX_set_alpn_protos = try table.find("SSL_CTX_set_alpn_protos")
        SSL_CTX_set_verify = try table.find("SSL_CTX_set_verify")
        SSL_CTX_set_default_verify_paths = try table.find("SSL_CTX_set_default_verify_paths")
        SSL_CTX_load_verify_locations = try table.find("SSL_CTX_load_verify_locations")
        SSL_load_client_CA_file = try table.find("SSL_load_client_CA_file")
        SSL_CTX_set_client_CA_list = try table.find("SSL_CTX_set_client_CA_list")
        SSL_CTX_use_certificate_chain_file = try table.find("SSL_CTX_use_certificate_chain_file")
        SSL_CTX_use_PrivateKey_file = try table.find("SSL_CTX_use_PrivateKey_file")
        SSL_CTX_check_private_key = try table.find("SSL_CTX_check_private_key")
        SSL_CTX_set_default_passwd_cb = try table.find("SSL_CTX_set_default_passwd_cb")
        SSL_new = try table.find("SSL_new")
        SSL_free = try table.find("SSL_free")
        SSL_set_connect_state = try table.find("SSL_set_connect_state")
        SSL_set_accept_state = try table.find("SSL_set_accept_state")
        SSL_ctrl = try table.find("SSL_ctrl")
        SSL_set1_host = try table.find("SSL_set1_host")
        SSL_set_hostflags = try table.find("SSL_set_hostflags")
        SSL_get0_param = try table.find("SSL_get0_param")
        X509_VERIFY_PARAM_set1_ip_asc = try table.find("X509_VERIFY_PARAM_set1_ip_asc")
        SSL_set_bio = try table.find("SSL_set_bio")
        SSL_do_handshake = try table.find("SSL_do_handshake")
        SSL_shutdown = try table.find("SSL_shutdown")
        SSL_read = try table.find("SSL_read")
        SSL_peek = try table.find("SSL_peek")
        SSL_write = try table.find("SSL_write")
        SSL_get_error = try table.find("SSL_get_error")
        SSL_set_ex_data = try table.find("SSL_set_ex_data")
        SSL_get_ex_data = try table.find("SSL_get_ex_data")
        SSL_get_ex_data_X509_STORE_CTX_idx = try table.find("SSL_get_ex_data_X509_STORE_CTX_idx")
        BIO_s_mem = try table.find("BIO_s_mem")
        BIO_new = try table.find("BIO_new")
        BIO_free = try table.find("BIO_free")
        BIO_read = try table.find("BIO_read")
        BIO_write = try table.find("BIO_write")
        BIO_ctrl_pending = try table.find("BIO_ctrl_pending")
        X509_STORE_CTX_get_ex_data = try table.find("X509_STORE_CTX_get_ex_data")
        X509_STORE_CTX_get_error = try table.find("X509_STORE_CTX_get_error")
        X509_STORE_CTX_get_current_cert = try table.find("X509_STORE_CTX_get_current_cert")
        X509_verify_cert_error_string = try table.find("X509_verify_cert_error_string")
        X509_get_issuer_name = try table.find("X509_get_issuer_name")
        X509_NAME_print_ex = try table.find("X509_NAME_print_ex")
        X509_get0_notBefore = try table.find("X509_get0_notBefore")
        X509_get0_notAfter = try table.find("X509_get0_notAfter")
        ASN1_TIME_to_tm = try table.find("ASN1_TIME_to_tm")
        X509_get_ext_by_NID = try table.find("X509_get_ext_by_NID")
        X509_get_ext = try table.find("X509_get_ext")
        X509V3_EXT_print = try table.find("X509V3_EXT_print")
        ERR_get_error = try table.find("ERR_get_error")
        ERR_clear_error = try table.find("ERR_clear_error")
        ERR_reason_error_string = try table.find("ERR_reason_error_string")
        let start: @Sendable @convention(c) (UInt64, Handle) -> Int32 = try table.find("OPENSSL_init_ssl")
        // Cleaning up at exit would pull the ground from under threads that still run.
        guard start(TLSNumber.noCleaningAtExit, nil) == 1 else { throw Symbols.unusable("it does not start") }
    }

    /// The two opened libraries.
    private struct Symbols {
        let ssl, crypto: UnsafeMutableRawPointer

        init(ssl: String, crypto: String) throws(HTTPError) {
            guard let crypto = dlopen(crypto, RTLD_NOW), let ssl = dlopen(ssl, RTLD_NOW) else {
                throw Symbols.unusable("the system's OpenSSL 3 (\(ssl)) is not installed")
            }
            (self.ssl, self.crypto) = (ssl, crypto)
        }

        func find<Function>(_ name: String) throws(HTTPError) -> Function {
            guard let address = dlsym(ssl, name) ?? dlsym(crypto, name) else {
                throw Symbols.unusable("the system's OpenSSL has no \(name)")
            }
            return unsafeBitCast(address, to: Function.self)
        }

        static func unusable(_ why: String) -> HTTPError {
            HTTPError(
                code: .badSettings, what: "cannot use https", why: why,
                next: "install it with: apt install libssl3; it is found by the next try")
        }
    }
}

/// Numbers of OpenSSL's headers (ssl.h, x509_vfy.h, x509v3.h, asn1.h, obj_mac.h, crypto.h of 3.0).
enum TLSNumber {
    static let noCleaningAtExit: UInt64 = 0x8_0000
    static let setMode: Int32 = 33
    static let releaseBuffers = 0x10
    static let setSessionCacheMode: Int32 = 44
    static let setHostName: Int32 = 55
    static let setMinimumVersion: Int32 = 123
    static let version12 = 0x0303
    static let noTicket: UInt64 = 1 << 14
    static let noRenegotiation: UInt64 = 1 << 30
    static let verifyPeer: Int32 = 1
    static let failWithoutPeerCertificate: Int32 = 2
    static let pem: Int32 = 1
    static let noPartialWildcards: UInt32 = 4
    static let neverCheckSubject: UInt32 = 0x20
    static let wantsRead: Int32 = 2
    static let wantsWrite: Int32 = 3
    static let zeroReturn: Int32 = 6
    static let alternativeNames: Int32 = 85
    /// One line, separators spelled out, control and non-ASCII characters escaped.
    static let nameForm: UInt = 0x317 | 8 | 2 << 16 | 1 << 23
    /// The number of an alert of the peer follows this reason (SSL_AD_REASON_OFFSET).
    static let alerts = 1000
    static let reasonMask: UInt = 0x7F_FFFF
}
