import Glibc

/// Small private files: settings, tokens. Mode 0600, replaced as a whole.
package enum SecureFile {
    /// Reads a file of at most `limit` bytes. A link is followed, because settings are often kept elsewhere and linked;
    /// what it leads to must be a regular file, so that a pipe or a device can't hold the reader up.
    package static func read(_ path: String, limit: Int) throws(UserError) -> [UInt8] {
        let what = "cannot read \(path)"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(what, errno, .settings, next: "check the path and its permissions") }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw UserError(.settings, what: what, why: "it is not a regular file", next: "name a file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(what, errno, .settings, next: "check the disk") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw UserError(
                    .settings, what: what, why: "it is larger than \(limit) bytes",
                    next: "check that it is the right file")
            }
        }
    }

    /// Reads the last `count` bytes of a file, or all of a shorter one.
    package static func readEnd(_ path: String, count: Int) throws(UserError) -> [UInt8] {
        let what = "cannot read \(path)"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(what, errno, .failed, next: "check the path and its permissions") }
        defer { close(descriptor) }
        let end = lseek(descriptor, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: count)
        let read = end < 0 ? -1 : pread(descriptor, &bytes, count, max(0, end - off_t(count)))
        guard read >= 0 else { throw failure(what, errno, .failed, next: "check that it is a file") }
        return Array(bytes[..<read])
    }

    /// Whether anything stands at a path.
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether a file, or what a link leads to, can be read and written by its owner alone.
    package static func isPrivate(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & 0o077 == 0
    }

    /// Whether users who are neither the owner nor of the file's group can read or write it.
    package static func isOpenToOthers(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) != 0 || info.st_mode & 0o007 != 0
    }

    /// Removes a file, if it is there; durable on return.
    package static func remove(_ path: String) {
        unlink(path)
        syncFolder(of: path)
    }

    /// Writes a file of mode 0600 beside the old one, forces it to disk and renames it into place: whoever looks sees the
    /// old bytes or the new ones, and after a power loss too. A link at `path` is replaced, what it leads to stays.
    package static func write(_ bytes: [UInt8], to path: String) throws(UserError) {
        let what = "cannot write \(path)"
        // The folder may be one that others write to, so the name can't be foreseen and no file of theirs is taken.
        let temporary = "\(path).new-\(getpid())-\(String(SystemChance().next(), radix: 36))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw failure(what, errno, .failed, next: "check that its folder exists and can be written")
        }
        let code = fill(descriptor, with: bytes)
        close(descriptor)
        guard code == 0 else {
            unlink(temporary)
            throw failure(what, code, .failed, next: "check the disk and the space left on it")
        }
        guard rename(temporary, path) == 0 else {
            let code = errno
            unlink(temporary)
            throw failure(what, code, .failed, next: "check that the path is not a folder")
        }
        syncFolder(of: path)
    }

    /// Makes a folder of mode 0700 with its parents. One that is there already stays as it is.
    package static func makeFolder(_ path: String) throws(UserError) {
        let what = "cannot make the folder \(path)"
        var partial = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: true) {
            partial += (partial.isEmpty && !path.hasPrefix("/") ? "" : "/") + part
            if mkdir(partial, 0o700) != 0, errno != EEXIST {
                throw failure(what, errno, .settings, next: "check the permissions of its parent")
            }
        }
        var info = stat()
        guard stat(path, &info) == 0 else { throw failure(what, errno, .settings, next: "check the path") }
        guard info.st_mode & S_IFMT == S_IFDIR else {
            throw UserError(
                .settings, what: what, why: "a file of that name is there",
                next: "move the file away or name another folder")
        }
    }

    /// Makes a folder as `makeFolder` does; one that is there already is closed to other users, which is told by true. A
    /// folder of another user is refused: whoever owns it can put other files in place of ours.
    package static func makePrivateFolder(_ path: String) throws(UserError) -> Bool {
        try makeFolder(path)
        let what = "cannot use the folder \(path)"
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(what, errno, .settings, next: "check its permissions") }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw failure(what, errno, .settings, next: "check the path") }
        guard info.st_uid == geteuid() else {
            throw UserError(
                .denied, what: what, why: "it belongs to another user",
                next: "name a folder of your own with FIELDBOOK_HOME")
        }
        guard info.st_mode & 0o077 != 0 else { return false }
        guard fchmod(descriptor, 0o700) == 0 else {
            throw failure(what, errno, .settings, next: "close it with: chmod 700 \(path)")
        }
        return true
    }

    /// Forces a folder's entries to disk, so that a rename in it survives a power loss.
    package static func syncFolder(of path: String) {
        let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// The folder that holds a path: `/a` for `/a/b` and `/a/b/`, `.` for `b`.
    static func folder(of path: String) -> String {
        let trimmed = path.lastIndex { $0 != "/" }.map { path[...$0] } ?? ""
        guard let slash = trimmed.lastIndex(of: "/") else { return path.hasPrefix("/") ? "/" : "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    /// Writes and forces to disk; 0, or the error number.
    private static func fill(_ descriptor: Int32, with bytes: [UInt8]) -> Int32 {
        // The mask of the process may have taken bits away.
        guard fchmod(descriptor, 0o600) == 0 else { return errno }
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count < 0 ? errno : ENOSPC }
            offset += count
        }
        return fsync(descriptor) == 0 ? 0 : errno
    }

    private static func failure(_ what: String, _ code: Int32, _ exitCode: ExitCode, next: String) -> UserError {
        UserError(code == EACCES ? .denied : exitCode, what: what, why: String(cString: strerror(code)), next: next)
    }
}
