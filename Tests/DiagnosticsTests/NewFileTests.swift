import Diagnostics
import Glibc
import TestKit
import Testing

/// A file that is written piece by piece is there whole or not at all, on file systems of both kinds.
@Suite struct NewFileTests {
    private let folder = TemporaryDirectory()
    private var path: String { folder.file("out.csv") }

    private func write(_ file: NewFile, _ text: String) throws {
        let bytes = Array(text.utf8)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        try file.write(UnsafeRawBufferPointer(copy))
    }

    @Test(arguments: [false, true])
    func `it appears with mode 0600 when it is committed, and nothing is left beside it`(isNamed: Bool) throws {
        umask(0)
        let file = try NewFile(path, replacing: false, isNamed: isNamed)
        try write(file, "one\n")
        try write(file, "two\n")
        #expect(!SecureFile.exists(path) && entries(folder.path).count == (isNamed ? 1 : 0))
        try file.commit()
        #expect(readFile(path) == Array("one\ntwo\n".utf8))
        #expect(mode(path) == 0o600 && entries(folder.path) == ["out.csv"])
    }

    @Test(arguments: [false, true])
    func `one that is not committed leaves nothing, and the old file as it was`(isNamed: Bool) throws {
        writeFile(path, "old")
        do {
            let file = try NewFile(path, replacing: true, isNamed: isNamed)
            try write(file, "new")
        }
        #expect(readFile(path) == Array("old".utf8) && entries(folder.path) == ["out.csv"])
    }

    @Test(arguments: [false, true])
    func `what is there already is replaced only when that was asked for`(isNamed: Bool) throws {
        writeFile(path, "old")
        let refusal = try #require(throws: UserError.self) { try NewFile(path, replacing: false, isNamed: isNamed) }
        #expect(refusal.exitCode == .refused && refusal.next.contains("--force"))
        let file = try NewFile(path, replacing: true, isNamed: isNamed)
        try write(file, "new")
        try file.commit()
        #expect(readFile(path) == Array("new".utf8) && entries(folder.path) == ["out.csv"])
    }

    @Test(arguments: [false, true])
    func `a file that came in between is not replaced`(isNamed: Bool) throws {
        do {
            let file = try NewFile(path, replacing: false, isNamed: isNamed)
            try write(file, "mine")
            writeFile(path, "theirs")
            #expect(throws: UserError.self) { try file.commit() }
        }
        #expect(readFile(path) == Array("theirs".utf8) && entries(folder.path) == ["out.csv"])
    }

    @Test func `what is no file is never replaced`() throws {
        mkfifo(path, 0o600)
        for place in [path, folder.path, "/dev/null"] {
            let error = try #require(throws: UserError.self) { try NewFile(place, replacing: true) }
            #expect(error.exitCode == .refused && error.why.contains("no file"), "\(error)")
        }
        #expect(throws: UserError.self) { try NewFile(folder.file("absent/out.csv"), replacing: false) }
    }

    @Test func `a link is replaced when it leads to a file or to nothing, and never what it leads to`() throws {
        for target in ["kept.csv", "absent.csv"] {
            unlink(path)
            if target == "kept.csv" { writeFile(folder.file(target), "kept") }
            symlink(folder.file(target), path)
            let file = try NewFile(path, replacing: true)
            try write(file, "new")
            try file.commit()
            var info = stat()
            #expect(lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFREG && readFile(path) == Array("new".utf8))
        }
        #expect(
            readFile(folder.file("kept.csv")) == Array("kept".utf8) && !SecureFile.exists(folder.file("absent.csv")))
    }

    @Test func `a link to what is no file, and an open file by its number, are refused`() throws {
        mkfifo(folder.file("pipe"), 0o600)
        writeFile(folder.file("open"), "kept")
        let descriptor = open(folder.file("open"), O_RDONLY)
        defer { close(descriptor) }
        let number = "/proc/self/fd/\(descriptor)"
        for target in ["/dev/null", folder.file("pipe"), folder.path, number] {
            unlink(path)
            symlink(target, path)
            let error = try #require(throws: UserError.self, "\(target)") { try NewFile(path, replacing: true) }
            #expect(error.exitCode == .refused && error.next.contains("name a file"), "\(error)")
        }
        for place in ["/dev/stdout", "/dev/fd/\(descriptor)", number] where SecureFile.exists(place) {
            #expect(throws: UserError.self, "\(place)") { try NewFile(place, replacing: true) }
        }
        #expect(
            entries(folder.path) == ["open", "out.csv", "pipe"] && readFile(folder.file("open")) == Array("kept".utf8))
    }

    @Test func `what a killed program left goes with the next file for that place, and nothing else does`() throws {
        let dead = ChildProcess("/bin/true", [])
        #expect(dead.wait() == 0)
        let kept = [
            "other.csv.new-\(dead.processID)-abc", "out.csv.new-\(dead.processID)", "out.csv.new-\(getpid())-abc",
            "out.csv.new-x-abc",
        ]
        for name in kept + ["out.csv.new-\(dead.processID)-abc"] { writeFile(folder.file(name), "half") }
        let locked = folder.file("out.csv.new-\(dead.processID)-1")
        writeFile(locked, "of another machine")
        let descriptor = open(locked, O_RDONLY)
        #expect(flock(descriptor, LOCK_EX) == 0)
        _ = try NewFile(path, replacing: false)
        #expect(entries(folder.path) == (kept + ["out.csv.new-\(dead.processID)-1"]).sorted())
        close(descriptor)
        _ = try NewFile(path, replacing: false)
        #expect(entries(folder.path) == kept.sorted())
    }

    private func mode(_ path: String) -> mode_t {
        var info = stat()
        return stat(path, &info) == 0 ? info.st_mode & 0o7777 : 0
    }

    private func entries(_ path: String) -> [String] {
        guard let handle = opendir(path) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }
}
