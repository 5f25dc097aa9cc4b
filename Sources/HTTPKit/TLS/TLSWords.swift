/// Tells people what went wrong with TLS: what, why, and what to do next.
struct TLSWords {
    let role: TLSEngine.Role
    /// Whether hands had been shaken before.
    let isSettled: Bool
    let library: TLSLibrary

    private var peer: String {
        if case .client(let host) = role { host } else { "the client" }
    }

    /// The error for a reason of the library, and for what was found wrong with a certificate.
    func failure(reason: Int, text: String, _ finding: TLSFinding) -> HTTPError {
        if finding.code != 0 { return untrusted(finding) }
        if isSettled || TLSWords.ofCertificate.contains(reason - TLSNumber.alerts) {
            return alert(reason - TLSNumber.alerts, text)
        }
        let what = "cannot agree on TLS with \(peer)"
        switch reason {
        case TLSNumber.alerts + 70, 258, 266, 267:
            return HTTPError(
                code: .handshake, what: what, why: "it does not speak TLS 1.2 or newer",
                next: "the server's TLS has to be made newer; nothing older is spoken")
        case TLSNumber.alerts + 112:
            return HTTPError(
                code: .handshake, what: what, why: "it serves nothing under the name \(peer)",
                next: "check the server address")
        case TLSNumber.alerts + 40:
            return HTTPError(
                code: .handshake, what: what,
                why: "it found nothing that both sides accept; it may want a client certificate",
                next: TLSWords.nextForClientCertificate)
        case 199:
            return HTTPError(
                code: .untrusted, what: "cannot trust \(peer)", why: "it shows no certificate",
                next: "set tls.client-certificate and tls.client-key there")
        default:
            return HTTPError(
                code: .handshake, what: what, why: text,
                next: "check the server address, and what stands between: a captive portal, a proxy that inspects")
        }
    }

    // MARK: Certificates

    private func untrusted(_ finding: TLSFinding) -> HTTPError {
        let (why, next) = reasons(finding)
        return HTTPError(
            code: .untrusted, what: "cannot trust \(peer)", why: why, next: role == .server ? nil : next)
    }

    /// Codes of x509_vfy.h.
    private func reasons(_ finding: TLSFinding) -> (why: String, next: String) {
        let between = "a captive portal or an inspecting proxy may stand between"
        let clock = "this machine's clock says \(TLSFinding.localTime)"
        switch finding.code {
        case 2, 19, 20, 21:
            return (
                "its certificate comes from \(finding.issuer), an issuer that this machine does not trust",
                "if it is your organisation's, name its certificate as tls.ca-file \(TLSWords.place); else \(between)"
            )
        case 18:
            return (
                "its certificate is signed by itself (\(finding.issuer)), and this machine does not trust it",
                "if it is your server's, name it as tls.ca-file \(TLSWords.place); else \(between)"
            )
        case 62, 64:
            return (
                finding.names.isEmpty
                    ? "its certificate names no host as an alternative name, so not \(peer) either"
                    : "its certificate is for \(finding.names), not for \(peer)",
                "name the server as its certificate does, or have one made for \(peer); else \(between)"
            )
        case 10:
            return (
                "its certificate held until \(finding.notAfter); \(clock)",
                "if this clock is wrong, set it; if not, the server needs a new certificate"
            )
        case 9:
            return (
                "its certificate holds from \(finding.notBefore) on; \(clock)",
                "if this clock is wrong, set it; if not, the server needs a certificate that holds now"
            )
        default:
            let words = library.X509_verify_cert_error_string(Int(finding.code)).map { String(cString: $0) }
            return (
                "its certificate does not hold: \(words ?? "error \(finding.code)")",
                "have the server's certificate looked at; \(between)"
            )
        }
    }

    // MARK: Alerts

    static let nextForClientCertificate =
        "name one that it takes as tls.client-certificate and tls.client-key \(place)"

    /// Where settings are set.
    private static let place = "(fieldbook.conf, or options of setup and login)"

    /// Numbers of alerts that are about a certificate (RFC 8446, section 6.2).
    private static let ofCertificate = [42, 43, 44, 45, 46, 48, 49, 116]

    /// What the peer ended the connection with. It is about what we showed.
    private func alert(_ number: Int, _ text: String) -> HTTPError {
        let why =
            switch number {
            case 116: "it wants a client certificate, and none is set"
            case 44: "it says that our certificate was revoked"
            case 45: "it says that our certificate has expired"
            case 48: "it does not know the issuer of our certificate"
            case 42, 43, 46, 49: "it does not take our certificate"
            default: text
            }
        let isOfCertificate = TLSWords.ofCertificate.contains(number)
        let isClient = role != .server
        return HTTPError(
            code: isOfCertificate ? .alert : .closed, what: "\(peer) ended the connection", why: why,
            next: isOfCertificate && isClient ? TLSWords.nextForClientCertificate : nil)
    }

    // MARK: What is no TLS

    /// The peer's first bytes are no TLS record (types 20 to 24, RFC 8446, section 5.1); nil when they may be one.
    static func stranger(_ first: UInt8, to role: TLSEngine.Role) -> HTTPError? {
        guard !(20...24).contains(first) else { return nil }
        guard case .client(let host) = role else {
            return HTTPError(code: .malformed, what: "cannot set up TLS", why: plainToSecure)
        }
        let isHTTP = first == UInt8(ascii: "H") || first == UInt8(ascii: "<")
        return HTTPError(
            code: .handshake, what: "cannot set up TLS with \(host)",
            why: isHTTP ? "it answers in plain HTTP" : "what answers does not speak TLS",
            next:
                "check the port in the address; open a web page to see whether a captive portal asks for a login"
        )
    }

    /// What our server says to plain HTTP at its secure port.
    static let plainToSecure = "this port speaks TLS; use https://"
}

/// Replies of web servers that are about TLS and come before any page of theirs.
package enum TLSHint {
    static func nextForAddress(_ address: String) -> String { "name it by: fieldbook setup --server \(address)" }

    /// What a reply that is not ours says about TLS, and what to do next; nil when it says nothing.
    package static func read(status: Int, body: [UInt8], server: String) -> (why: String, next: String)? {
        guard status == 400 else { return nil }
        let text = String(decoding: body.prefix(4096), as: UTF8.self)
        if ["HTTPS port", "HTTPS server", "SSL-enabled server port", TLSWords.plainToSecure].contains(
            where: text.contains)
        {
            return (
                "the server speaks TLS at this port, and was asked in plain HTTP",
                nextForAddress(server.replacing("http://", with: "https://", maxReplacements: 1))
            )
        }
        // nginx takes the connection and refuses the request.
        if text.contains("No required SSL certificate") {
            return ("it wants a client certificate, and none is set", TLSWords.nextForClientCertificate)
        }
        if text.contains("SSL certificate error") {
            return ("it does not take our client certificate", TLSWords.nextForClientCertificate)
        }
        return nil
    }
}
