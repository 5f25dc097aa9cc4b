import Glibc

/// What the system says about the disk under a folder.
package enum DiskSpace {
    /// Bytes that this user may still write there (statvfs(3)); nil where it can't be told.
    package static func freeBytes(at path: String) -> Int64? {
        var info = statvfs()
        guard statvfs(path, &info) == 0 else { return nil }
        let (bytes, overflow) = Int64(clamping: info.f_bavail).multipliedReportingOverflow(
            by: Int64(clamping: info.f_frsize))
        return overflow ? .max : bytes
    }

    /// Bytes of a file; nil when there is none.
    package static func size(ofFile path: String) -> Int64? {
        var info = stat()
        return stat(path, &info) == 0 ? Int64(info.st_size) : nil
    }
}
