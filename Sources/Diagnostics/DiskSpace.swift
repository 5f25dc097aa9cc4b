import Glibc

/// Room on the file system of a path.
package struct DiskSpace: Sendable, Hashable {
    /// What a user who is not root may still take.
    package let freeBytes: Int64
    /// Nil where the file system does not count them.
    package let freeFiles: Int64?
    package let isReadOnly: Bool

    /// A path that is not there yet is judged by its nearest folder that is; nil when it can't be asked.
    package init?(at path: String) {
        var info = statvfs()
        var existing = path
        while statvfs(existing, &info) != 0 {
            guard errno == ENOENT, existing != "/", existing != "." else { return nil }
            existing = SecureFile.folder(of: existing)
        }
        freeBytes = Int64(clamping: UInt64(info.f_bavail).multipliedReportingOverflow(by: UInt64(info.f_frsize)).0)
        freeFiles = info.f_files == 0 ? nil : Int64(clamping: UInt64(info.f_favail))
        isReadOnly = info.f_flag & 1 != 0
    }
}
