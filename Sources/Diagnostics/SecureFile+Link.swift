import Glibc

extension SecureFile {
    /// Makes a link, or turns an old one, so that whoever looks finds one of the two. Says whether it worked.
    package static func link(_ path: String, to target: String) -> Bool {
        unlink("\(path).new")
        return symlink(target, "\(path).new") == 0 && rename("\(path).new", path) == 0
    }
}
