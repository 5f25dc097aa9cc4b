import CLinux
import Glibc

/// What the file system says about one path, links not followed. For checks that change nothing.
package struct FileFacts: Sendable, Hashable {
    package let isFolder: Bool
    /// The lower nine bits: who may read, write, enter.
    package let mode: UInt32
    package let owner: UInt32
    package let size: Int64
    /// Device and inode, by which the kernel's tables name a file.
    package let device: UInt64
    package let inode: UInt64

    /// Nil when nothing is there or it can't be asked.
    package init?(_ path: String) {
        var info = stat()
        guard lstat(path, &info) == 0 else { return nil }
        isFolder = info.st_mode & S_IFMT == S_IFDIR
        mode = info.st_mode & 0o777
        owner = info.st_uid
        size = Int64(info.st_size)
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
    }

    /// When a file was made, in seconds since 1970; nil when it is not there or its file system does not know (statx(2)).
    package static func madeAt(_ path: String) -> Int64? {
        var facts = statx()
        guard statx(AT_FDCWD, path, 0, UInt32(STATX_BTIME), &facts) == 0,
            facts.stx_mask & UInt32(STATX_BTIME) != 0
        else { return nil }
        return facts.stx_btime.tv_sec
    }

    /// Whether a folder on the way keeps this user from seeing if anything stands at a path.
    package static func isHidden(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) != 0 && errno == EACCES
    }

    /// Where a symbolic link leads, as it is written in it; nil when there is none.
    package static func target(ofLink path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// Names in a folder, sorted; nil when it can't be read.
    package static func names(in folder: String) -> [String]? {
        guard let handle = opendir(folder) else { return nil }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// Other processes as proc(5) shows them to this user.
package enum ProcessTable {
    /// Processes looked at; a machine with more is not searched to its end.
    private static let processesMax = 4096

    /// A process that is there for a moment longer or less.
    package struct Entry: Sendable, Hashable {
        package let processID: Int
        package let name: String
        package init(processID: Int, name: String) {
            self.processID = processID
            self.name = name
        }
    }

    /// The name of a process; `?` when it is not to be seen.
    package static func name(of process: Int) -> String {
        guard let bytes = try? SecureFile.read("/proc/\(process)/comm", limit: 256) else { return "?" }
        let name = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? "?"
        return VisibleText.escape(name)
    }

    /// Processes that hold a lock on bytes `range` of a file, by /proc/locks, which shows everybody's.
    /// `table` is another place of that form.
    package static func lockHolders(
        of file: FileFacts, bytes range: ClosedRange<Int64>, table: String = "/proc/locks"
    ) -> [Entry] {
        guard let bytes = try? SecureFile.read(table, limit: 4 << 20) else { return [] }
        var found: [Int] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            // 1: POSIX  ADVISORY  READ 5433 08:01:7864448 124 124
            let fields = line.split(separator: " ")
            guard fields.count == 8, fields[1] == "POSIX" || fields[1] == "OFDLCK", let process = Int(fields[4]),
                names(fields[5], file),
                let start = Int64(fields[6]), range.overlaps(start...max(start, Int64(fields[7]) ?? .max))
            else { continue }
            if process > 0, !found.contains(process) { found.append(process) }
        }
        return found.sorted().map { Entry(processID: $0, name: name(of: $0)) }
    }

    /// Whether `MAJOR:MINOR:INODE` names a file. Numbers of inodes count from the start on each device. A file system
    /// of several volumes may show another device here than stat(2) does; its holders are not told then.
    private static func names(_ field: Substring, _ file: FileFacts) -> Bool {
        let parts = field.split(separator: ":")
        guard parts.count == 3, let major = UInt64(parts[0], radix: 16), let minor = UInt64(parts[1], radix: 16),
            UInt64(parts[2]) == file.inode
        else { return false }
        return (major, minor) == numbers(of: file.device)
    }

    /// The two numbers that Linux keeps in a device (gnu_dev_major and gnu_dev_minor of the C library).
    private static func numbers(of device: UInt64) -> (major: UInt64, minor: UInt64) {
        (
            (device >> 32) & 0xFFFF_F000 | (device >> 8) & 0xFFF,
            (device >> 12) & 0xFFFF_FF00 | device & 0xFF
        )
    }

    /// Processes of this user that have a file open.
    package static func openers(of file: FileFacts) -> [Entry] {
        let processes = (FileFacts.names(in: "/proc") ?? []).compactMap { Int($0) }.sorted().prefix(processesMax)
        return processes.filter { process in
            (FileFacts.names(in: "/proc/\(process)/fd") ?? []).contains { descriptor in
                var info = stat()
                return stat("/proc/\(process)/fd/\(descriptor)", &info) == 0
                    && UInt64(info.st_ino) == file.inode && UInt64(info.st_dev) == file.device
            }
        }.map { Entry(processID: $0, name: name(of: $0)) }
    }
}
