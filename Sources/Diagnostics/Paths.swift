import Glibc

/// Where the files of a person live: the folders of the XDG base directory specification, or below FIELDBOOK_HOME when
/// set. Each member that logged in has a folder of their own in them, and `state` and `config` are the current one's.
/// Before the first log-in they are the person's folders themselves.
package struct Paths: Sendable, Hashable {
    /// The folders that all users of this machine account share.
    package let stateRoot: String
    package let configRoot: String
    package let runtime: String
    /// The name of the folders of one member; nil before the first log-in.
    package let user: String?

    package var state: String { user.map { "\(stateRoot)/users/\($0)" } ?? stateRoot }
    package var config: String { user.map { "\(configRoot)/users/\($0)" } ?? configRoot }

    /// The folders for a process environment, of the user who is current now. A relative FIELDBOOK_HOME counts from the
    /// working folder; a relative XDG variable is ignored, as the specification asks.
    package init(environment: (String) -> String? = Paths.variable) {
        let (state, runtime, config) = Paths.roots(environment)
        self.init(stateRoot: state, runtime: runtime, configRoot: config, user: UserFolders.current(in: state))
    }

    private init(stateRoot: String, runtime: String, configRoot: String, user: String?) {
        (self.stateRoot, self.runtime, self.configRoot, self.user) = (stateRoot, runtime, configRoot, user)
    }

    /// The same folders for another user; nil for what was set up before the first log-in.
    package func of(user: String?) -> Paths {
        Paths(stateRoot: stateRoot, runtime: runtime, configRoot: configRoot, user: user)
    }

    private static func roots(
        _ environment: (String) -> String?
    ) -> (state: String, runtime: String, config: String) {
        if let home = environment("FIELDBOOK_HOME"), !home.isEmpty {
            let base = home.hasPrefix("/") ? home : "\(Paths.workingFolder)/\(home)"
            return ("\(base)/state", "\(base)/run", "\(base)/config")
        }
        func absolute(_ variable: String) -> String? { environment(variable).flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let home = absolute("HOME") ?? Paths.accountHome ?? "/"
        let state = "\(absolute("XDG_STATE_HOME") ?? "\(home)/.local/state")/fieldbook"
        let config = "\(absolute("XDG_CONFIG_HOME") ?? "\(home)/.config")/fieldbook"
        return (state, absolute("XDG_RUNTIME_DIR").map { "\($0)/fieldbook" } ?? "\(state)/run", config)
    }

    /// The working folder of this process.
    package static var workingFolder: String {
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
    /// One daemon serves one user after the other, so its log is the person's.
    package var daemonLog: String { "\(stateRoot)/daemon.log" }
    package var daemonLock: String { "\(state)/daemon.lock" }
    /// How the local interface names whose edits it is about.
    package var userName: String { user ?? "-" }

    /// A variable of this process.
    package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
