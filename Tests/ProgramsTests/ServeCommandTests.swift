import Glibc
import TestKit
import Testing

/// `fieldbook-server serve` on a folder that is in use.
@Suite struct ServeCommandTests {
    private let folder = TemporaryDirectory()
    private var data: String { folder.file("data") }

    private func serve(_ name: String) -> ChildProcess {
        ChildProcess(
            ChildProcess.program("fieldbook-server"),
            ["serve", "--data", data, "--port", "0", "--port-file", folder.file(name)])
    }

    private func isUp(_ name: String) -> Bool { eventually { !readFile(self.folder.file(name)).isEmpty } }

    @Test func `a second server on one folder is refused, and told which has it`() {
        let made = ChildProcess(ChildProcess.program("fieldbook-server"), ["init", "--data", data])
        #expect(made.wait() == 0)
        let first = serve("one")
        #expect(isUp("one"), "\(first.errors)")
        let second = serve("two")
        #expect(second.wait() == 1, "\(second.output)")
        #expect(second.errors.contains("another server (process \(first.processID)) serves it"), "\(second.errors)")
        #expect(second.errors.contains("kill \(first.processID)") && readFile(folder.file("two")).isEmpty)
        // Commands beside a server go on, and one that was killed leaves the folder free.
        let list = ChildProcess(ChildProcess.program("fieldbook-server"), ["member", "list", "--data", data])
        #expect(list.wait() == 0)
        first.signal(SIGKILL)
        _ = first.wait()
        let third = serve("three")
        #expect(isUp("three"), "\(third.errors)")
        third.signal(SIGTERM)
        #expect(third.wait() == 0)
    }

    @Test func `a folder that holds no server's data is left as it is`() {
        mkdir(data, 0o700)
        let process = serve("one")
        #expect(process.wait() == 78 && access("\(data)/serve.lock", F_OK) != 0, "\(process.errors)")
    }
}
