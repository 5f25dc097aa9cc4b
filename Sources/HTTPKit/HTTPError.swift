/// Why an exchange came to nothing.
package struct HTTPError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is. Decisions to retry depend on it.
    package enum Code: String, Sendable {
        case refused, unreachable, timeout, closed, truncated, malformed, tooLarge, interrupted, addressInUse
        case unsupportedScheme
        /// The path of a Unix socket is longer than the system takes.
        case badPath
    }

    package let code: Code
    package let what: String
    package let why: String

    package init(code: Code, what: String, why: String) {
        self.code = code
        self.what = what
        self.why = why
    }

    /// Whether no byte of the request can have left: the connection was never made.
    package var isBeforeSending: Bool {
        code == .refused || code == .unreachable || code == .unsupportedScheme || code == .badPath
    }
    /// Whether the same request may do better later.
    package var isRetryable: Bool { code != .unsupportedScheme && code != .addressInUse && code != .badPath }
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
