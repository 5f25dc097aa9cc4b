import Diagnostics
import Glibc
import TestKit
import Testing

@Suite struct SecureFileTests {
    private let folder = TemporaryDirectory()

    @Test func `a file is written with mode 0600 and nothing is left beside it`() throws {
        let path = folder.file("token")
        try SecureFile.write(Array("one\n".utf8), to: path)
        #expect(mode(path) == 0o600)
        try SecureFile.write(Array("two\n".utf8), to: path)
        #expect(readFile(path) == Array("two\n".utf8))
        #expect(entries(folder.path) == ["token"])
    }

    @Test func `a file that was open to others is private after a write`() throws {
        let path = folder.file("token")
        writeFile(path, "old")
        chmod(path, 0o666)
        try SecureFile.write([1], to: path)
        #expect(mode(path) == 0o600)
    }

    @Test func `a write replaces a link and leaves alone what it leads to`() throws {
        writeFile(folder.file("target"), "precious")
        symlink(folder.file("target"), folder.file("link"))
        try SecureFile.write(Array("new".utf8), to: folder.file("link"))
        #expect(readFile(folder.file("target")) == Array("precious".utf8))
        #expect(readFile(folder.file("link")) == Array("new".utf8))
        #expect(entries(folder.path) == ["link", "target"])
    }

    @Test func `a write that fails leaves the old file and nothing beside it`() throws {
        try SecureFile.makeFolder(folder.file("busy/inner"))
        let error = try #require(throws: UserError.self) { try SecureFile.write([1], to: folder.file("busy")) }
        #expect(error.exitCode == .failed)
        #expect(entries(folder.path) == ["busy"])
        #expect(throws: UserError.self) { try SecureFile.write([1], to: folder.file("absent/file")) }
    }

    @Test func `a megabyte and nothing at all come back as written`() throws {
        for bytes in [[], [UInt8](repeating: 7, count: 1 << 20)] {
            try SecureFile.write(bytes, to: folder.file("f"))
            #expect(try SecureFile.read(folder.file("f"), limit: 1 << 20) == bytes)
        }
    }

    @Test func `a file over the limit is refused, one at the limit is read`() throws {
        writeFile(folder.file("f"), [UInt8](repeating: 1, count: 100))
        #expect(try SecureFile.read(folder.file("f"), limit: 100).count == 100)
        let error = try #require(throws: UserError.self) { try SecureFile.read(folder.file("f"), limit: 99) }
        #expect(error.why == "it is larger than 99 bytes")
    }

    @Test func `a link to a file is read, one to itself or to nothing is refused`() throws {
        writeFile(folder.file("f"), "x")
        symlink(folder.file("f"), folder.file("good"))
        symlink(folder.file("loop"), folder.file("loop"))
        symlink(folder.file("absent"), folder.file("dangling"))
        #expect(try SecureFile.read(folder.file("good"), limit: 10) == [0x78])
        for name in ["loop", "dangling"] {
            #expect(throws: UserError.self) { try SecureFile.read(folder.file(name), limit: 10) }
        }
    }

    @Test func `a pipe, a folder and a device do not hold the reader up`() throws {
        mkfifo(folder.file("pipe"), 0o600)
        for path in [folder.file("pipe"), folder.path, "/dev/zero"] {
            let error = try #require(throws: UserError.self) { try SecureFile.read(path, limit: 10) }
            #expect(error.why == "it is not a regular file")
        }
    }

    @Test func `folders are made with their parents and mode 0700, and may be there already`() throws {
        let path = folder.file("a/b//c/")
        try SecureFile.makeFolder(path)
        try SecureFile.makeFolder(path)
        for name in ["a", "a/b", "a/b/c"] { #expect(mode(folder.file(name)) == 0o700) }
    }

    @Test func `a private folder that others can enter is closed, which is told once`() throws {
        let path = folder.file("state")
        #expect(try !SecureFile.makePrivateFolder(path))
        for open in [0o755, 0o777, 0o701, 0o2770] as [mode_t] {
            chmod(path, open)
            #expect(try SecureFile.makePrivateFolder(path))
            #expect(mode(path) == 0o700)
            #expect(try !SecureFile.makePrivateFolder(path))
        }
        writeFile(folder.file("f"), "x")
        #expect(throws: UserError.self) { try SecureFile.makePrivateFolder(folder.file("f")) }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a folder away"))
    func `a private folder of another user is refused and left as it is`() throws {
        let path = folder.file("state")
        try SecureFile.makeFolder(path)
        chmod(path, 0o755)
        chown(path, 65_534, 65_534)
        let error = try #require(throws: UserError.self) { try SecureFile.makePrivateFolder(path) }
        #expect(error.exitCode == .denied && error.why == "it belongs to another user")
        #expect(mode(path) == 0o755)
    }

    @Test func `a folder can't be made where a file is`() throws {
        writeFile(folder.file("f"), "x")
        for name in ["f", "f/g"] {
            let error = try #require(throws: UserError.self) { try SecureFile.makeFolder(folder.file(name)) }
            #expect(error.exitCode == .settings)
        }
        #expect(throws: UserError.self) { try SecureFile.makeFolder("") }
    }

    private func mode(_ path: String) -> mode_t {
        var info = stat()
        return stat(path, &info) == 0 ? info.st_mode & 0o7777 : 0
    }

    private func entries(_ path: String) -> [String] { FileFacts.names(in: path) ?? [] }
}
