import Diagnostics
import LocalAPI
import PartnerModel
import TestKit
import Testing

/// Who is asked for, when several members use one daemon after the other.
@Suite struct UserRouteTests {
    private let daemon: LiveDaemon

    init() throws { daemon = try LiveDaemon() }

    private func client(_ user: String?) -> LocalAPIClient { LocalAPIClient(socket: daemon.path, user: user) }

    @Test(arguments: ["-", "p-ben", "p-an", ""])
    func `an edit for another user than the daemon's is refused, and not taken`(
        user: String
    ) throws {
        let error = try #require(throws: UserError.self) {
            try client(user).add(.setLabel("x"), customer: CustomerKey(1), dryRun: false)
        }
        #expect(error.exitCode == .denied && error.next.contains("fieldbook users"), "\(error)")
        #expect(throws: UserError.self) { try client(user).discard(EditNumber(1)) }
        #expect(throws: UserError.self) { try client(user).sync() }
        #expect(throws: UserError.self) { try client(user).waitForSync(seconds: 1) }
        #expect(daemon.desk.calls.isEmpty)
    }

    @Test func `the daemon's own user, who is not named and who asks for the status are served`() throws {
        for user in ["p-ana", nil] {
            _ = try client(user).add(.setLabel("x"), customer: CustomerKey(1), dryRun: true)
        }
        #expect(try client("p-ben").status().processID == 42)
        #expect(daemon.desk.calls.count == 2)
    }

    @Test func `another user is asked for by name, and by a name only`() throws {
        try client("-").goOver(to: "p-ben")
        #expect(daemon.desk.calls == [.goOver("p-ben")])
        for name in ["", "..", "a/b"] {
            #expect(throws: UserError.self) { try client("-").goOver(to: name) }
        }
        #expect(daemon.desk.calls.count == 1)
    }
}
