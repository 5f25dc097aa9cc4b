import Diagnostics
import Glibc
import TestKit
import Testing

@Suite struct FileLockTests {
    private let folder = TemporaryDirectory()
    private var path: String { folder.file("daemon.lock") }

    @Test func `a second holder is refused and told the process of the first`() throws {
        let first = try FileLock(path: path)
        #expect(throws: FileLock.Held(processID: Int(getpid()))) { try FileLock(path: path) }
        withExtendedLifetime(first) {}
    }

    @Test func `a lock is free again when its holder goes, and names nobody`() throws {
        for _ in 0..<3 {
            let lock = try FileLock(path: path)
            #expect(readFile(path) == Array("\(getpid())\n".utf8))
            withExtendedLifetime(lock) {}
        }
        #expect(readFile(path).isEmpty)
    }

    @Test func `who holds a lock is told without touching it, and nobody once it is free`() throws {
        #expect(FileLock.holder(of: path) == nil)
        #expect(access(path, F_OK) != 0)
        do {
            let lock = try FileLock(path: path)
            #expect(FileLock.holder(of: path) == Int(getpid()))
            #expect(throws: FileLock.Held(processID: Int(getpid()))) { try FileLock(path: path) }
            withExtendedLifetime(lock) {}
        }
        #expect(FileLock.holder(of: path) == nil)
        // A name left by one that was killed: of a process that lives but holds nothing, and of none.
        for name in ["\(getpid())\n", "2147483647\n", "junk"] {
            writeFile(path, name)
            #expect(FileLock.holder(of: path) == nil)
            #expect(readFile(path) == Array(name.utf8))
        }
        #expect(throws: Never.self) { try FileLock(path: path) }
    }

    @Test func `a name that can't be the holder's is not told`() throws {
        for content in ["", "x\n", "-1\n", "0\n", "99999999999999999999\n", "2147483647\n", "\u{1B}[2J\n"] {
            writeFile(path, content)
            // Another open description in this process stands for another process.
            let other = open(path, O_RDWR | O_CLOEXEC)
            defer { close(other) }
            try #require(flock(other, LOCK_EX | LOCK_NB) == 0)
            #expect(throws: FileLock.Held(processID: nil)) { try FileLock(path: path) }
            #expect(readFile(path) == Array(content.utf8))
        }
    }

    @Test func `a name left by a longer one is written over whole`() throws {
        writeFile(path, String(repeating: "9", count: 1000))
        let lock = try FileLock(path: path)
        #expect(readFile(path) == Array("\(getpid())\n".utf8))
        withExtendedLifetime(lock) {}
    }

    @Test func `a link is refused and what it leads to stays`() throws {
        writeFile(folder.file("precious"), "data")
        symlink(folder.file("precious"), path)
        let error = try #require(throws: UserError.self) { try FileLock(path: path) }
        #expect(error.why == "it is a symbolic link")
        #expect(readFile(folder.file("precious")) == Array("data".utf8))
    }

    @Test func `a lock in a folder that is not there is an error with the path`() throws {
        let error = try #require(throws: UserError.self) { try FileLock(path: folder.file("absent/lock")) }
        #expect(error.what.contains("absent/lock"))
    }

    /// The numbers of the kernel's magic.h and of statfs(2).
    @Test(
        arguments: [
            (0x6969, "NFS"), (0xFF53_4D42, "SMB"), (0xFE53_4D42, "SMB"), (0x517B, "SMB"), (0x5346_414F, "AFS"),
            (0x00C3_6400, "Ceph"),
            (0x0102_1997, "9P"), (0x7375_7245, "Coda"), (0x7461_636F, "OCFS2"), (0x0116_1970, "GFS2"),
            (0x0BD0_0BD0, "Lustre"),
            (0xEF53, nil), (0x5846_5342, nil), (0x9123_683E, nil), (0x0102_1994, nil), (0x794C_7630, nil),
            (0x6573_5546, nil),
        ] as [(UInt32, String?)])
    func `network file systems are known by their numbers, local ones are not among them`(number: UInt32, name: String?)
    {
        #expect(FileSystemCheck.name(ofType: number) == name)
    }

    @Test func `a path that is not there yet is judged by the folder that will hold it`() {
        let there = FileSystemCheck.networkFileSystem(at: "/proc")
        #expect(there == nil)
        #expect(
            FileSystemCheck.networkFileSystem(at: "\(folder.path)/a/b/c")
                == FileSystemCheck.networkFileSystem(at: folder.path))
        #expect(
            FileSystemCheck.networkFileSystem(at: "no-such-folder-here/x") == FileSystemCheck.networkFileSystem(at: ".")
        )
    }
}
