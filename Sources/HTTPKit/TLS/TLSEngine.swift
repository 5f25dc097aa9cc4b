import Glibc

/// One TLS connection in memory: takes the peer's bytes in and gives bytes for it out. Knows no socket; used by one
/// thread at a time.
final class TLSEngine {
    enum Role: Hashable {
        /// Verifies that the server has a certificate for this name or address.
        case client(host: String)
        case server
    }

    enum Step {
        /// Done, with that many bytes.
        case moved(Int)
        /// Nothing goes on before more of the peer's bytes are taken in.
        case wantsInput
        /// The peer said that it sends nothing more.
        case ended
        case failed(HTTPError)
    }

    private let context: TLSContext
    private let library: TLSLibrary
    private let connection: OpaquePointer
    /// Owned by the connection.
    private let incoming, outgoing: OpaquePointer
    private let finding: TLSFinding
    private let role: Role
    private var isSettled = false

    init(_ context: TLSContext, _ role: Role) throws(HTTPError) {
        self.context = context
        self.role = role
        library = context.library
        finding = TLSFinding(library)
        library.ERR_clear_error()
        let memory = library.BIO_s_mem()
        guard let connection = library.SSL_new(context.handle), let incoming = library.BIO_new(memory),
            let outgoing = library.BIO_new(memory)
        else {
            throw HTTPError(code: .handshake, what: "cannot set up TLS", why: library.firstError.text)
        }
        (self.connection, self.incoming, self.outgoing) = (connection, incoming, outgoing)
        library.SSL_set_bio(connection, incoming, outgoing)
        _ = library.SSL_set_ex_data(connection, 0, Unmanaged.passUnretained(finding).toOpaque())
        switch role {
        case .server: library.SSL_set_accept_state(connection)
        case .client(let host):
            library.SSL_set_connect_state(connection)
            guard expect(host) else {
                throw HTTPError(
                    code: .badSettings, what: "cannot set up TLS",
                    why: "\(host) is no name that a certificate can have",
                    next: "check the server address")
            }
        }
    }

    deinit { library.SSL_free(connection) }

    /// The name is told to the server and looked for among the alternative names of its certificate (RFC 9525); an
    /// address is only looked for.
    private func expect(_ host: String) -> Bool {
        if Endpoint.isAddress(host) {
            return library.X509_VERIFY_PARAM_set1_ip_asc(library.SSL_get0_param(connection), host) == 1
        }
        library.SSL_set_hostflags(connection, TLSNumber.noPartialWildcards | TLSNumber.neverCheckSubject)
        let isTold = host.withCString {
            library.SSL_ctrl(connection, TLSNumber.setHostName, 0, UnsafeMutableRawPointer(mutating: $0)) == 1
        }
        return isTold && library.SSL_set1_host(connection, host) == 1
    }

    // MARK: Steps

    func handshake() -> Step { step { library.SSL_do_handshake(connection) } }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Step {
        step { library.SSL_read(connection, buffer.baseAddress, Int32(clamping: buffer.count)) }
    }

    /// Encrypts all bytes; they are given out by `takeOutgoing`.
    func write(_ bytes: UnsafeRawBufferPointer) -> Step {
        step { library.SSL_write(connection, bytes.baseAddress, Int32(clamping: bytes.count)) }
    }

    /// Whether bytes wait to be read, or the stream has ended.
    var hasNews: Bool {
        var byte: UInt8 = 0
        if case .wantsInput = step({ library.SSL_peek(connection, &byte, 1) }) { return false }
        return true
    }

    /// Says to the peer that nothing more is sent.
    func finish() {
        library.ERR_clear_error()
        if isSettled { _ = library.SSL_shutdown(connection) }
    }

    func feed(_ bytes: UnsafeRawBufferPointer) {
        _ = library.BIO_write(incoming, bytes.baseAddress, Int32(clamping: bytes.count))
    }

    /// The bytes that the peer is to get.
    func takeOutgoing() -> [UInt8] {
        let count = library.BIO_ctrl_pending(outgoing)
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, taken in
            taken = max(0, Int(library.BIO_read(outgoing, buffer.baseAddress, Int32(clamping: count))))
        }
    }

    private func step(_ call: () -> Int32) -> Step {
        library.ERR_clear_error()
        let result = call()
        if result > 0 {
            isSettled = true
            return .moved(Int(result))
        }
        switch library.SSL_get_error(connection, result) {
        case TLSNumber.wantsRead, TLSNumber.wantsWrite: return .wantsInput
        case TLSNumber.zeroReturn: return .ended
        default:
            let error = library.firstError
            // What was wrong with the connection ends it: a farewell would be one more mistake.
            defer { isSettled = false }
            return .failed(
                TLSWords(role: role, isSettled: isSettled, library: library).failure(
                    reason: error.reason, text: error.text, finding))
        }
    }
}
