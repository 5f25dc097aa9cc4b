import Glibc
import Synchronization

/// The file that a program's standard error leads to, kept within a bound: past it the file becomes the older one, of
/// which there is one, and a new one is begun. Mode 0600.
///
/// The descriptor stays the same number and is led to the new file in one step (dup2(2)), so that what the runtime
/// writes there itself, and threads that log meanwhile, lose nothing.
package final class LogFile: Sendable {
    /// Bytes after which the next line begins a new file; both files together take at most twice as much.
    package static let bytesMax = 4 << 20
    /// What is put behind the path of the older file.
    package static let olderSuffix = ".1"

    private let path: String
    private let descriptor: Int32
    private let limit: Int
    private let turn = Mutex(())

    /// Nil when the descriptor does not lead to the file at `path`: then somebody else keeps what is written to it.
    package init?(path: String, descriptor: Int32 = 2, limit: Int = bytesMax) {
        (self.path, self.descriptor, self.limit) = (path, descriptor, limit)
        guard let own = LogFile.status(descriptor), let named = LogFile.status(path), LogFile.isSame(own, named),
            own.st_mode & S_IFMT == S_IFREG
        else { return nil }
        if own.st_mode & 0o077 != 0 { fchmod(descriptor, 0o600) }
    }

    /// To be called before so many bytes are written. Where no new file can be had, the old one goes on.
    package func makeRoom(for count: Int) {
        turn.withLock { _ in
            guard let own = LogFile.status(descriptor) else { return }
            // Somebody may have removed it, or put it aside as we do.
            guard let named = LogFile.status(path), LogFile.isSame(own, named) else { return begin() }
            guard Int(own.st_size) + count > limit, own.st_size > 0 else { return }
            let older = path + LogFile.olderSuffix
            guard rename(path, older) == 0 else { return }
            begin()
            if LogFile.status(path) == nil { rename(older, path) }
        }
    }

    /// Leads the descriptor to a new file at the path.
    private func begin() {
        let fresh = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard fresh >= 0 else { return }
        // Standard error is inherited by whom the program starts, as it was before.
        dup2(fresh, descriptor)
        if descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        if descriptor == 2, let output = LogFile.status(1), output.st_nlink == 0 || isOlder(output) { dup2(fresh, 1) }
        close(fresh)
    }

    private func isOlder(_ file: stat) -> Bool {
        LogFile.status(path + LogFile.olderSuffix).map { LogFile.isSame($0, file) } ?? false
    }

    private static func status(_ descriptor: Int32) -> stat? {
        var info = stat()
        return fstat(descriptor, &info) == 0 ? info : nil
    }

    private static func status(_ path: String) -> stat? {
        var info = stat()
        return lstat(path, &info) == 0 ? info : nil
    }

    private static func isSame(_ left: stat, _ right: stat) -> Bool {
        left.st_ino == right.st_ino && left.st_dev == right.st_dev
    }
}
