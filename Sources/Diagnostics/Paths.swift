import Glibc

/// Where a user's files live: the folders of the XDG base directory specification, or below FIELDBOOK_HOME when set.
package struct Paths: Sendable, Hashable {
    package let state: String
    package let runtime: String
    package let config: String

    /// The folders for a process environment. A relative FIELDBOOK_HOME counts from the working folder; a relative XDG
    /// variable is ignored, as the specification asks.
    package init(environment: (String) -> String? = Paths.variable) {
        if let home = environment("FIELDBOOK_HOME"), !home.isEmpty {
            let base = home.hasPrefix("/") ? home : "\(Paths.workingFolder)/\(home)"
            (state, runtime, config) = ("\(base)/state", "\(base)/run", "\(base)/config")
            return
        }
        func absolute(_ variable: String) -> String? { environment(variable).flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let home = absolute("HOME") ?? Paths.accountHome ?? "/"
        state = "\(absolute("XDG_STATE_HOME") ?? "\(home)/.local/state")/fieldbook"
        config = "\(absolute("XDG_CONFIG_HOME") ?? "\(home)/.config")/fieldbook"
        runtime = absolute("XDG_RUNTIME_DIR").map { "\($0)/fieldbook" } ?? "\(state)/run"
    }

    private static var workingFolder: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        return getcwd(&buffer, buffer.count).map { String(cString: $0) } ?? "."
    }

    /// The home folder of this user in the account database.
    private static var accountHome: String? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        return buffer.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, getpwuid_r(getuid(), &entry, start, buffer.count, &found) == 0,
                found != nil, let home = entry.pw_dir, home.pointee == CChar(UInt8(ascii: "/"))
            else { return nil }
            return String(cString: home)
        }
    }

    package var socket: String { "\(runtime)/daemon.sock" }
    package var settingsFile: String { "\(config)/fieldbook.conf" }
    package var tokenFile: String { "\(config)/token" }
    package var daemonLog: String { "\(state)/daemon.log" }

    /// A variable of this process.
    package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
