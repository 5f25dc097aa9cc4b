import CLinux
import Glibc

/// An exclusive lock on a file (flock(2)), held until the value goes. The file names the holder's process.
///
/// A use of the value at the end of the work keeps it from being released early. The file is never removed: removing
/// it would let two processes hold two files of one name.
package final class FileLock: Sendable {
    /// Who holds the lock instead.
    package struct Held: Error, Sendable, Hashable {
        /// Nil for a moment after the lock was taken, before its holder has written its name.
        package let processID: Int?

        package init(processID: Int?) { self.processID = processID }
    }

    private let descriptor: Int32

    /// Takes the lock or throws at once: `Held` when another has it, `UserError` when the file can't be used. A link
    /// is refused, so that nothing outside the folder is written.
    package init(path: String) throws {
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard opened >= 0 else { throw FileLock.failure(path, errno) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            defer { close(opened) }
            guard code == EWOULDBLOCK else { throw FileLock.failure(path, code) }
            throw Held(processID: FileLock.holder(opened))
        }
        let line = Array("\(getpid())\n".utf8)
        guard ftruncate(opened, 0) == 0, pwrite(opened, line, line.count, 0) == line.count else {
            let code = errno
            close(opened)
            throw FileLock.failure(path, code)
        }
        descriptor = opened
    }

    /// The process that holds the lock of that path; nil when nobody does. The file is not changed. Only when it names a
    /// living process is the lock tried, shared and for a moment.
    package static func holder(of path: String) -> Int? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let named = holder(descriptor), flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return named
    }

    deinit {
        // Nobody is named once nobody holds it.
        ftruncate(descriptor, 0)
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> Int? {
        var text = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &text, text.count, 0)
        let line = text.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }
        // A name left by a process that was killed is not told as the holder's.
        guard let holder = Int32(String(decoding: line, as: UTF8.self)), holder > 0 else { return nil }
        return kill(holder, 0) == 0 || errno == EPERM ? Int(holder) : nil
    }

    private static func failure(_ path: String, _ code: Int32) -> UserError {
        let why = code == ELOOP ? "it is a symbolic link" : String(cString: strerror(code))
        return UserError(
            .settings, what: "cannot lock \(path)", why: why, next: "check the file and the permissions of its folder")
    }
}

/// What kind of file system a path lies on.
package enum FileSystemCheck {
    /// The name of the network file system that holds `path`, where SQLite's locks and log can't be relied on; nil for
    /// a local one. A path that is not there yet is judged by its nearest folder that is. Magic numbers: statfs(2) and
    /// the kernel's magic.h. File systems in user space (sshfs among them) share one number and count as local.
    package static func networkFileSystem(at path: String) -> String? {
        var info = statfs()
        var existing = path
        while statfs(existing, &info) != 0 {
            guard errno == ENOENT, existing != "/", existing != "." else { return nil }
            existing = SecureFile.folder(of: existing)
        }
        return name(ofType: UInt32(truncatingIfNeeded: info.f_type))
    }

    /// The name of a network file system by its number; nil for a local one.
    package static func name(ofType type: UInt32) -> String? {
        switch type {
        case 0x6969: "NFS"
        case 0xFF53_4D42, 0xFE53_4D42: "SMB"
        case 0x517B: "SMB"
        case 0x5346_414F, 0x6B41_4653: "AFS"
        case 0x00C3_6400: "Ceph"
        case 0x0102_1997: "9P"
        case 0x7375_7245: "Coda"
        case 0x564C: "NCP"
        case 0x0116_1970: "GFS2"
        case 0x7461_636F: "OCFS2"
        case 0x0BD0_0BD0: "Lustre"
        default: nil
        }
    }
}
