import Diagnostics
import HTTPKit
import LocalAPI
import ReplicaStore
import SyncProtocol
import TerminalKit

/// A user of this machine account, as far as the files tell.
struct KnownUser {
    /// The name of the folders; nil for what was set up before the first log-in.
    let name: String?
    let identity: ReplicaIdentity?
    /// Nil when the outbox can't be read.
    let counts: OutboxCounts?
    let hasToken: Bool

    var account: String { identity?.member ?? name ?? "-" }
    /// Edits whose only copy may be here: not sent for good, or refused and not looked at.
    var unsent: Int { counts.map { $0.unsent + $0.dead } ?? 0 }
}

extension Context {
    private var folders: UserFolders { UserFolders(paths) }

    // MARK: Log in

    /// `login`: the server says whose token it is, and that member's folders become the current ones.
    func login() throws(UserError) -> Answer {
        let url = try loginAddress()
        let token = try readToken()
        let hello: V1.Hello
        switch greet(url, token, try askedConnection(), doing: "cannot log in") {
        case .success(let greeting): hello = greeting
        case .failure(let ungreeted):
            let failure = ungreeted.error
            throw UserError(
                failure.exitCode, what: "cannot log in", why: failure.why,
                next: failure.next.isEmpty
                    ? "a log-in needs the server, which says whose token it is; nothing was changed"
                    : failure.next.hasSuffix("nothing was changed")
                        ? failure.next : "\(failure.next); nothing was changed")
        }
        let held = try folders.lock()
        defer { withExtendedLifetime(held) {} }
        try folders.finish()
        let name = knownName(of: hello) ?? UserFolders.name(partner: hello.partner, account: hello.member)
        try folders.make(name)
        let own = paths.of(user: name)
        var settings = (try? SettingsFile.load(own.settingsFile)) ?? SettingsFile()
        settings.set(SettingSpec.serverURL.name, url.text)
        try keepConnection(in: &settings)
        inheritConnection(in: &settings)
        try SecureFile.write(Array(settings.text.utf8), to: own.settingsFile)
        try SecureFile.write(Array((token + "\n").utf8), to: own.tokenFile)
        let isRunning = try goOver(to: name, token: token)
        var answer = Answer(json: [
            "user": .text(name), "member": .text(hello.member), "partner": .text(hello.partnerName),
            "server": .text(url.text), "daemonRunning": .bool(isRunning),
        ])
        answer.text = "you are \(hello.member) (\(hello.role)) of \(hello.partnerName)\n"
        answer.notes.append(isRunning ? "the daemon works for you now" : "next: fieldbook daemon start")
        return answer
    }

    private func loginAddress() throws(UserError) -> ServerURL {
        guard let address = command.option("server") ?? settings().text(.serverURL) else {
            throw usage("--server is missing")
        }
        do { return try ServerURL(address) } catch {
            throw UserError(.refused, what: error.what, why: error.why, next: "give it as \(ServerURL.form)")
        }
    }

    /// The folders of a member who was here before; a replica that met its server late goes by another name.
    private func knownName(of hello: V1.Hello) -> String? {
        let known = users().filter { $0.identity?.partner == hello.partner && $0.identity?.member == hello.member }
        return (known.first { $0.name == paths.user } ?? known.first)?.name
    }

    /// Makes a user the current one: by the daemon, when one runs, else here. Says whether one runs.
    private func goOver(to name: String, token: String?) throws(UserError) -> Bool {
        if try daemon.statusIfRunning() != nil {
            try daemon.goOver(to: name)
            return true
        }
        if folders.hasOldInstallation, paths.user == nil {
            let old = try? SecureFile.read(paths.tokenFile, limit: 1024)
            let isSame = token.map { $0 + "\n" } == old.map { String(decoding: $0, as: UTF8.self) }
            _ = try takeOver(wanted: isSame ? name : nil)
        }
        try folders.setCurrent(name)
        return false
    }

    /// Gives what was set up before the first log-in folders of its own, and gives their name.
    private func takeOver(wanted: String?) throws(UserError) -> String {
        let held = try lock(of: nil)
        defer { withExtendedLifetime(held) {} }
        return try OldInstallation.takeOver(paths, wanted: wanted)
    }

    /// The lock of a user's daemon.
    private func lock(of user: String?) throws(UserError) -> FileLock {
        try SecureFile.makeFolder(paths.of(user: user).state)
        do { return try FileLock(path: paths.of(user: user).daemonLock) } catch let error as UserError {
            throw error
        } catch {
            throw UserError(
                .notYet, what: "cannot change the user", why: "a daemon works in the folder and does not answer",
                next: "stop it first: fieldbook daemon stop")
        }
    }

    // MARK: Who is here

    /// All users of this machine account; what was set up before the first log-in comes first.
    func users() -> [KnownUser] {
        var names = folders.names().map { Optional($0) }
        if folders.hasOldInstallation { names.insert(nil, at: 0) }
        return names.map { name in
            let own = paths.of(user: name)
            let reader = try? ReplicaReader(directory: own.state)
            let isNew = !SecureFile.exists("\(own.state)/outbox.db")
            return KnownUser(
                name: name, identity: try? reader?.identity(),
                counts: isNew ? OutboxCounts() : try? reader?.outboxCounts(),
                hasToken: TokenSource.isThere(own, Settings(own)))
        }
    }

    /// `users`.
    func listUsers() throws(UserError) -> Answer {
        try folders.finish()
        let all = users()
        var table = Table([
            .init("", label: "in use"), .init("ACCOUNT"), .init("PARTNER"), .init("UNSENT", .right), .init("LOGGED IN"),
            .init("LAST CONTACT"), .init("FOLDER"),
        ])
        for user in all {
            table.add([
                isCurrent(user) ? "*" : "", user.account, user.identity?.partnerName ?? "-",
                user.counts == nil ? "?" : "\(user.unsent)", user.hasToken ? "yes" : "no",
                user.identity?.contactAt.map { ago($0) } ?? "-", user.name ?? "-",
            ])
        }
        var answer = Answer(text: table.isEmpty ? "" : table.render(for: terminal))
        if table.isEmpty { answer.notes.append("nobody is logged in here: fieldbook login --server URL") }
        answer.json["users"] = .array(
            all.map { user in
                .object([
                    "user": .optional(user.name), "member": .optional(user.identity?.member),
                    "partner": .optional(user.identity?.partnerName), "current": .bool(isCurrent(user)),
                    "loggedIn": .bool(user.hasToken),
                    "unsent": user.counts == nil ? .null : .integer(Int64(user.unsent)),
                    "server": .optional(user.identity?.server), "contactAt": Wording.time(user.identity?.contactAt),
                ])
            })
        return answer
    }

    private func isCurrent(_ user: KnownUser) -> Bool { user.name == paths.user }

    /// The user that an argument names: by the name of the folders or by account.
    func user(_ text: String) throws(UserError) -> KnownUser {
        let all = users()
        if let exact = all.first(where: { $0.name == text }) { return exact }
        let found = all.filter { $0.account == text }
        if found.count == 1 { return found[0] }
        throw UserError(
            .refused, what: "cannot tell who \(text) is",
            why: found.isEmpty ? "nobody of that name is known here" : "there are several of that name",
            next: found.isEmpty
                ? "list all with: fieldbook users; a new one comes by: fieldbook login"
                : "name the folder: \(found.compactMap(\.name).joined(separator: ", "))")
    }

    // MARK: Change

    /// `switch ACCOUNT`.
    func switchUser() throws(UserError) -> Answer {
        let held = try folders.lock()
        defer { withExtendedLifetime(held) {} }
        try folders.finish()
        let wanted = try user(command.arguments[0])
        guard wanted.hasToken else {
            throw UserError(
                .denied, what: "cannot go over to \(wanted.account)", why: "\(wanted.account) is logged out",
                next: "fieldbook login with a token of \(wanted.account)")
        }
        var isRunning = (try daemon.statusIfRunning()) != nil
        if let name = wanted.name, name != paths.user || isRunning { isRunning = try goOver(to: name, token: nil) }
        var answer = Answer(json: [
            "user": .optional(wanted.name), "member": .optional(wanted.identity?.member),
            "daemonRunning": .bool(isRunning),
        ])
        answer.text = "the current user is \(wanted.account)\n"
        if !isRunning { answer.notes.append("next: fieldbook daemon start") }
        return answer
    }

    /// `logout [ACCOUNT]`.
    func logout() throws(UserError) -> Answer {
        let (isWipe, isForced) = (command.flag("wipe"), command.flag("discard-unsent"))
        guard isWipe || !isForced else { throw usage("--discard-unsent goes with --wipe") }
        let held = try folders.lock()
        defer { withExtendedLifetime(held) {} }
        try folders.finish()
        let wanted: KnownUser
        if let text = command.arguments.first { wanted = try user(text) } else { wanted = try currentUser() }
        if isWipe, !isForced { try refuseWithUnsent(wanted) }
        // A daemon that works for this user has the token in its memory.
        if isServed(wanted) { _ = try stopDaemon() }
        let name: String
        if let known = wanted.name { name = known } else { name = try takeOver(wanted: nil) }
        let lock = try lock(of: name)
        defer { withExtendedLifetime(lock) {} }
        if isWipe {
            // Counted again with the daemon gone: an edit may have come meanwhile.
            if !isForced, let now = users().first(where: { $0.name == name }) { try refuseWithUnsent(now) }
            try folders.remove(name)
        } else {
            folders.removeToken(name)
        }
        var answer = Answer(json: ["user": .text(name), "wiped": .bool(isWipe)])
        answer.text = "\(wanted.account) is logged out\n"
        answer.notes.append(
            isWipe
                ? "replica and queue are removed"
                : "replica and queue are kept; a later log-in of \(wanted.account) goes on with them")
        return answer
    }

    private func currentUser() throws(UserError) -> KnownUser {
        if let user = users().first(where: isCurrent) { return user }
        throw UserError(
            .refused, what: "cannot log out", why: "nobody is logged in", next: "list users with: fieldbook users")
    }

    private func isServed(_ user: KnownUser) -> Bool {
        if let status = try? daemon.statusIfRunning() { return status.user == user.name }
        return FileLock.holder(of: paths.of(user: user.name).daemonLock) != nil
    }

    private func refuseWithUnsent(_ user: KnownUser) throws(UserError) {
        guard user.counts == nil || user.unsent > 0 else { return }
        let what =
            user.counts == nil
            ? "the queue cannot be read"
            : "\(Context.count(user.unsent, "edit")) \(user.unsent == 1 ? "has" : "have") not reached the server"
        throw UserError(
            .refused, what: "cannot remove the files of \(user.account)", why: what,
            next:
                "keep them: fieldbook edits export FILE\(user.name.map { " --user \($0)" } ?? ""); then add --discard-unsent"
        )
    }
}
