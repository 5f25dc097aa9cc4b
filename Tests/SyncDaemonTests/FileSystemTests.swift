import Diagnostics
import ReplicaStore
import TestKit
import Testing

/// A replica is kept on a local file system only.
@Suite struct FileSystemTests {
    private let folder = TemporaryDirectory()

    /// Numbers of statfs(2) and of the kernel's magic.h.
    static let networkTypes: [UInt32] = [
        0x6969, 0xFF53_4D42, 0xFE53_4D42, 0x517B, 0x5346_414F, 0x6B41_4653, 0x00C3_6400, 0x0102_1997, 0x7375_7245,
        0x564C,
        0x0116_1970, 0x7461_636F, 0x0BD0_0BD0,
    ]
    /// ext4, XFS, Btrfs, ZFS, F2FS, tmpfs, overlay, bcachefs, FUSE, exFAT.
    static let localTypes: [UInt32] = [
        0xEF53, 0x5846_5342, 0x9123_683E, 0x2FC1_2FC1, 0xF2F5_2010, 0x0102_1994, 0x794C_7630, 0xCA45_1A4E, 0x6573_5546,
        0x2011_BAB0,
    ]

    private func open(on type: UInt32) throws(StoreError) -> ReplicaStore {
        try ReplicaStore(directory: folder.file("state"), clock: FixedClock(), chance: CountingChance()) { _ in
            FileSystemCheck.name(ofType: type)
        }
    }

    @Test(arguments: networkTypes) func `a network file system is refused by its type, with the reason`(
        type: UInt32
    ) throws {
        let error = try #require(throws: StoreError.self) { try open(on: type) }
        let name = try #require(FileSystemCheck.name(ofType: type))
        #expect(error.code == .networkFileSystem && error.exitCode == .settings)
        let shown = error.userError.rendered(program: "fieldbookd")
        #expect(shown.contains("cannot keep a replica in \(folder.file("state"))"))
        #expect(shown.contains("network file system (\(name))") && shown.contains("FIELDBOOK_HOME"), "\(shown)")
        #expect(readFile(folder.file("state/outbox.db")).isEmpty)
    }

    @Test(arguments: localTypes) func `a local file system is taken`(type: UInt32) throws {
        try open(on: type).close()
        #expect(!readFile(folder.file("state/outbox.db")).isEmpty)
    }

    @Test func `the folder that is asked about is the replica's`() throws {
        var asked: [String] = []
        try ReplicaStore(directory: folder.file("a/b"), clock: FixedClock(), chance: CountingChance()) { path in
            asked.append(path)
            return nil
        }.close()
        #expect(asked == [folder.file("a/b")])
    }
}
