import Glibc

extension SecureFile {
    private static let linkBytesMax = 4096

    /// What a link holds, which need not be there; nil when there is no link.
    package static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: linkBytesMax)
        let count = readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// Makes a link, or turns an old one, so that whoever looks finds one of the two. Says whether it worked.
    package static func link(_ path: String, to target: String) -> Bool {
        unlink("\(path).new")
        return symlink(target, "\(path).new") == 0 && rename("\(path).new", path) == 0
    }
}
