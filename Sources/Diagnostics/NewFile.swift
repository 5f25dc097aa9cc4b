import CLinux
import Glibc

/// A private file, mode 0600, that is written piece by piece and appears under its name whole or not at all: whoever
/// ends the program before `commit`, the kernel or a person, leaves what was there before.
///
/// Where the file system can, the file has no name until it is committed (open(2), O_TMPFILE), so that nothing of it
/// is left. Elsewhere it has one beside its place, which is removed on TERM, INT and HUP too. What KILL or a loss of
/// power leaves, there or in the moment of the exchange, goes when the next file for that place is begun.
package final class NewFile {
    /// O_TMPFILE of open(2), whose macro the Swift overlay leaves out.
    private static let unnamed: Int32 = 0o20_000_000 | O_DIRECTORY

    private let path: String
    private let isReplacing: Bool
    private let descriptor: Int32
    /// Beside the place; the name that the file has until it is committed, or gets for the moment of the exchange.
    private let temporary: String
    private let isNamed: Bool
    private var isCommitted = false
    /// The signals that were held back before; nil while none are.
    private var maskBefore: sigset_t?

    /// Begins a file. Unless it may replace one, nothing may stand there. A link to a file is replaced, and what it
    /// leads to stays; a pipe, a device, a folder, a link to one of these or an open file by its number (/dev/stdout)
    /// is never replaced. `isNamed` is for file systems that know no file without a name.
    package init(_ path: String, replacing: Bool, isNamed: Bool = false) throws(UserError) {
        self.path = path
        isReplacing = replacing
        temporary = "\(path).new-\(getpid())-\(String(SystemChance().next(), radix: 36))"
        try NewFile.check(path, replacing: replacing)
        NewFile.removeRemains(of: path)
        let hasNumbers = access("/proc/self/fd", X_OK) == 0
        let nameless =
            isNamed || !hasNumbers
            ? -1 : open(SecureFile.folder(of: path), O_WRONLY | NewFile.unnamed | O_CLOEXEC, 0o600)
        self.isNamed = nameless < 0
        descriptor =
            nameless >= 0 ? nameless : open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw NewFile.failure(path, errno, next: "check that its folder exists and can be written")
        }
        fchmod(descriptor, 0o600)
        // Says that somebody still writes it.
        flock(descriptor, LOCK_EX | LOCK_NB)
        if self.isNamed { holdSignals() }
    }

    deinit {
        close(descriptor)
        guard isNamed, descriptor >= 0 else { return }
        if !isCommitted { unlink(temporary) }
        releaseSignals()
    }

    /// Writes all of the bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(UserError) {
        var offset = 0
        while offset < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw NewFile.failure(
                    path, count < 0 ? errno : ENOSPC, next: "check the disk and the space left on it; nothing was kept")
            }
            offset += count
        }
        if isNamed { endIfAsked() }
    }

    /// Forces the file to disk and gives it its name; durable on return.
    package func commit() throws(UserError) {
        guard fsync(descriptor) == 0 else { throw NewFile.failure(path, errno, next: "check the disk") }
        let target = isReplacing ? temporary : path
        if !isNamed, linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, target, AT_SYMLINK_FOLLOW) != 0 {
            throw NewFile.taken(path, errno)
        }
        if isNamed, !isReplacing, link(temporary, path) != 0 { throw NewFile.taken(path, errno) }
        if isReplacing, rename(temporary, path) != 0 {
            let code = errno
            unlink(temporary)
            throw NewFile.failure(path, code, next: "check that the path is not a folder")
        }
        if isNamed, !isReplacing { unlink(temporary) }
        isCommitted = true
        SecureFile.syncFolder(of: path)
    }

    /// Refuses a place where no file may be begun, as `init` does.
    package static func check(_ path: String, replacing: Bool) throws(UserError) {
        var info = stat()
        guard lstat(path, &info) == 0 else { return }
        guard replacing else { throw taken(path, EEXIST) }
        if info.st_mode & S_IFMT == S_IFLNK {
            guard !isNumber(path) else { throw noFile(path, "what stands there is an open file of a program") }
            // A link to nothing is replaced as one to a file.
            guard stat(path, &info) == 0 else { return }
        }
        guard info.st_mode & S_IFMT == S_IFREG else { throw noFile(path, "what stands there is no file") }
    }

    /// Whether a link is one of the kernel's, which stands for an open file (proc(5)), or leads to one.
    private static func isNumber(_ path: String) -> Bool {
        var system = statfs()
        if statfs(SecureFile.folder(of: path), &system) == 0, system.f_type == procNumber { return true }
        var target = [UInt8](repeating: 0, count: 4096)
        let count = readlink(path, &target, target.count)
        return target.prefix(max(0, count)).starts(with: Array("/proc/".utf8))
    }

    /// PROC_SUPER_MAGIC of the kernel's magic.h.
    private static let procNumber = 0x9FA0

    /// Removes what killed programs left of files for a place: theirs by name, of a process that is gone and not locked
    /// by one of another machine.
    private static func removeRemains(of path: String) {
        let folder = SecureFile.folder(of: path)
        let base = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
        let start = "\(base).new-"
        for name in FileFacts.names(in: folder) ?? [] where !base.isEmpty && name.hasPrefix(start) {
            let parts = name.dropFirst(start.count).split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, let process = pid_t(parts[0]), process > 0, UInt64(parts[1], radix: 36) != nil,
                kill(process, 0) != 0, errno == ESRCH
            else { continue }
            let remains = "\(folder)/\(name)"
            let descriptor = open(remains, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var info = stat()
            guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_uid == geteuid(),
                flock(descriptor, LOCK_EX | LOCK_NB) == 0
            else { continue }
            unlink(remains)
        }
    }

    /// Writes a whole small file.
    package static func write(_ bytes: [UInt8], to path: String, replacing: Bool) throws(UserError) {
        let file = try NewFile(path, replacing: replacing)
        try file.write(bytes)
        try file.commit()
    }

    /// Writes all of the bytes.
    package func write(_ bytes: [UInt8]) throws(UserError) {
        let result = bytes.withUnsafeBytes { bytes -> Result<Void, UserError> in
            do throws(UserError) { return .success(try write(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }

    private static func noFile(_ path: String, _ why: String) -> UserError {
        UserError(
            .refused, what: "cannot write \(path)", why: why,
            next: "name a file; where a command writes to standard output, let the shell send that there")
    }

    private static func taken(_ path: String, _ code: Int32) -> UserError {
        guard code == EEXIST else { return failure(path, code, next: "check its folder") }
        return UserError(
            .refused, what: "cannot write \(path)", why: "the file is there already",
            next: "name another one, or add --force")
    }

    private static func failure(_ path: String, _ code: Int32, next: String) -> UserError {
        UserError(
            code == EACCES ? .denied : .failed, what: "cannot write \(path)", why: String(cString: strerror(code)),
            next: next)
    }

    // MARK: Signals, for a file that has a name

    private static var endings: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        return set
    }

    private func holdSignals() {
        var set = NewFile.endings
        var before = sigset_t()
        pthread_sigmask(SIG_BLOCK, &set, &before)
        maskBefore = before
    }

    private func releaseSignals() {
        guard var before = maskBefore else { return }
        maskBefore = nil
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }

    /// A signal that was held back ends the program now, once the name is gone.
    private func endIfAsked() {
        var waiting = sigset_t()
        sigpending(&waiting)
        guard [SIGTERM, SIGINT, SIGHUP].contains(where: { sigismember(&waiting, $0) == 1 }) else { return }
        unlink(temporary)
        releaseSignals()
    }
}
