import Glibc

/// Where the files of a person live: the folders of the XDG base directory specification, or below FIELDBOOK_HOME when
/// set. Each member that logged in has a folder of their own in them, and `state` and `config` are the current one's.
/// Before the first log-in they are the person's folders themselves.
package struct Paths: Sendable, Hashable {
    /// The folders that all users of this machine account share.
    package let stateRoot: String
    package let configRoot: String
    package let runtime: String
    /// What `~` stands for in a setting.
    package let home: String
    /// Where the system's settings may be; the first file that is there counts.
    let systemFolders: [String]
    /// The name of the folders of one member; nil before the first log-in.
    package let user: String?

    package var state: String { user.map { "\(stateRoot)/users/\($0)" } ?? stateRoot }
    package var config: String { user.map { "\(configRoot)/users/\($0)" } ?? configRoot }

    /// The folders for a process environment, of the user who is current now. A relative FIELDBOOK_HOME counts from the
    /// working folder, and the system's settings are then `etc` in it; a relative XDG variable is ignored, as the
    /// specification asks.
    package init(environment: (String) -> String? = Paths.variable) {
        func absolute(_ variable: String) -> String? { environment(variable).flatMap { $0.hasPrefix("/") ? $0 : nil } }
        home = absolute("HOME") ?? Account(getuid()).flatMap { $0.home.hasPrefix("/") ? $0.home : nil } ?? "/"
        if let chosen = environment("FIELDBOOK_HOME"), !chosen.isEmpty {
            let base = chosen.hasPrefix("/") ? chosen : "\(Paths.workingFolder)/\(chosen)"
            (stateRoot, runtime, configRoot) = ("\(base)/state", "\(base)/run", "\(base)/config")
            systemFolders = ["\(base)/etc"]
        } else {
            stateRoot = "\(absolute("XDG_STATE_HOME") ?? "\(home)/.local/state")/fieldbook"
            configRoot = "\(absolute("XDG_CONFIG_HOME") ?? "\(home)/.config")/fieldbook"
            runtime = absolute("XDG_RUNTIME_DIR").map { "\($0)/fieldbook" } ?? "\(stateRoot)/run"
            let folders = (environment("XDG_CONFIG_DIRS") ?? "").split(separator: ":").filter { $0.hasPrefix("/") }
            systemFolders = folders.map { "\($0)/fieldbook" } + ["/etc/fieldbook"]
        }
        user = UserFolders.current(in: stateRoot)
    }

    private init(_ paths: Paths, user: String?) {
        (stateRoot, runtime, configRoot) = (paths.stateRoot, paths.runtime, paths.configRoot)
        (home, systemFolders, self.user) = (paths.home, paths.systemFolders, user)
    }

    /// The same folders for another user; nil for what was set up before the first log-in.
    package func of(user: String?) -> Paths { Paths(self, user: user) }

    /// The working folder of this process.
    package static var workingFolder: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        return getcwd(&buffer, buffer.count).map { String(cString: $0) } ?? "."
    }

    /// Where a daemon that is started here listens.
    package var ownSocket: String { "\(runtime)/daemon.sock" }
    /// Where the daemon that runs listens. It may have been started with another XDG_RUNTIME_DIR, or none, as at boot or
    /// over ssh, so it leaves a link in the state folder; without one, it listens where one started here would.
    package var socket: String {
        FileFacts.target(ofLink: socketLink).flatMap { $0.hasPrefix("/") ? $0 : nil } ?? ownSocket
    }
    package var socketLink: String { "\(stateRoot)/daemon.socket" }
    package var settingsFile: String { "\(config)/fieldbook.conf" }
    /// The system's settings: the first file that is there, else where one would be.
    package var systemSettingsFile: String {
        let files = systemFolders.map { "\($0)/fieldbook.conf" }
        return files.first(where: SecureFile.exists) ?? files[files.count - 1]
    }
    /// The person's settings, whichever member they work as.
    package var personSettingsFile: String { "\(configRoot)/fieldbook.conf" }
    /// Every settings file in the order in which they count.
    package var settingsFiles: [String] {
        [systemSettingsFile, personSettingsFile] + (user == nil ? [] : [settingsFile])
    }
    package var tokenFile: String { "\(config)/token" }
    /// One daemon serves one user after the other, so its log is the person's.
    package var daemonLog: String { "\(stateRoot)/daemon.log" }
    package var daemonLock: String { "\(state)/daemon.lock" }
    /// How the local interface names whose edits it is about.
    package var userName: String { user ?? "-" }

    /// A variable of this process.
    package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
