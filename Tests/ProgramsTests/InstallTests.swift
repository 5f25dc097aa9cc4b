import Diagnostics
import Glibc
import TestKit
import Testing

/// `tools/install` and `tools/package`, on programs that are built already.
@Suite struct InstallTests {
    private let root = String(#filePath.dropLast("/Tests/ProgramsTests/InstallTests.swift".count))
    private let bin = String(ChildProcess.program("fieldbook").dropLast("/fieldbook".count))
    private let folder = TemporaryDirectory()
    private static let hasPackager = access("/usr/bin/dpkg-deb", X_OK) == 0

    private func run(
        _ program: String, _ words: [String], _ environment: [String: String] = [:]
    ) -> (code: Int32?, output: String, errors: String) {
        let all = ["HOME": folder.path, "FIELDBOOK_HOME": folder.file("home")].merging(environment) { $1 }
        let process = ChildProcess(program, words, environment: all)
        return (process.wait(), process.output, process.errors)
    }

    private func files(_ folder: String) -> [String] {
        run("/usr/bin/find", [folder, "-type", "f", "-printf", "%P\n"]).output.split(separator: "\n").map(String.init)
            .sorted()
    }

    @Test func `what is installed runs, is all below its folder, and goes whole`() throws {
        let prefix = folder.file("o p t")
        let install = run("\(root)/tools/install", ["--prefix", prefix, "--bin", bin])
        #expect(install.code == 0, "\(install)")
        let found = files(prefix)
        for file in [
            "bin/fieldbook", "bin/fieldbookd", "share/man/man1/fieldbook-server.1.gz",
            "share/bash-completion/completions/fieldbook", "share/zsh/site-functions/_fieldbook-lab",
            "share/fish/vendor_completions.d/fieldbookd.fish", "lib/systemd/user/fieldbook.service",
            "lib/systemd/system/fieldbook-server.service", "share/doc/fieldbook/examples/nginx.conf",
        ] { #expect(found.contains(file), "\(file)") }
        let unit = readLines("\(prefix)/lib/systemd/user/fieldbook.service")
        #expect(unit.contains("ExecStart=\"\(prefix)/bin/fieldbookd\" run"))
        #expect(run("\(prefix)/bin/fieldbook", ["--version"]).output == "fieldbook \(SoftwareVersion.text)\n")
        writeFile("\(prefix)/bin/mine", "a file of another")
        // A second time over the first; a file that the new version does not have goes.
        writeFile("\(prefix)/share/doc/fieldbook/old", "")
        let list = "\(prefix)/share/fieldbook/installed"
        writeFile(list, String(decoding: readFile(list), as: UTF8.self) + "share/doc/fieldbook/old\n")
        #expect(run("\(root)/tools/install", ["--prefix", prefix, "--bin", bin]).code == 0)
        #expect(files(prefix) == (found + ["bin/mine"]).sorted())
        let remove = run("\(root)/tools/install", ["--remove", "--prefix", prefix])
        #expect(remove.code == 0 && files(prefix) == ["bin/mine"], "\(remove)")
        #expect(run("\(root)/tools/install", ["--remove", "--prefix", prefix]).code == 65)
    }

    @Test func `programs whose person has unsent work are not removed unasked, and the work never is`() throws {
        let desk = try OfflineDesk()
        #expect(desk.run("label", "set", "Alpha", "gold").code == 0)
        let (prefix, home) = (folder.file("opt"), ["FIELDBOOK_HOME": desk.installation.home])
        #expect(run("\(root)/tools/install", ["--prefix", prefix, "--bin", bin], home).code == 0)
        let remove = run("\(root)/tools/install", ["--remove", "--prefix", prefix], home)
        #expect(remove.code == 65 && remove.errors.contains("1 edits have not reached the server"), "\(remove)")
        #expect(SecureFile.exists("\(prefix)/bin/fieldbook"))
        #expect(run("\(root)/tools/install", ["--remove", "--prefix", prefix, "--yes"], home).code == 0)
        #expect(!SecureFile.exists(prefix + "/bin") && desk.installation.holder == nil)
        #expect(try desk.edits().count == 1)
    }

    @Test(.enabled(if: hasPackager, "dpkg-deb is not here"))
    func `the package has everything where Debian has it, and names its libraries`() throws {
        let made = run("\(root)/tools/package", ["--output", folder.path, "--bin", bin])
        let package = made.output.split(separator: "\n").last.map(String.init) ?? ""
        #expect(made.code == 0 && package.contains("/fieldbook_\(SoftwareVersion.text)_"), "\(made)")
        let control = run("/usr/bin/dpkg-deb", ["--field", package]).output
        #expect(control.contains("libsqlite3-0 (>= 3.40.1)") && control.contains("libc6 (>= 2."), "\(control)")
        #expect(!control.contains("@") || !control.contains("@VERSION@"))
        let unpacked = folder.file("unpacked")
        #expect(run("/usr/bin/dpkg-deb", ["--raw-extract", package, unpacked]).code == 0)
        let found = files(unpacked)
        let configured = found.filter { $0.hasPrefix("etc/") }.map { "/\($0)" }
        #expect(readLines("\(unpacked)/DEBIAN/conffiles") == configured)
        for file in [
            "usr/bin/fieldbookd", "lib/systemd/system/fieldbook-server.service",
            "usr/lib/systemd/user/fieldbook.service",
        ] {
            #expect(found.contains(file), "\(file)")
        }
        #expect(
            readFile("\(unpacked)/usr/lib/systemd/user/fieldbook.service")
                == readFile("\(root)/Config/fieldbook.service"))
        for script in ["postinst", "prerm", "postrm"] {
            #expect(run("/bin/sh", ["-n", "\(unpacked)/DEBIAN/\(script)"]).code == 0)
            // An upgrade asks and removes nothing.
            #expect(run("/bin/sh", ["\(unpacked)/DEBIAN/\(script)", "upgrade"]).code == 0)
        }
        let sums = run("/bin/sh", ["-c", "cd '\(unpacked)' && md5sum --quiet -c DEBIAN/md5sums"])
        #expect(sums.code == 0, "\(sums)")
    }

    @Test(.enabled(if: hasPackager, "dpkg-deb is not here"))
    func `a package that can't be built here says what is missing`() {
        let foreign = run("\(root)/tools/package", ["--architecture", "mips"])
        #expect(foreign.code == 64 && foreign.errors.contains("amd64 or arm64"))
        let here = run("/usr/bin/dpkg", ["--print-architecture"]).output.hasPrefix("amd64") ? "arm64" : "amd64"
        let other = run("\(root)/tools/package", ["--architecture", here, "--bin", bin, "--output", folder.path])
        #expect(other.code == 65 && other.errors.contains("is not for \(here)"), "\(other)")
    }

    /// FIELDBOOK_BIN names a release build, as for tools/run: its programs run in a root that holds nothing but what
    /// the package says that they need.
    @Test(
        .enabled(
            if: hasPackager && Paths.variable("FIELDBOOK_BIN") != nil && geteuid() == 0, "needs root and FIELDBOOK_BIN")
    )
    func `the programs of the package need no Swift`() throws {
        let release = try #require(Paths.variable("FIELDBOOK_BIN"))
        let made = run("\(root)/tools/package", ["--output", folder.path, "--bin", release])
        let package = made.output.split(separator: "\n").last.map(String.init) ?? ""
        #expect(made.code == 0 && !made.errors.contains("belongs to Swift"), "\(made)")
        let other = folder.file("root")
        // Programs read their own arguments there (proc(5)); nobody else sees this mount.
        try SecureFile.makeFolder("\(other)/proc")
        let enter = "mount --bind /proc '\(other)/proc' && exec chroot '\(other)' \"$@\""
        func inside(_ words: String...) -> (code: Int32?, output: String, errors: String) {
            run("/usr/bin/unshare", ["--mount", "/bin/sh", "-c", enter, "sh"] + words)
        }
        #expect(run("/usr/bin/dpkg-deb", ["-x", package, other]).code == 0)
        for program in ["fieldbook", "fieldbookd", "fieldbook-server", "fieldbook-lab"] {
            let copied = run(
                "/bin/bash",
                [
                    "-ec",
                    """
                    for file in $(ldd '\(other)/usr/bin/\(program)' | grep -o '/[^ ]*'); do
                        case $file in *swift*) exit 9 ;; esac
                        install -D "$file" '\(other)'"$file"
                    done
                    """,
                ])
            #expect(copied.code == 0, "\(program): \(copied)")
            let version = inside("/usr/bin/\(program)", "--version")
            #expect(version.output == "\(program) \(SoftwareVersion.text)\n", "\(version)")
        }
        let start = inside("/usr/bin/fieldbook-server", "init", "--data", "/data")
        #expect(start.code == 0 && SecureFile.exists("\(other)/data/directory.db"), "\(start)")
    }

    private func readLines(_ path: String) -> [String] {
        String(decoding: readFile(path), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
