import Glibc

/// The folders of the members who use one machine account: `users/NAME` below the state and the config folder, and
/// `current`, a link in the state folder to the one in use.
///
/// Whoever changes something holds the lock of the list; whoever moves an old installation holds its daemon's lock too.
package struct UserFolders: Sendable {
    private let paths: Paths
    private var root: String { paths.stateRoot }

    package init(_ paths: Paths) { self.paths = paths.of(user: nil) }

    /// The name of a member's folders. Bytes that a file name had better not hold stand as `%XX`, so that two members
    /// never share a name.
    package static func name(partner: String, account: String) -> String {
        func plain(_ text: String, _ others: [UInt8]) -> String {
            text.utf8.map { byte in
                let isPlain =
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || others.contains(byte)
                let digits = String(byte, radix: 16, uppercase: true)
                return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + digits
            }.joined()
        }
        // A partner's part holds no '-', so that the first one ends it, and begins with no point.
        return plain(partner, []) + "-" + plain(account, Array("._@-".utf8))
    }

    /// The name behind the `current` link of a state folder.
    static func current(in state: String) -> String? {
        guard let target = FileFacts.target(ofLink: "\(state)/current"), target.hasPrefix("users/") else { return nil }
        let name = String(target.dropFirst("users/".count))
        return isName(name) ? name : nil
    }

    /// Whether a text can name a user's folders.
    package static func isName(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(".") && !name.contains("/") && name.utf8.count < 250
    }

    /// Keeps others from changing the list of users; held until the value goes.
    package func lock() throws(UserError) -> FileLock {
        try SecureFile.makeFolder(root)
        do { return try FileLock(path: "\(root)/users.lock") } catch let error as UserError { throw error } catch {
            throw UserError(
                .notYet, what: "cannot change who uses Fieldbook here", why: "another command does so now",
                next: "try again in a moment")
        }
    }

    /// The names of all users, sorted.
    package func names() -> [String] {
        let found = UserFolders.entries("\(root)/users") + UserFolders.entries("\(paths.config)/users")
        return Set(found.filter(UserFolders.isName)).sorted()
    }

    /// Makes the folder for settings and token of a user; the daemon makes the other.
    package func make(_ name: String) throws(UserError) {
        guard UserFolders.isName(name) else {
            throw UserError(
                .refused, what: "cannot make a folder for this member", why: "its name does not fit a file name",
                next: "ask an administrator for a member of a shorter name")
        }
        _ = try SecureFile.makePrivateFolder("\(paths.config)/users/\(name)")
    }

    /// Makes a user the current one, or nobody; durable on return.
    package func setCurrent(_ name: String?) throws(UserError) {
        let link = "\(root)/current"
        guard let name else {
            unlink(link)
            return SecureFile.syncFolder(of: link)
        }
        try SecureFile.makeFolder(root)
        guard SecureFile.link(link, to: "users/\(name)") else {
            throw UserFolders.failure("cannot make \(name) the current user", errno)
        }
        SecureFile.syncFolder(of: link)
    }

    // MARK: An installation from before the first log-in

    /// Whether files of one user lie in the person's folders themselves.
    package var hasOldInstallation: Bool {
        SecureFile.exists(paths.tokenFile) || isSetUpForNobody
            || UserFolders.entries(root).contains(where: UserFolders.isReplicaFile)
    }

    /// A person's settings are theirs whoever they work as; a server in them, while nobody has logged in, is a set-up.
    private var isSetUpForNobody: Bool {
        UserFolders.current(in: root) == nil
            && (try? SettingsFile.load(paths.settingsFile))?.value(SettingSpec.serverURL.name) != nil
    }

    /// Moves the files of an old installation into folders of their own and makes their user the current one. A crash
    /// in between is gone on with by `finish`; no program sees a part of the files as a replica. The caller holds the
    /// lock of the old installation's daemon, and nobody has its databases open.
    package func takeOver(as name: String) throws(UserError) {
        let stage = "\(root)/\(UserFolders.stagePrefix)\(name)"
        try SecureFile.makeFolder(stage)
        SecureFile.syncFolder(of: stage)
        try move(into: stage, as: name)
    }

    /// A name for an old installation that no folder has yet.
    package func freeName(_ wanted: String) -> String {
        let taken = UserFolders.entries("\(root)/users")
        var name = wanted
        var count = 1
        while taken.contains(name) {
            count += 1
            name = "\(wanted)-\(count)"
        }
        return name
    }

    /// Ends what a crash left half done: a taking-over, a removal. Does nothing while a daemon uses the old files.
    package func finish() throws(UserError) {
        for entry in UserFolders.entries(root) where entry.hasPrefix(UserFolders.stagePrefix) {
            guard let held = try? FileLock(path: paths.daemonLock) else { continue }
            defer { withExtendedLifetime(held) {} }
            try move(into: "\(root)/\(entry)", as: String(entry.dropFirst(UserFolders.stagePrefix.count)))
        }
        for entry in UserFolders.entries("\(root)/users") where entry.hasPrefix(UserFolders.gonePrefix) {
            UserFolders.removeFolder("\(root)/users/\(entry)")
        }
    }

    /// Whether a taking-over was begun and did not come to its end.
    package var isUnfinished: Bool {
        UserFolders.entries(root).contains { $0.hasPrefix(UserFolders.stagePrefix) }
    }

    /// What a person has looked at, beside the replica that it is about. By itself it makes no installation.
    package static let lookedName = "looked.json"
    private static let stagePrefix = "adopting-"
    private static let gonePrefix = ".gone-"

    private func move(into stage: String, as name: String) throws(UserError) {
        for entry in UserFolders.entries(root)
        where UserFolders.isReplicaFile(entry) || entry == UserFolders.lookedName {
            try UserFolders.move("\(root)/\(entry)", to: "\(stage)/\(entry)")
        }
        SecureFile.syncFolder(of: "\(stage)/x")
        try make(name)
        let (old, new) = (paths, paths.of(user: name))
        // What a log-in has just written there is newer.
        if SecureFile.exists(new.tokenFile) {
            unlink(old.tokenFile)
        } else {
            try UserFolders.move(old.tokenFile, to: new.tokenFile)
        }
        try moveServer(from: old.settingsFile, to: new.settingsFile)
        SecureFile.syncFolder(of: old.tokenFile)
        SecureFile.syncFolder(of: new.tokenFile)
        try SecureFile.makeFolder("\(root)/users")
        SecureFile.syncFolder(of: "\(root)/users")
        // First the link: with the folder in place and no link, nobody would know whose it is.
        if UserFolders.current(in: root) == nil { try setCurrent(name) }
        guard rename(stage, new.state) == 0 else {
            throw UserFolders.failure("cannot take over the files in \(root)", errno)
        }
        SecureFile.syncFolder(of: new.state)
        SecureFile.syncFolder(of: stage)
    }

    /// The server goes with the member; what else stands in the file stays the person's.
    private func moveServer(from old: String, to new: String) throws(UserError) {
        let name = SettingSpec.serverURL.name
        if !SecureFile.exists(new), let server = (try? SettingsFile.load(old))?.value(name) {
            var file = SettingsFile()
            file.set(name, server)
            try SecureFile.write(Array(file.text.utf8), to: new)
        }
        try SettingsFile.remove(name, from: old)
    }

    /// Files of a replica by their names; what is not ours stays where it is.
    private static func isReplicaFile(_ name: String) -> Bool {
        name.hasPrefix("outbox.db") || name.hasPrefix("replica.db") || name.hasPrefix("generation-")
            || name == "wiped.json"
    }

    // MARK: Removal

    /// Removes a user's token; the settings, the queue and the replica stay. Durable on return.
    package func removeToken(_ name: String) {
        unlink(paths.of(user: name).tokenFile)
        SecureFile.syncFolder(of: paths.of(user: name).tokenFile)
    }

    /// Removes everything of a user. The caller holds the lock of the user's daemon.
    package func remove(_ name: String) throws(UserError) {
        removeToken(name)
        if UserFolders.current(in: root) == name { try setCurrent(nil) }
        let (folder, gone) = ("\(root)/users/\(name)", "\(root)/users/\(UserFolders.gonePrefix)\(name)")
        UserFolders.removeFolder(gone)
        guard rename(folder, gone) == 0 || errno == ENOENT else {
            throw UserFolders.failure("cannot remove \(folder)", errno)
        }
        SecureFile.syncFolder(of: gone)
        UserFolders.removeFolder(gone)
        UserFolders.removeFolder("\(paths.config)/users/\(name)")
        SecureFile.syncFolder(of: gone)
    }

    private static func removeFolder(_ path: String) {
        // Folders of ours hold no folders; whatever else somebody put there keeps its place.
        for entry in entries(path) { unlink("\(path)/\(entry)") }
        rmdir(path)
    }

    private static func move(_ from: String, to: String) throws(UserError) {
        guard rename(from, to) == 0 || errno == ENOENT else { throw failure("cannot move \(from)", errno) }
    }

    /// Names in a folder, sorted; none when it is not there.
    private static func entries(_ folder: String) -> [String] { FileFacts.names(in: folder) ?? [] }

    private static func failure(_ what: String, _ code: Int32) -> UserError {
        UserError(
            .failed, what: what, why: String(cString: strerror(code)), next: "check the permissions of its folder")
    }
}
