import Glibc

/// Where a user's files live: the folders of the XDG base directory specification, or below FIELDBOOK_HOME when set.
package struct Paths: Sendable, Hashable {
    package let state: String
    package let runtime: String
    package let config: String

    /// The folders for a process environment.
    package init(environment: (String) -> String? = Paths.variable) {
        if let home = environment("FIELDBOOK_HOME"), home.hasPrefix("/") {
            (state, runtime, config) = ("\(home)/state", "\(home)/run", "\(home)/config")
            return
        }
        let home = environment("HOME") ?? "/"
        func folder(_ variable: String, _ fallback: String) -> String {
            guard let value = environment(variable), value.hasPrefix("/") else { return "\(fallback)/fieldbook" }
            return "\(value)/fieldbook"
        }
        state = folder("XDG_STATE_HOME", "\(home)/.local/state")
        config = folder("XDG_CONFIG_HOME", "\(home)/.config")
        runtime = environment("XDG_RUNTIME_DIR").map { "\($0)/fieldbook" } ?? "\(state)/run"
    }

    package var socket: String { "\(runtime)/daemon.sock" }
    package var settingsFile: String { "\(config)/fieldbook.conf" }
    package var tokenFile: String { "\(config)/token" }
    package var daemonLog: String { "\(state)/daemon.log" }

    /// A variable of this process.
    package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
