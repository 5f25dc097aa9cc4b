import CLinux
import Glibc

/// An exclusive lock on a file (flock(2)), held until the value goes. The file names the holder's process.
package final class FileLock: Sendable {
    /// Who holds the lock instead.
    package struct Held: Error, Sendable, Hashable {
        package let processID: Int?
    }

    private let descriptor: Int32

    /// Takes the lock or throws at once.
    package init(path: String) throws {
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            throw UserError(
                .settings, what: "cannot open \(path)", why: String(cString: strerror(errno)), next: "check the permissions of its folder")
        }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            var text = [UInt8](repeating: 0, count: 32)
            let count = pread(opened, &text, text.count, 0)
            close(opened)
            throw Held(processID: Int(String(decoding: text.prefix(max(0, count)).prefix { $0 != 0x0A }, as: UTF8.self)))
        }
        ftruncate(opened, 0)
        let line = Array("\(getpid())\n".utf8)
        _ = pwrite(opened, line, line.count, 0)
        descriptor = opened
    }

    deinit { close(descriptor) }
}

/// What kind of file system a path lies on.
package enum FileSystemCheck {
    /// The name of the network file system that holds `path`, where SQLite's locks and log can't be relied on; nil for
    /// a local one. Magic numbers: statfs(2) and the kernel's magic.h.
    package static func networkFileSystem(at path: String) -> String? {
        var info = statfs()
        guard statfs(path, &info) == 0 else { return nil }
        return name(ofType: UInt32(truncatingIfNeeded: info.f_type))
    }

    static func name(ofType type: UInt32) -> String? {
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
        default: nil
        }
    }
}
