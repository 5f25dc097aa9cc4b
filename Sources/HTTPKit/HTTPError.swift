/// Why an exchange came to nothing.
package struct HTTPError: Error, Sendable, Hashable, CustomStringConvertible {
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
    package var isBeforeSending: Bool { code == .refused || code == .unreachable || code == .unsupportedScheme || code == .badPath }
    /// Whether the same request may do better later.
    package var isRetryable: Bool { code != .unsupportedScheme && code != .addressInUse && code != .badPath }
    package var description: String { "\(what): \(why)" }
}
