import Diagnostics
import Glibc
import LocalAPI
import ReplicaStore
import SyncProtocol

/// The daemon, the machine's clock and disk, and what surrounds them.
extension Doctor {
    /// Below the first of these nothing is sure to be written, below the second a load may not fit.
    private static let bytesLeast: Int64 = 64 << 20
    private static let bytesGood: Int64 = 512 << 20
    private static let filesLeast: Int64 = 100
    /// A difference to the server's clock that people notice in ages and times.
    private static let skewSeconds: Int64 = 120
    /// Years in which this software can run.
    private static let years: ClosedRange<Int> = 2025...2099

    func daemon(_ findings: inout Findings) -> [Check] {
        let name = "daemon"
        do {
            findings.status = try LocalAPIClient(socket: paths.socket, user: paths.userName).statusIfRunning()
        } catch { return [.failed(name, error)] }
        guard let status = findings.status else {
            if FileFacts.isHidden(paths.socket) { return [hidden(name, "cannot tell whether it runs")] }
            return [
                .warning(
                    name, "the daemon is not running", why: "nothing is synced; looking things up works",
                    next: "start it with: fieldbook daemon start")
            ]
        }
        guard status.software == SoftwareVersion.text else {
            return [
                .failed(
                    name, "the daemon is of another version",
                    why: "it is \(status.software), this program \(SoftwareVersion.text)",
                    next: "start it anew: fieldbook daemon stop; fieldbook daemon start")
            ]
        }
        let runs = Check.ok(
            name, "runs (process \(status.processID), \(status.software), local interface \(status.apiVersion))")
        guard let problem = status.problem else { return [runs] }
        return [runs, .warning("sync", problem.what, why: problem.why, next: problem.next)]
    }

    /// Whether a service manager keeps the daemon running. Only files are looked at, nothing is asked.
    var service: Check {
        let name = "service"
        guard SecureFile.exists("/run/systemd/system") else { return .ok(name, "no systemd on this machine") }
        let home = environment("HOME") ?? ""
        let own = (environment("XDG_CONFIG_HOME") ?? "\(home)/.config") + "/systemd/user"
        let folders = [
            own, "\(home)/.local/share/systemd/user", "/etc/systemd/user", "/usr/local/lib/systemd/user",
            "/usr/lib/systemd/user",
        ]
        guard let unit = folders.map({ "\($0)/\(ServiceUnit.name)" }).first(where: SecureFile.exists) else {
            return .ok(name, "no unit \(ServiceUnit.name); the daemon is started by hand")
        }
        let isEnabled = folders.contains { FileFacts("\($0)/default.target.wants/\(ServiceUnit.name)") != nil }
        guard isEnabled else {
            return .warning(
                name, "the unit is not enabled", why: "\(unit) is there, and nothing starts it after a log-in",
                next: "enable it: fieldbook service start, or systemctl --user enable --now fieldbook")
        }
        let account = Doctor.accountName(of: geteuid()) ?? ""
        guard !account.isEmpty, SecureFile.exists("/var/lib/systemd/linger/\(account)") else {
            return .warning(
                name, "the daemon ends with your last session", why: "the unit is enabled, lingering is not",
                next: "let it run on: loginctl enable-linger")
        }
        return .ok(name, "the unit is enabled and runs without a session")
    }

    var fileSystem: Check {
        guard let network = FileSystemCheck.networkFileSystem(at: paths.state) else {
            return .ok("file system", "the replica lies on a local disk")
        }
        return .failed(
            "file system", "\(paths.state) lies on a network file system (\(network))",
            why: "locks and the log cannot be relied on there, so the daemon refuses it",
            next: "name a folder on a local disk with XDG_STATE_HOME or FIELDBOOK_HOME")
    }

    var space: Check {
        let name = "space"
        guard let space = DiskSpace(at: paths.state) else {
            return .warning(name, "cannot tell the room left", why: String(cString: strerror(errno)), next: "see: df")
        }
        let image = inspection.path(of: .image).flatMap { FileFacts($0) }?.size ?? 0
        let next = "free space on the disk of \(paths.state)"
        if space.isReadOnly {
            return .failed(
                name, "the disk is mounted read-only", why: "nothing can be kept", next: "see why: dmesg, mount")
        }
        guard space.freeBytes >= Doctor.bytesLeast, space.freeFiles ?? .max >= Doctor.filesLeast else {
            return .failed(
                name, "the disk is full", why: "\(Doctor.mebibytes(space.freeBytes)) are left; edits may be refused",
                next: next)
        }
        guard space.freeBytes >= Doctor.bytesGood, space.freeBytes > image else {
            return .warning(
                name, "the disk is almost full",
                why: "\(Doctor.mebibytes(space.freeBytes)) are left; a load anew needs as much as the image has, "
                    + Doctor.mebibytes(image), next: next)
        }
        return .ok(name, "\(Doctor.mebibytes(space.freeBytes)) free")
    }

    /// By what an https server is reached. A proxy's address is not told: it may hold a password.
    func proxy(_ findings: Findings) -> Check {
        let settings = findings.settings ?? Settings(paths, environment: environment)
        if let named = settings.text(.serverProxy) {
            if named.contains("@"), case .file(let file, _) = settings.value(.serverProxy).origin,
                !SecureFile.isPrivate(file)
            {
                return .warning(
                    "proxy", "other users can read the proxy's password",
                    why: "it stands in \(file), which is not for its owner alone",
                    next: "close it: chmod 600 \(Doctor.quoted(file))")
            }
            return .ok(
                "proxy", named == "none" ? "none, by the settings" : "the one of server.proxy, for https:// servers")
        }
        let names = ["https_proxy", "HTTPS_PROXY"].filter { !(environment($0) ?? "").isEmpty }
        guard let name = names.first else { return .ok("proxy", "none is set") }
        return .ok("proxy", "the one of \(name), for https:// servers that no_proxy does not name")
    }

    /// By the server's time when it answered, else by what was kept of the last contact.
    func clock(_ findings: Findings) -> Check {
        let name = "clock"
        let now = clock.now()
        let year = CivilDate.date(fromDays: now.seconds / 86_400).year
        let next = "set the clock: timedatectl set-ntp true"
        guard Doctor.years.contains(year) else {
            return .failed(
                name, "the clock says \(now.rfc3339)", why: "that can't be; ages and the lease are wrong by it",
                next: next)
        }
        if let server = findings.hello?.serverTime.value {
            let skew = now.seconds - server
            guard abs(skew) > Doctor.skewSeconds else { return .ok(name, "as the server's, within \(abs(skew)) s") }
            return .warning(
                name, "the clock is \(abs(skew)) s \(skew > 0 ? "ahead of" : "behind") the server's",
                why: "no edit is decided by it, but ages, times and the lease are shown and counted by it", next: next)
        }
        let reader = try? ReplicaReader(directory: paths.state)
        let contact = [(try? reader?.identity())?.contactAt, (try? reader?.imageState())?.checkpointAt]
            .compactMap { $0 }.max()
        if let contact, contact > now.seconds + Doctor.skewSeconds {
            return .warning(
                name, "the clock is behind the last contact",
                why: "it was \(Instant(seconds: contact).rfc3339) then, and is \(now.rfc3339) now", next: next)
        }
        return .ok(name, "\(now.rfc3339); the server's is not known")
    }

    static func mebibytes(_ bytes: Int64) -> String { "\(bytes >> 20) MiB" }

    /// The account name of a user number; nil when there is none.
    static func accountName(of user: UInt32) -> String? { Account(user)?.name }
}
