import Diagnostics
import Glibc

/// A private folder that is removed with everything in it when the value goes.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() {
        var template = Array("\(TemporaryDirectory.base)/fieldbook-test.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { preconditionFailure("no temporary folder can be made") }
        path = String(cString: made)
    }

    deinit { TemporaryDirectory.remove(path) }

    package func file(_ name: String) -> String { "\(path)/\(name)" }

    private static var base: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

    private static func remove(_ path: String) {
        for name in FileFacts.names(in: path) ?? [] {
            let child = "\(path)/\(name)"
            if unlink(child) != 0 { remove(child) }
        }
        rmdir(path)
    }
}

/// Writes a small file of a test.
package func writeFile(_ path: String, _ text: String) { writeFile(path, Array(text.utf8)) }

/// Writes a small file of a test.
package func writeFile(_ path: String, _ bytes: [UInt8]) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    precondition(descriptor >= 0 && write(descriptor, bytes, bytes.count) == bytes.count, "cannot write \(path)")
    close(descriptor)
}

/// Reads a whole file of a test; empty when it is absent.
package func readFile(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
}
