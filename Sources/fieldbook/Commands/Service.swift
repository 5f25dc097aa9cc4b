import Diagnostics
import Glibc
import TerminalKit

extension Context {
    /// Where systemd looks for a person's own units, and where packages put theirs (systemd.unit(5)).
    private var unitFile: String {
        let folder =
            Paths.variable("XDG_CONFIG_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(paths.home)/.config"
        return "\(folder)/systemd/user/\(ServiceUnit.name)"
    }
    private var packagedUnits: [String] {
        ["\(paths.home)/.local/share", "/etc", "/usr/local/lib", "/usr/lib"].map {
            "\($0)/systemd/user/\(ServiceUnit.name)"
        }
    }

    // MARK: Install

    /// `service install`.
    func installService() throws(UserError) -> Answer {
        let text = ServiceUnit.text(program: try daemonProgram(), variables: serviceVariables)
        let packaged = packagedUnits.first { path in
            (try? SecureFile.read(path, limit: 65_536)).map { $0 == Array(text.utf8) } ?? false
        }
        let file = packaged.flatMap { SecureFile.exists(unitFile) ? nil : $0 } ?? unitFile
        var answer = Answer(json: ["unit": .text(file)])
        if command.flag("dry-run") {
            answer.text = text
            answer.notes.append("would be \(file)")
            return answer
        }
        try needManager("cannot install the service")
        let settings = try settings().checked()
        if file == unitFile { try writeUnit(text) }
        try systemctl("cannot install the service", ["daemon-reload"])
        try systemctl("cannot install the service", ["enable", ServiceUnit.name])
        answer.text = "the service is installed: \(file)\n"
        let isSetUp = settings.text(.serverURL) != nil && TokenSource.isThere(paths, settings)
        if isSetUp {
            // One that was started by hand has the replica, so the service could not.
            if let running = try daemonProcess(), running != mainProcess { _ = try stopDaemon() }
            try systemctl("cannot start the service", ["restart", ServiceUnit.name])
            answer.text += "it runs\n"
        } else {
            answer.notes.append("next: fieldbook setup --server https://HOST[:PORT]; fieldbook service start")
        }
        answer.json["started"] = .bool(isSetUp)
        answer.json["linger"] = lingers.map(JSONOutput.bool) ?? .null
        if lingers != true { answer.notes.append(Context.lingerHint) }
        return answer
    }

    private static let lingerHint =
        "it runs from your first log-in to your last log-out; from the machine's start on: loginctl enable-linger"

    /// Variables by which the service finds the same folders as this command.
    private var serviceVariables: [(name: String, value: String)] {
        if let home = Paths.variable("FIELDBOOK_HOME"), !home.isEmpty {
            return [("FIELDBOOK_HOME", String(paths.configRoot.dropLast("/config".count)))]
        }
        return ["XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "XDG_STATE_HOME"].compactMap { name in
            // A desktop always names its own folders of system settings; they matter when ours is in one.
            if name == "XDG_CONFIG_DIRS", paths.systemSettingsFile.hasPrefix("/etc/fieldbook/") { return nil }
            return Paths.variable(name).flatMap { $0.isEmpty ? nil : (name, $0) }
        }
    }

    private func writeUnit(_ text: String) throws(UserError) {
        if SecureFile.exists(unitFile), !command.flag("force") {
            let old = (try? SecureFile.read(unitFile, limit: 65_536)) ?? []
            let first = text.utf8.prefix { $0 != UInt8(ascii: "\n") }
            guard old.starts(with: first) else {
                throw UserError(
                    .refused, what: "cannot install the service", why: "\(unitFile) is there and not ours",
                    next: "look at it, then add --force")
            }
        }
        try SecureFile.makeFolder(String(unitFile.dropLast(ServiceUnit.name.count + 1)))
        try SecureFile.write(Array(text.utf8), to: unitFile)
    }

    /// `service uninstall`.
    func uninstallService() throws(UserError) -> Answer {
        let isThere = SecureFile.exists(unitFile)
        if isThere || packagedUnits.contains(where: SecureFile.exists) {
            try needManager("cannot remove the service")
            try systemctl("cannot remove the service", ["disable", "--now", ServiceUnit.name])
            if isThere {
                SecureFile.remove(unitFile)
                try systemctl("cannot remove the service", ["daemon-reload"])
            }
        }
        return Answer(
            json: ["removed": .bool(isThere)],
            text: isThere ? "the service is removed\n" : "no service of yours is installed\n",
            notes: ["queue, replica and settings are kept"])
    }

    // MARK: Start, stop, status

    /// `service start`.
    func startService() throws(UserError) -> Answer {
        try needUnit("cannot start the service")
        // The daemon would end on a mistake, and its reason would stand in a log.
        _ = try settings().checked()
        try systemctl("cannot start the service", ["start", ServiceUnit.name])
        return Answer(json: ["running": .bool(true)], text: "the service runs\n")
    }

    /// `service stop`.
    func stopService() throws(UserError) -> Answer {
        try needUnit("cannot stop the service")
        try systemctl("cannot stop the service", ["stop", ServiceUnit.name])
        return Answer(json: ["running": .bool(false)], text: "the service has stopped; queued edits stay\n")
    }

    /// `service status`.
    func serviceStatus() throws(UserError) -> Answer {
        try needManager("cannot ask for the service")
        let known = unitProperties
        func value(_ name: String) -> String? { known[name].flatMap { $0.isEmpty ? nil : $0 } }
        let isInstalled = value("LoadState") == "loaded"
        var lines = [
            (
                "installed",
                isInstalled ? value("FragmentPath") ?? "yes" : "no; install it with: fieldbook service install"
            )
        ]
        if isInstalled {
            let process = value("MainPID").flatMap { $0 == "0" ? nil : " (process \($0))" } ?? ""
            let result = value("Result").flatMap { $0 == "success" ? nil : "; it ended with: \($0)" } ?? ""
            lines += [
                ("at log-in", value("UnitFileState") ?? "unknown"),
                ("state", (value("ActiveState") ?? "unknown") + process + result),
            ]
            if let text = value("StatusText") { lines.append(("says", text)) }
            lines.append(
                ("linger", lingers == true ? "yes: it runs from the machine's start on" : Context.lingerHint))
            lines.append(("log", "journalctl --user -u fieldbook"))
        }
        var answer = Answer(
            text: lines.map { $0.0 + String(repeating: " ", count: 14 - $0.0.count) + VisibleText.escape($0.1) + "\n" }
                .joined())
        answer.json = [
            "installed": .bool(isInstalled), "enabled": .bool(value("UnitFileState") == "enabled"),
            "active": .optional(value("ActiveState")), "status": .optional(value("StatusText")),
            "unit": .optional(value("FragmentPath")), "result": .optional(value("Result")),
            "linger": lingers.map(JSONOutput.bool) ?? .null,
        ]
        return answer
    }

    // MARK: systemd

    private var unitProperties: [String: String] {
        let names = "LoadState,UnitFileState,ActiveState,MainPID,StatusText,FragmentPath,Result"
        let asked = ProgramRun("systemctl", ["--user", "show", "--property=\(names)", ServiceUnit.name])
        var known: [String: String] = [:]
        for line in asked?.output.split(separator: "\n") ?? [] {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { known[String(parts[0])] = String(parts[1]) }
        }
        return known
    }

    private var mainProcess: Int? { unitProperties["MainPID"].flatMap { Int($0) } }

    /// Whether the manager of this user goes on after the last log-out; nil when that can't be known.
    private var lingers: Bool? {
        let asked = ProgramRun("loginctl", ["show-user", "--property=Linger", "--value", "\(getuid())"])
        guard let asked, asked.code == 0 else { return nil }
        return asked.output.hasPrefix("yes")
    }

    /// Refuses where no systemd manages this user's session, and says what to run instead.
    private func needManager(_ what: String) throws(UserError) {
        let asked = ProgramRun("systemctl", ["--user", "show", "--property=Version"])
        if let asked, asked.code == 0 { return }
        let why: String
        if asked == nil {
            why = "this machine has no systemctl"
        } else if Paths.variable("XDG_RUNTIME_DIR") == nil {
            why = "systemd does not know of this session (XDG_RUNTIME_DIR is not set, as after su)"
        } else {
            why = "no systemd manages this session"
        }
        throw UserError(
            .unreachable, what: what, why: why,
            next: "run it without: fieldbook daemon start; at every log-in: put that line into ~/.profile")
    }

    private func needUnit(_ what: String) throws(UserError) {
        try needManager(what)
        guard unitProperties["LoadState"] == "loaded" else {
            throw UserError(
                .refused, what: what, why: "it is not installed", next: "install it with: fieldbook service install")
        }
    }

    private func systemctl(_ what: String, _ words: [String]) throws(UserError) {
        let run = ProgramRun("systemctl", ["--user"] + words)
        guard run?.code != 0 else { return }
        let line = run?.output.split(separator: "\n").first.map(String.init) ?? "systemctl ended without a word"
        throw UserError(
            .failed, what: what, why: line, next: "see: fieldbook service status; journalctl --user -u fieldbook -n 20")
    }
}
