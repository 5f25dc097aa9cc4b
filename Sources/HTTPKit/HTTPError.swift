/// Why an exchange came to nothing.
package struct HTTPError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is. Decisions to retry depend on it.
    package enum Code: String, Sendable {
        case refused, unreachable, timeout, closed, truncated, malformed, tooLarge, interrupted, addressInUse
        case unsupportedScheme
        /// The path of a Unix socket is longer than the system takes.
        case badPath
        /// The other end's certificate does not hold.
        case untrusted
        /// TLS was not agreed on: too old, or what answers does not speak it.
        case handshake
        /// The other end does not take our certificate, or wants one; it may say so after the request was sent.
        case alert
        /// The proxy refuses to make the connection.
        case proxy
        /// A file or value that was set up can't be used, or the library for TLS is not installed.
        case badSettings
    }

    package let code: Code
    package let what: String
    package let why: String
    /// What a person may do about it; nil where waiting is all there is.
    package let next: String?

    package init(code: Code, what: String, why: String, next: String? = nil) {
        self.code = code
        self.what = what
        self.why = why
        self.next = next
    }

    /// Whether no byte of the request can have left: the connection was never made.
    package var isBeforeSending: Bool {
        switch code {
        case .refused, .unreachable, .unsupportedScheme, .badPath, .untrusted, .handshake, .proxy, .badSettings: true
        case .timeout, .closed, .truncated, .malformed, .tooLarge, .interrupted, .addressInUse, .alert: false
        }
    }
    /// Whether the same request may do better later.
    package var isRetryable: Bool { code != .unsupportedScheme && code != .addressInUse && code != .badPath }
    /// Whether it most likely stays so until a person has changed something, here or at the server.
    package var needsPerson: Bool {
        switch code {
        case .untrusted, .handshake, .alert, .proxy, .badSettings: true
        default: false
        }
    }
    package var description: String { "\(what): \(why)" }

    /// The connection ended before a reply, or inside it.
    static func ended(insideReply: Bool) -> HTTPError {
        insideReply
            ? HTTPError(code: .truncated, what: "the reply was cut", why: "the connection ended inside it")
            : HTTPError(code: .closed, what: "no reply came", why: "the connection ended before a reply")
    }

    /// The reply's bytes are not HTTP, or too many.
    static func unreadable(_ error: any Error) -> HTTPError {
        let failure = error as? MessageParser.Failure
        return HTTPError(
            code: failure?.status == 413 ? .tooLarge : .malformed, what: "the reply cannot be read",
            why: failure?.why ?? "\(error)")
    }
}
