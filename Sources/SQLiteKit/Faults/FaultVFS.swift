import CSQLite
import Glibc

/// The pass-through VFS behind `FaultDisk`: every call goes on to the system's VFS, writes are admitted by the disk first.
///
/// Form of the structures: https://sqlite.org/c3ref/vfs.html and https://sqlite.org/c3ref/io_methods.html (version 2,
/// with shared memory for the log's index, without memory mapping).
enum FaultVFS {
    /// The name to open a connection with; nil when no mounted disk covers the path.
    static func name(for path: String) -> String? { FaultDisk.covering(path) == nil ? nil : "fieldbook-faults" }

    /// Registers the VFS once.
    static func register() { _ = registered }

    private static let registered: Bool = {
        guard let base = sqlite3_vfs_find(nil) else { return false }
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        vfs.initialize(to: base.pointee)
        vfs.pointee.pNext = nil
        vfs.pointee.zName = UnsafePointer(strdup("fieldbook-faults"))
        vfs.pointee.szOsFile = Int32(MemoryLayout<FaultFile>.size)
        vfs.pointee.xOpen = { _, path, file, flags, outFlags in FaultVFS.open(path, file, flags, outFlags) }
        vfs.pointee.xDelete = { _, path, syncs in FaultVFS.delete(path, syncs) }
        return sqlite3_vfs_register(vfs, 0) == SQLITE_OK
    }()

    private static func open(
        _ path: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let file, let base = sqlite3_vfs_find(nil) else { return SQLITE_CANTOPEN }
        file.pointee.pMethods = nil
        let text = path.map { String(cString: $0) }
        let disk = text.flatMap { FaultDisk.covering($0) }
        if let disk, disk.isDead { return SQLITE_CANTOPEN }
        let real = UnsafeMutableRawPointer.allocate(byteCount: Int(base.pointee.szOsFile), alignment: 16)
            .bindMemory(to: sqlite3_file.self, capacity: 1)
        let result = base.pointee.xOpen(base, path, real, flags, outFlags)
        guard result == SQLITE_OK else {
            real.deallocate()
            return result
        }
        let handle = FaultHandle(disk: disk, shadow: text.flatMap { disk?.shadow(of: $0) }, real: real)
        file.withMemoryRebound(to: FaultFile.self, capacity: 1) {
            $0.initialize(to: FaultFile(head: sqlite3_file(pMethods: methods), handle: Unmanaged.passRetained(handle)))
        }
        return SQLITE_OK
    }

    private static func delete(_ path: UnsafePointer<CChar>?, _ syncs: Int32) -> Int32 {
        guard let base = sqlite3_vfs_find(nil), let path else { return SQLITE_IOERR }
        let text = String(cString: path)
        if let disk = FaultDisk.covering(text) {
            let admitted = disk.admit(failure: SQLITE_IOERR)
            guard admitted == SQLITE_OK else { return admitted }
            disk.removed(text)
        }
        return base.pointee.xDelete(base, path, syncs)
    }

    /// The one table of methods; never freed.
    private nonisolated(unsafe) static let methods: UnsafePointer<sqlite3_io_methods> = {
        var table = sqlite3_io_methods()
        table.iVersion = 2
        table.xClose = { file in FaultHandle.take(file)?.close() ?? SQLITE_IOERR }
        table.xRead = { file, buffer, count, offset in FaultHandle.of(file).read(buffer, count, offset) }
        table.xWrite = { file, buffer, count, offset in FaultHandle.of(file).write(buffer, count, offset) }
        table.xTruncate = { file, size in FaultHandle.of(file).truncate(size) }
        table.xSync = { file, flags in FaultHandle.of(file).sync(flags) }
        table.xFileSize = { file, size in FaultHandle.of(file).pass { $0.xFileSize($1, size) } }
        table.xLock = { file, level in FaultHandle.of(file).pass { $0.xLock($1, level) } }
        table.xUnlock = { file, level in FaultHandle.of(file).pass { $0.xUnlock($1, level) } }
        table.xCheckReservedLock = { file, out in FaultHandle.of(file).pass { $0.xCheckReservedLock($1, out) } }
        table.xFileControl = { file, operation, argument in
            FaultHandle.of(file).pass { $0.xFileControl($1, operation, argument) }
        }
        table.xSectorSize = { file in FaultHandle.of(file).pass { $0.xSectorSize($1) } }
        table.xDeviceCharacteristics = { file in FaultHandle.of(file).pass { $0.xDeviceCharacteristics($1) } }
        table.xShmMap = { file, page, size, extends, out in
            FaultHandle.of(file).pass { $0.xShmMap($1, page, size, extends, out) }
        }
        table.xShmLock = { file, offset, count, flags in
            FaultHandle.of(file).pass { $0.xShmLock($1, offset, count, flags) }
        }
        table.xShmBarrier = { file in
            _ = FaultHandle.of(file).pass {
                $0.xShmBarrier($1)
                return SQLITE_OK
            }
        }
        table.xShmUnmap = { file, deletes in FaultHandle.of(file).pass { $0.xShmUnmap($1, deletes) } }
        let pointer = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        pointer.initialize(to: table)
        return UnsafePointer(pointer)
    }()
}

/// What SQLite holds of an open file: its own head first, then ours.
private struct FaultFile {
    var head: sqlite3_file
    var handle: Unmanaged<FaultHandle>
}

/// One open file.
private final class FaultHandle {
    private let disk: FaultDisk?
    private let shadow: Shadow?
    private let real: UnsafeMutablePointer<sqlite3_file>

    init(disk: FaultDisk?, shadow: Shadow?, real: UnsafeMutablePointer<sqlite3_file>) {
        self.disk = disk
        self.shadow = shadow
        self.real = real
    }

    /// The handle of a file that `xOpen` has filled.
    static func of(_ file: UnsafeMutablePointer<sqlite3_file>?) -> FaultHandle {
        guard let file else { preconditionFailure("SQLite named no file") }
        return file.withMemoryRebound(to: FaultFile.self, capacity: 1) { $0.pointee.handle.takeUnretainedValue() }
    }

    /// The same, at its end.
    static func take(_ file: UnsafeMutablePointer<sqlite3_file>?) -> FaultHandle? {
        file?.withMemoryRebound(to: FaultFile.self, capacity: 1) { $0.pointee.handle.takeRetainedValue() }
    }

    func pass(_ call: (sqlite3_io_methods, UnsafeMutablePointer<sqlite3_file>) -> Int32) -> Int32 {
        guard let methods = real.pointee.pMethods else { return SQLITE_IOERR }
        return call(methods.pointee, real)
    }

    func close() -> Int32 {
        defer { real.deallocate() }
        return pass { $0.xClose($1) }
    }

    func read(_ buffer: UnsafeMutableRawPointer?, _ count: Int32, _ offset: Int64) -> Int32 {
        if let disk, disk.isDead { return SQLITE_IOERR }
        return pass { $0.xRead($1, buffer, count, offset) }
    }

    func write(_ buffer: UnsafeRawPointer?, _ count: Int32, _ offset: Int64) -> Int32 {
        guard let disk else { return pass { $0.xWrite($1, buffer, count, offset) } }
        let admitted = disk.admit(failure: SQLITE_IOERR)
        guard admitted == SQLITE_OK else { return admitted }
        if disk.isFull {
            var size: Int64 = 0
            _ = pass { $0.xFileSize($1, &size) }
            if offset + Int64(count) > size { return SQLITE_FULL }
        }
        let result = pass { $0.xWrite($1, buffer, count, offset) }
        if result == SQLITE_OK, let buffer {
            if let shadow { disk.wrote(Int(count), to: shadow.path) }
            shadow?.wrote(UnsafeRawBufferPointer(start: buffer, count: Int(count)), at: Int(offset))
        }
        return result
    }

    func truncate(_ size: Int64) -> Int32 {
        guard let disk else { return pass { $0.xTruncate($1, size) } }
        let admitted = disk.admit(failure: SQLITE_IOERR)
        guard admitted == SQLITE_OK else { return admitted }
        let result = pass { $0.xTruncate($1, size) }
        if result == SQLITE_OK { shadow?.truncated(to: Int(size)) }
        return result
    }

    func sync(_ flags: Int32) -> Int32 {
        if let disk, disk.isDead { return SQLITE_IOERR }
        let result = pass { $0.xSync($1, flags) }
        if result == SQLITE_OK, let shadow {
            shadow.synced()
            disk?.synced(shadow.path)
        }
        return result
    }
}
