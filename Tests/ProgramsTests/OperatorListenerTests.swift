import Diagnostics
import Testing

@testable import fieldbook_server

@Suite struct OperatorListenerTests {
    @Test(
        arguments: [
            ("9187", "127.0.0.1", 9187), ("0", "127.0.0.1", 0), ("10.0.0.5:80", "10.0.0.5", 80), ("[::1]:1", "::1", 1),
            ("localhost:65535", "localhost", 65_535),
        ] as [(String, String, UInt16)])
    func `a port stands alone for this machine, or after an address`(text: String, host: String, port: UInt16) throws {
        let read = try OperatorListener.parse(text)
        #expect(read.host == host && read.port == port)
    }

    @Test(arguments: ["", ":", ":1", "65536", "-1", "h:", "h:x", "::1:80", "[]:1", "a b:1", "h:99999"])
    func `anything else is refused`(text: String) {
        let error = #expect(throws: UserError.self) { try OperatorListener.parse(text) }
        #expect(error?.exitCode == .usage)
    }
}
