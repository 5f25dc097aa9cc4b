import Diagnostics
import Glibc

/// Folders of runs, and their removal.
enum FileTree {
    /// The names in a folder, in order; none when it can't be read.
    static func names(in path: String) -> [String] { FileFacts.names(in: path) ?? [] }

    /// Removes a file, or a folder with all that is in it. Links are removed, not followed.
    static func remove(_ path: String) {
        var info = stat()
        guard lstat(path, &info) == 0 else { return }
        guard info.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        for name in names(in: path) { remove("\(path)/\(name)") }
        rmdir(path)
    }
}
