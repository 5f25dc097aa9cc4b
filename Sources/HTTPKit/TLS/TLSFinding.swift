import Glibc

/// What the verification of a certificate found wrong first, with what a person needs to judge it.
final class TLSFinding {
    private(set) var code: Int32 = 0
    private(set) var issuer = ""
    private(set) var names = ""
    private(set) var notBefore = ""
    private(set) var notAfter = ""
    private let library: TLSLibrary

    init(_ library: TLSLibrary) { self.library = library }

    /// Called by the library for each certificate of a chain, on the thread that shakes hands. The answer is its own: a
    /// certificate that does not hold ends the handshake. The connection's extra datum 0 is the finding.
    static let note: TLSLibrary.VerifyCallback = { isGood, store in
        guard isGood != 1 else { return 1 }
        guard let library = try? TLSLibrary.load(),
            let connection = library.X509_STORE_CTX_get_ex_data(store, library.SSL_get_ex_data_X509_STORE_CTX_idx()),
            let pointer = library.SSL_get_ex_data(OpaquePointer(connection), 0)
        else { return 0 }
        Unmanaged<TLSFinding>.fromOpaque(pointer).takeUnretainedValue().take(store)
        return 0
    }

    private func take(_ store: OpaquePointer?) {
        guard code == 0 else { return }
        code = library.X509_STORE_CTX_get_error(store)
        guard let certificate = library.X509_STORE_CTX_get_current_cert(store) else { return }
        issuer = text {
            _ = library.X509_NAME_print_ex($0, library.X509_get_issuer_name(certificate), 0, TLSNumber.nameForm)
        }
        notBefore = time(library.X509_get0_notBefore(certificate))
        notAfter = time(library.X509_get0_notAfter(certificate))
        let place = library.X509_get_ext_by_NID(certificate, TLSNumber.alternativeNames, -1)
        guard place >= 0, let list = library.X509_get_ext(certificate, place) else { return }
        names = text { _ = library.X509V3_EXT_print($0, list, 0, 0) }
    }

    /// What `write` writes, in printable characters and bounded: it comes from the other end.
    private func text(_ write: (OpaquePointer) -> Void) -> String {
        guard let memory = library.BIO_new(library.BIO_s_mem()) else { return "" }
        defer { _ = library.BIO_free(memory) }
        write(memory)
        var bytes = [UInt8](repeating: 0, count: 300)
        let count = bytes.withUnsafeMutableBytes { library.BIO_read(memory, $0.baseAddress, 300) }
        let shown = bytes.prefix(max(0, Int(count))).map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: shown, as: UTF8.self) + (library.BIO_ctrl_pending(memory) > 0 ? "..." : "")
    }

    private func time(_ asn1: OpaquePointer?) -> String {
        var parts = tm()
        guard library.ASN1_TIME_to_tm(asn1, &parts) == 1 else { return "an unreadable time" }
        return TLSFinding.text(parts)
    }

    /// What this machine's clock says, as the certificate's times are written.
    static var localTime: String {
        var now = Glibc.time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        return text(parts)
    }

    private static func text(_ parts: tm) -> String {
        var parts = parts
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S UTC", &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
