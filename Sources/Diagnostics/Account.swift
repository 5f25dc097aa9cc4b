import Glibc

/// What the account database says of a user number.
package struct Account: Sendable, Hashable {
    package let name: String
    /// The home folder.
    let home: String

    /// Nil when there is no such account.
    package init?(_ user: UInt32) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        let texts = buffer.withUnsafeMutableBufferPointer { buffer -> (String, String)? in
            guard let start = buffer.baseAddress, getpwuid_r(user, &entry, start, buffer.count, &found) == 0,
                found != nil, let name = entry.pw_name, let home = entry.pw_dir
            else { return nil }
            return (String(cString: name), String(cString: home))
        }
        guard let texts else { return nil }
        (name, home) = texts
    }
}
