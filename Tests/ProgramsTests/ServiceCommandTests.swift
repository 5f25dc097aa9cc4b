import Diagnostics
import Foundation
import Glibc
import TestKit
import Testing

@testable import fieldbook

/// `fieldbook service`, before a systemctl that notes what it is asked, and the units themselves.
@Suite struct ServiceCommandTests {
    private let installation: Installation
    private var folder: TemporaryDirectory { installation.folder }
    private var unit: String { folder.file("config/systemd/user/fieldbook.service") }
    private let root = String(#filePath.dropLast("/Tests/ProgramsTests/ServiceCommandTests.swift".count))

    init() throws { installation = try Installation() }

    private func run(_ words: String..., manager: String = "0", isSetUp: Bool = true) throws -> Installation.Outcome {
        let bin = folder.file("tools")
        try SecureFile.makeFolder(bin)
        writeFile(
            "\(bin)/systemctl",
            """
            #!/bin/sh
            shift
            echo "$@" >>'\(folder.file("asked"))'
            case "$*" in
                *Version) exit \(manager) ;;
                show*) if [ -e '\(unit)' ]; then echo LoadState=loaded; else echo LoadState=not-found; fi
                    echo 'MainPID=0'; echo 'StatusText=in-sync'; echo 'ActiveState=active'; echo Result=success ;;
                start*) [ ! -e '\(folder.file("broken"))' ] || { echo 'Job failed.'; exit 1; } ;;
            esac
            """)
        writeFile("\(bin)/loginctl", "#!/bin/sh\necho no\n")
        for name in ["systemctl", "loginctl"] { chmod("\(bin)/\(name)", 0o700) }
        if !isSetUp { unlink(installation.paths.tokenFile) }
        return installation.run(
            ["service"] + words, path: "\(bin):/usr/bin:/bin",
            ["HOME": folder.file("person"), "XDG_CONFIG_HOME": folder.file("config")])
    }

    private var asked: [String] {
        String(decoding: SecureFile.exists(folder.file("asked")) ? readFile(folder.file("asked")) : [], as: UTF8.self)
            .split(separator: "\n").map(String.init).filter { !$0.hasPrefix("show") }
    }

    @Test func `install writes the unit, enables and starts it, and says what lingering is`() throws {
        let install = try run("install")
        #expect(install.code == 0 && install.output.contains(unit) && install.output.contains("it runs"), "\(install)")
        #expect(install.errors.contains("loginctl enable-linger"))
        #expect(asked == ["daemon-reload", "enable fieldbook.service", "restart fieldbook.service"])
        let text = String(decoding: readFile(unit), as: UTF8.self)
        #expect(text.contains("ExecStart=\(ChildProcess.program("fieldbookd")) run\n"))
        #expect(text.contains("Environment=FIELDBOOK_HOME=\(installation.home)\n"))
        #expect(try run("install").code == 0)
        #expect(try run("status").output.contains("says          in-sync"))
        #expect(try run("stop").code == 0 && asked.last == "stop fieldbook.service")
        #expect(try run("uninstall").code == 0 && !SecureFile.exists(unit))
        #expect(SecureFile.exists(installation.paths.settingsFile))
    }

    @Test func `without a set-up it is installed and not started`() throws {
        let install = try run("install", isSetUp: false)
        #expect(install.code == 0 && install.errors.contains("fieldbook setup"), "\(install)")
        #expect(asked == ["daemon-reload", "enable fieldbook.service"])
    }

    @Test func `a daemon that was started by hand makes way`() throws {
        let daemon = installation.daemon()
        #expect(eventually { installation.isServed })
        #expect(try run("install").code == 0)
        #expect(daemon.wait() == 0)
    }

    @Test func `a unit of another hand stays unless forced`() throws {
        try SecureFile.makeFolder(folder.file("config/systemd/user"))
        writeFile(unit, "[Service]\nExecStart=/bin/true\n")
        #expect(try run("install").code == 65)
        #expect(try run("install", "--force").code == 0)
    }

    @Test func `a dry run shows the unit and changes nothing`() throws {
        let shown = try run("install", "--dry-run")
        #expect(shown.code == 0 && shown.output.contains("[Service]") && shown.errors.contains(unit))
        #expect(asked.isEmpty && !SecureFile.exists(unit))
    }

    @Test func `without systemd it says what to run instead`() throws {
        for words in ["install", "start", "stop", "status"] {
            let outcome = try run(words, manager: "1")
            #expect(outcome.code == 69 && outcome.errors.contains("fieldbook daemon start"), "\(outcome)")
        }
        let none = installation.run(["service", "install"], path: "/nowhere")
        #expect(none.code == 69 && none.errors.contains("no systemctl"))
        #expect(!SecureFile.exists(unit))
        #expect(try run("start").errors.contains("fieldbook service install"))
    }

    @Test func `a service that does not start is told with where to look`() throws {
        #expect(try run("install").code == 0)
        writeFile(folder.file("broken"), "")
        let start = try run("start")
        #expect(start.code == 1 && start.errors.contains("Job failed.") && start.errors.contains("journalctl"))
    }

    @Test func `a mistake in the settings is told before anything is started`() throws {
        #expect(try run("install").code == 0)
        writeFile(installation.paths.settingsFile, "server = http://h\n[log]\nlevl = info\n")
        for words in ["start", "install"] {
            let outcome = try run(words)
            #expect(outcome.code == 78 && outcome.errors.contains("line 3"), "\(outcome)")
        }
        #expect(asked == ["daemon-reload", "enable fieldbook.service", "restart fieldbook.service"])
    }

    @Test func `the unit in Config is the program's`() throws {
        let file = "\(root)/Config/fieldbook.service"
        let text = ServiceUnit.text(program: "/usr/bin/fieldbookd")
        if Paths.variable("FIELDBOOK_GOLDEN") == "1" { writeFile(file, text) }
        #expect(String(decoding: readFile(file), as: UTF8.self) == text)
    }

    @Test func `a path or a variable of any form is one word of the unit`() {
        let words = ["/a b/x", "/a'b", "/a\"b", "/a\\b", "/100%/x", "/plain", "/a;b"]
        #expect(
            words.map(ServiceUnit.quoted) == [
                "\"/a b/x\"", "\"/a'b\"", "\"/a\\\"b\"", "\"/a\\\\b\"", "\"/100%%/x\"", "/plain", "\"/a;b\"",
            ])
    }

    @Test(
        .enabled(if: access("/usr/bin/systemd-analyze", X_OK) == 0, "systemd-analyze is not here"),
        arguments: [("fieldbook", "--user"), ("fieldbook-server", "--system")])
    func `systemd finds nothing wrong with a unit`(name: String, manager: String) throws {
        var text = String(decoding: readFile("\(root)/Config/\(name).service"), as: UTF8.self)
        // It looks for the program of a unit, which need not be installed here.
        for program in ["fieldbookd", "fieldbook-server"] {
            text = text.replacingOccurrences(of: "/usr/bin/\(program)", with: ChildProcess.program(program))
        }
        text = text.split(separator: "\n", omittingEmptySubsequences: false).filter {
            !$0.hasPrefix("Documentation=man")
        }
        .joined(separator: "\n")
        writeFile(folder.file("\(name).service"), text)
        chmod(folder.file("\(name).service"), 0o644)
        let run = ChildProcess(
            "/usr/bin/systemd-analyze", ["verify", manager, folder.file("\(name).service")],
            environment: ["XDG_RUNTIME_DIR": folder.path, "SYSTEMD_LOG_LEVEL": "warning"])
        let code = run.wait()
        let told = (run.output + run.errors).split(separator: "\n").filter { $0.contains(name) }
        #expect(code == 0 && told.isEmpty, "\(run.output)\(run.errors)")
    }
}
