import Diagnostics
import Digests
import Glibc
import HTTPKit
import SyncProtocol

/// The folder of kept parts, one file each: its label in a line, then its bytes. Mode 0700, files 0600.
///
/// Nothing is forced to disk: a file that a power loss has torn does not fit its label, and is made anew.
struct PartFolder: Sendable {
    let path: String

    /// Bytes that a part takes in the folder beside its own, about.
    static let labelBytes = 640

    /// Makes the folder ready, or says that it can't be used.
    func prepare() throws(UserError) { _ = try SecureFile.makePrivateFolder(path) }

    /// The labels of the parts that are there, by name. Whatever else lies in the folder is removed.
    func labels() -> [(name: String, label: PartLabel)] {
        (FileFacts.names(in: path) ?? []).compactMap { name in
            if let descriptor = open(name), case let label = PartFolder.label(in: descriptor) {
                close(descriptor)
                if let label, label.label.identity.name == name { return (name, label.label) }
            }
            FileFacts("\(path)/\(name)")?.isFolder == true ? removeFolder(name) : remove(name)
            return nil
        }
    }

    /// The body of a kept part; nil when the file is gone or is not what its label says. `verifying` reads it all.
    func body(_ name: String, _ label: PartLabel, verifying: Bool) -> FileBody? {
        guard let descriptor = open(name) else { return nil }
        guard let found = PartFolder.label(in: descriptor), found.label == label else {
            close(descriptor)
            return nil
        }
        let body = FileBody(descriptor: descriptor, offset: found.bytes, count: label.count)
        guard verifying else { return body }
        var hash = SHA256()
        guard (try? body.forEachPiece { hash.update($0) }) != nil, Hex.encode(hash.finalize()) == label.hash else {
            return nil
        }
        return body
    }

    /// Writes a part beside its place; the name it has there and its body, which goes on whatever becomes of the name.
    func write(_ bytes: [UInt8], _ label: PartLabel) -> (temporary: String, body: FileBody)? {
        guard var line = try? WireCoding.encode(label), line.count < PartLabel.bytesMax else { return nil }
        line.append(0x0A)
        let temporary = "\(label.identity.name).new-\(getpid())-\(String(SystemChance().next(), radix: 36))"
        let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        var descriptor = Glibc.open("\(path)/\(temporary)", flags, 0o600)
        if descriptor < 0, errno == ENOENT, (try? prepare()) != nil {
            descriptor = Glibc.open("\(path)/\(temporary)", flags, 0o600)
        }
        guard descriptor >= 0 else { return nil }
        guard fchmod(descriptor, 0o600) == 0, PartFolder.write(line, to: descriptor),
            PartFolder.write(bytes, to: descriptor)
        else {
            close(descriptor)
            remove(temporary)
            return nil
        }
        return (temporary, FileBody(descriptor: descriptor, offset: line.count, count: bytes.count))
    }

    /// Puts a written part into its place; false when that can't be done.
    func place(_ temporary: String, as name: String) -> Bool {
        guard rename("\(path)/\(temporary)", "\(path)/\(name)") == 0 else {
            remove(temporary)
            return false
        }
        return true
    }

    func remove(_ name: String) { unlink("\(path)/\(name)") }

    private func removeFolder(_ name: String) {
        // Only an empty one: what somebody has put there is theirs to take away.
        rmdir("\(path)/\(name)")
    }

    private func open(_ name: String) -> Int32? {
        let descriptor = Glibc.open("\(path)/\(name)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        return descriptor >= 0 ? descriptor : nil
    }

    /// The label of an open file, and where the bytes begin; nil when it is no part, or not a whole one.
    private static func label(in descriptor: Int32) -> (label: PartLabel, bytes: Int)? {
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
        var head = [UInt8](repeating: 0, count: PartLabel.bytesMax)
        let count = pread(descriptor, &head, head.count, 0)
        guard count > 0, let end = head[..<count].firstIndex(of: 0x0A),
            let label = try? WireCoding.decode(PartLabel.self, from: Array(head[..<end])), label.count >= 0,
            Int(info.st_size) == end + 1 + label.count
        else { return nil }
        return (label, end + 1)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }
}
