import Glibc

/// Small private files: settings, tokens. Mode 0600, replaced as a whole.
package enum SecureFile {
    /// Reads a regular file of at most `limit` bytes.
    package static func read(_ path: String, limit: Int) throws(UserError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("cannot read \(path)", next: "check the path and its permissions") }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw UserError(.settings, what: "cannot read \(path)", why: "it is not a regular file", next: "name a file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("cannot read \(path)", next: "check the disk") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw UserError(
                    .settings, what: "cannot read \(path)", why: "it is larger than \(limit) bytes", next: "check that it is the right file")
            }
        }
    }

    /// Writes a file of mode 0600 beside the old one, forces it to disk and renames it into place.
    package static func write(_ bytes: [UInt8], to path: String) throws(UserError) {
        let temporary = "\(path).new-\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("cannot write \(path)", next: "check that its folder exists and can be written") }
        fchmod(descriptor, 0o600)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = failure("cannot write \(path)", next: "free some disk space")
                close(descriptor)
                unlink(temporary)
                throw error
            }
            offset += count
        }
        guard fsync(descriptor) == 0, close(descriptor) == 0, rename(temporary, path) == 0 else {
            let error = failure("cannot write \(path)", next: "check the disk")
            unlink(temporary)
            throw error
        }
        syncFolder(of: path)
    }

    /// Makes a folder of mode 0700 with its parents.
    package static func makeFolder(_ path: String) throws(UserError) {
        var partial = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: true) {
            partial += (partial.isEmpty && !path.hasPrefix("/") ? "" : "/") + part
            if mkdir(partial, 0o700) != 0, errno != EEXIST {
                throw failure("cannot make the folder \(path)", next: "check the permissions of its parent")
            }
        }
    }

    /// Forces a folder's entries to disk, so that a rename in it survives a power loss.
    package static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ what: String, next: String) -> UserError {
        let code = errno
        return UserError(code == EACCES ? .denied : .settings, what: what, why: String(cString: strerror(code)), next: next)
    }
}
