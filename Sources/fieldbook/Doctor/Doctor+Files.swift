import Diagnostics
import Glibc
import Hooks
import ReplicaStore

/// Folders and files: whose they are, who may read them, what stands in them.
extension Doctor {
    /// Paths of one kind of flaw that are named; the others are counted.
    private static let pathsMax = 5

    /// Whether the state folder takes a file, tried with an empty one of a name of its own.
    var writable: Check {
        let name = "state folder"
        guard !FileFacts.isHidden(paths.state) else {
            return hidden(name, "\(paths.state) cannot be entered")
        }
        guard SecureFile.exists(paths.state) else { return .ok(name, "\(paths.state) is made at the first start") }
        let probe = "\(paths.state)/doctor-\(getpid())"
        let descriptor = open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            return .failed(
                name, "\(paths.state) cannot be written", why: String(cString: strerror(errno)),
                next: "check whose it is: ls -ld \(paths.state)")
        }
        let written = write(descriptor, "x", 1)
        let code = errno
        close(descriptor)
        unlink(probe)
        guard written == 1 else {
            return .failed(
                name, "\(paths.state) takes no byte", why: String(cString: strerror(code)),
                next: "free space on that disk")
        }
        return .ok(name, "\(paths.state) can be written")
    }

    /// Folders 0700, files 0600, all of them this user's.
    var permissions: [Check] {
        let name = "permissions"
        let folders =
            paths.user == nil
            ? [paths.stateRoot, paths.configRoot, paths.runtime]
            : [paths.stateRoot, paths.state, paths.configRoot, paths.config, paths.runtime]
        let files =
            [paths.personSettingsFile, paths.settingsFile, paths.tokenFile, paths.socket, paths.daemonLog]
            + replicaFiles
        let known = (folders + files).compactMap { path in FileFacts(path).map { (path: path, facts: $0) } }
        let foreign = known.filter { $0.facts.owner != geteuid() }
        let open = known.filter { $0.facts.owner == geteuid() && $0.facts.mode & 0o077 != 0 && !isLink($0.path) }
        var checks: [Check] = []
        if let path = folders.first(where: FileFacts.isHidden) {
            checks.append(hidden(name, "\(path) cannot be looked at"))
        }
        if let first = foreign.first {
            let owner = Doctor.accountName(of: first.facts.owner) ?? "user \(first.facts.owner)"
            checks.append(
                .failed(
                    name, Doctor.listed(foreign.map(\.path)) + " not yours", why: "the owner is \(owner)",
                    next: "run as \(owner), or name a folder of your own with FIELDBOOK_HOME"))
        }
        for isFolder in [true, false] {
            let paths = open.filter { $0.facts.isFolder == isFolder }.map(\.path)
            guard !paths.isEmpty else { continue }
            checks.append(
                .warning(
                    name, Doctor.listed(paths) + " open to others",
                    why: isFolder ? "a folder of ours has mode 0700" : "a file of ours has mode 0600",
                    next: "close \(paths.count == 1 ? "it" : "them"): chmod \(isFolder ? "700" : "600") "
                        + paths.map(Doctor.quoted).joined(separator: " ")))
        }
        return checks.isEmpty ? [.ok(name, "folders and files are yours alone")] : checks
    }

    /// What another user's folder keeps from us.
    func hidden(_ name: String, _ what: String) -> Check {
        .failed(
            name, what, why: String(cString: strerror(EACCES)),
            next: "run as the user whose replica it is, or name another folder with FIELDBOOK_HOME")
    }

    /// The files of the replica by their names, which are ours.
    private var replicaFiles: [String] {
        (FileFacts.names(in: paths.state) ?? []).filter { name in
            name.hasPrefix("outbox.db") || name.hasPrefix("generation-") || name == "wiped.json"
        }.map { "\(paths.state)/\($0)" }
    }

    private func isLink(_ path: String) -> Bool {
        var buffer: [UInt8] = [0]
        return readlink(path, &buffer, 1) > 0
    }

    private static func listed(_ paths: [String]) -> String {
        let shown = paths.prefix(pathsMax).joined(separator: ", ")
        let more = paths.count > pathsMax ? " and \(paths.count - pathsMax) more" : ""
        return "\(shown)\(more) \(paths.count == 1 ? "is" : "are")"
    }

    /// A path as a shell takes it.
    static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || Array("/._-@%+".utf8).contains(byte)
        }
        return isPlain
            ? path
            : "'"
                + path.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
    }

    func settings(_ findings: inout Findings) -> Check {
        let name = "settings"
        let read = Settings(paths, environment: environment)
        findings.settings = read
        if let mistake = read.mistakes.first {
            let more = read.mistakes.count > 1 ? "; see all \(read.mistakes.count) with: fieldbook config check" : ""
            let error = mistake.error
            return .failed(name, error.what, why: error.why, next: error.next + more)
        }
        guard read.text(.serverURL) != nil else {
            return .failed(
                name, "no server is set up", why: "no settings file names one",
                next: "run: fieldbook setup --server https://HOST[:PORT]")
        }
        return .ok(name, "the settings can be read: \(read.files.filter(\.isThere).count) file(s)")
    }

    /// The key of this machine's certificate, which stands in a file of its own or beside the certificate. Where it is
    /// open to others no secure connection is made, and one that is not tried tells nothing.
    func clientKey(_ findings: Findings) -> [Check] {
        guard let settings = findings.settings,
            let key = settings.path(.clientKey) ?? settings.path(.clientCertificate), SecureFile.exists(key),
            !SecureFile.isPrivate(key)
        else { return [] }
        let setting = settings.path(.clientKey) == nil ? SettingSpec.clientCertificate : .clientKey
        return [
            .warning(
                "client key", "other users can read or write \(key)",
                why: "\(setting.name) names it, and a key is for its owner alone",
                next: "close it: chmod 600 \(Doctor.quoted(key))")
        ]
    }

    /// Commands on events that can't be run as they are set. They are not run here.
    func hooks(_ findings: Findings) -> [Check] {
        guard let settings = findings.settings else { return [] }
        return HookSettings(settings).flaws.map { flaw in
            .warning(
                "hooks", "\(flaw.key) is not used", why: flaw.why, next: "mend it; try it with: fieldbook hooks test")
        }
    }

    /// Whether there is a token that can be used. It is shown nowhere.
    func token(_ findings: inout Findings) -> Check {
        let name = "token"
        let settings = findings.settings ?? Settings(paths, environment: environment)
        do {
            findings.token = try TokenSource.token(
                paths, settings, next: "run: fieldbook login", environment: environment)
        } catch { return .failed(name, error) }
        return .ok(name, "there is one, for you alone")
    }
}
