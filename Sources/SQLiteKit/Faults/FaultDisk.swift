import CSQLite
import Glibc
import Synchronization

/// A folder whose SQLite files can be made to fail: a pass-through VFS counts and refuses their writes, and remembers
/// what was forced to disk, so that a power loss can take the rest back.
///
/// For simulators and tests. Files of a folder that is not mounted never come here. One thread uses a disk and the
/// connections on it; only the list of mounted disks is shared.
package final class FaultDisk: @unchecked Sendable {
    /// What is left of writes that were not forced to disk when the power went.
    package enum Survival: Sendable, Hashable {
        case none, all
        /// Each write lives or not, and may be torn, as chance of the seed says.
        case drawn(seed: UInt64)
    }

    private static let mounted = Mutex<[FaultDisk]>([])

    package let folder: String
    /// Writes, truncations and removals asked so far.
    package private(set) var operations = 0
    /// Writes refused so far by a planned error.
    package private(set) var failures = 0
    /// By path.
    private var figures: [String: Figures] = [:]
    /// Nothing can be read or written: the machine or process is gone.
    package private(set) var isDead = false
    /// The disk takes no more bytes at the end of files; what is there can be overwritten.
    package var isFull = false
    private var diesAtOperation: Int?
    private var failsAtOperation: Int?
    private var shadows: [Shadow] = []

    /// What was done to a file.
    package struct Figures: Sendable, Hashable {
        package var writes = 0
        package var bytes = 0
        /// How often it was forced to disk.
        package var syncs = 0
        package init() {}

        /// What was done since an earlier look.
        package func since(_ before: Figures) -> Figures {
            var figures = Figures()
            (figures.writes, figures.bytes) = (writes - before.writes, bytes - before.bytes)
            figures.syncs = syncs - before.syncs
            return figures
        }
    }

    /// Mounts a disk over a folder: connections opened below it from now on come here.
    package init(folder: String) {
        self.folder = folder.hasSuffix("/") ? folder : folder + "/"
        FaultVFS.register()
        FaultDisk.mounted.withLock { $0.append(self) }
    }

    /// Unmounts; its connections are closed before.
    package func unmount() {
        FaultDisk.mounted.withLock { disks in disks.removeAll { $0 === self } }
    }

    /// What was done to the file of a path below the folder since the disk was mounted.
    package func figures(of name: String) -> Figures { figures[folder + name] ?? Figures() }

    static func covering(_ path: String) -> FaultDisk? {
        mounted.withLock { disks in disks.first { path.hasPrefix($0.folder) } }
    }

    // MARK: Faults

    /// The process dies before the `count`-th write from now; 1 = the next one.
    package func die(atWrite count: Int) { diesAtOperation = operations + count }

    /// The `count`-th write from now fails with an I/O error, once.
    package func fail(atWrite count: Int) { failsAtOperation = operations + count }

    /// The process dies now.
    package func die() { isDead = true }

    /// No fault is armed any more. Files of a living process stay as they are.
    package func heal() {
        isFull = false
        diesAtOperation = nil
        failsAtOperation = nil
    }

    /// The machine is back: files read and write again. After a death of the process alone they hold every write;
    /// after a power loss what was forced to disk and what `survival` leaves of the rest.
    ///
    /// Every connection on the disk is closed before.
    package func revive(afterPowerLoss survival: Survival? = nil) {
        if let survival {
            for shadow in shadows where shadow.isCurrent { shadow.restore(survival) }
        }
        shadows.removeAll()
        isDead = false
        heal()
    }

    // MARK: For the VFS

    /// The result code for one more write; SQLITE_OK lets it through.
    func admit(failure: Int32) -> Int32 {
        guard !isDead else { return failure }
        operations += 1
        if operations == diesAtOperation {
            isDead = true
            return failure
        }
        if operations == failsAtOperation {
            failures += 1
            return failure
        }
        return SQLITE_OK
    }

    func wrote(_ bytes: Int, to path: String) {
        figures[path, default: Figures()].writes += 1
        figures[path, default: Figures()].bytes += bytes
    }

    func synced(_ path: String) { figures[path, default: Figures()].syncs += 1 }

    func shadow(of path: String) -> Shadow {
        if let known = shadows.first(where: { $0.path == path && $0.isCurrent }) { return known }
        shadows.removeAll { $0.path == path }
        let shadow = Shadow(path: path)
        shadows.append(shadow)
        return shadow
    }

    func removed(_ path: String) { shadows.removeAll { $0.path == path } }
}

/// What of a file was forced to disk, and the writes since.
final class Shadow {
    private enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(Int)
    }

    let path: String
    private let inode: UInt
    private var durable: [UInt8]
    private var changes: [Change] = []

    init(path: String) {
        self.path = path
        inode = Shadow.inode(path)
        durable = Shadow.content(path)
    }

    /// The path still leads to the file that it led to.
    var isCurrent: Bool { Shadow.inode(path) == inode }

    func wrote(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        changes.append(.write(offset: offset, bytes: Array(bytes)))
    }
    func truncated(to size: Int) { changes.append(.truncate(size)) }

    func synced() {
        for change in changes { apply(change, to: &durable) }
        changes.removeAll(keepingCapacity: true)
    }

    func restore(_ survival: FaultDisk.Survival) {
        var content = durable
        var drawn: UInt64 = 0
        for change in changes {
            switch survival {
            case .none: continue
            case .all: apply(change, to: &content)
            case .drawn(let seed):
                // One step of SplitMix64 (Steele, Lea, Flood 2014) for each write.
                drawn &+= 1
                var word = (seed &+ drawn &* 0x9E37_79B9_7F4A_7C15)
                word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
                word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
                word ^= word >> 31
                guard word & 1 == 0 else { continue }
                apply(word & 6 == 0 ? torn(change, word >> 3) : change, to: &content)
            }
        }
        let descriptor = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var offset = 0
        while offset < content.count {
            let count = content.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + offset }, content.count - offset)
            }
            guard count > 0 else { return }
            offset += count
        }
    }

    /// Only the first sectors of 512 bytes of a write reached the disk.
    private func torn(_ change: Change, _ draw: UInt64) -> Change {
        guard case .write(let offset, let bytes) = change, bytes.count > 512 else { return change }
        let sectors = (bytes.count + 511) / 512
        return .write(offset: offset, bytes: Array(bytes.prefix(Int(draw % UInt64(sectors)) * 512)))
    }

    private func apply(_ change: Change, to content: inout [UInt8]) {
        switch change {
        case .write(let offset, let bytes):
            // Whole copies of memory: a lazy sequence goes element by element in a build that is not optimised.
            if content.count < offset + bytes.count {
                content += [UInt8](repeating: 0, count: offset + bytes.count - content.count)
            }
            content.withUnsafeMutableBytes {
                UnsafeMutableRawBufferPointer(rebasing: $0[offset...]).copyBytes(from: bytes)
            }
        case .truncate(let size):
            if content.count > size { content.removeLast(content.count - size) }
        }
    }

    private static func inode(_ path: String) -> UInt {
        var info = stat()
        return stat(path, &info) == 0 ? UInt(info.st_ino) : 0
    }

    private static func content(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(descriptor, &chunk, chunk.count), count > 0 { content += chunk[..<count] }
        return content
    }
}
