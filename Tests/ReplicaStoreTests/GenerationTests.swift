import Glibc
import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

@Suite struct GenerationTests {
    private func generations(_ replica: TestReplica) -> [Int] { ReplicaFiles(folder: replica.path).numbers() }

    @Test func `another epoch leads to a new generation and leaves the outbox alone`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        _ = try replica.push()
        _ = try replica.add(adjust(1))
        let before = try replica.store.openEdits()
        #expect(try replica.meet("e2") == .epochChanged)
        try replica.store.forgetImage()
        #expect(try replica.store.pullPosition() == .nothing)
        #expect(try replica.reader().customers(matching: nil, limit: 9).count == 3)
        try replica.load(
            "e2", sequence: 4, [.partner(), .customer(1, version: 2, name: "Restored"), .budget(1, version: 3, 80)])
        #expect(try replica.meet("e2") == .same)
        #expect(try replica.store.openEdits() == before)
        #expect(try replica.reader().customers(matching: nil, limit: 9).map(\.customer.name) == ["Restored"])
        #expect(generations(replica) == [3] && replica.store.live?.number == 3)
        let push = try #require(try replica.store.nextPush())
        #expect(push.edits == before.map(\.wire))
    }

    @Test func `a crash between learning the epoch and forgetting the image is made good at the next greeting`() throws
    {
        let replica = try TestReplica.loaded()
        #expect(try replica.meet("e2") == .epochChanged)
        try replica.reopen()
        #expect(try replica.meet("e2") == .epochChanged)
    }

    @Test func `rows of a generation that is not complete are invisible`() throws {
        let replica = try TestReplica.loaded()
        try replica.store.forgetImage()
        try replica.begin("e1", rows: 2)
        try replica.snapshot(end: .more, [.partner(), .cycle(), .customer(1, version: 20, name: "New"), .product()])
        func names() throws -> [String] { try replica.reader().customers(matching: nil, limit: 9).map(\.customer.name) }
        #expect(try names() == ["Alpha", "Beta", "Gamma"])
        try replica.reopen()
        #expect(try names() == ["Alpha", "Beta", "Gamma"] && generations(replica) == [2, 3])
        try replica.snapshot(end: .last, [.bill(50, customer: 1, units: 5)])
        #expect(try names() == ["Alpha", "Beta", "Gamma"])
        try replica.feed(sequence: 20, end: .more)
        #expect(try names() == ["Alpha", "Beta", "Gamma"])
        try replica.feed(sequence: 21)
        #expect(try names() == ["New"] && generations(replica) == [3])
    }

    @Test func `edits made during a reload are laid over both images`() throws {
        let replica = try TestReplica.loaded()
        try replica.store.forgetImage()
        try replica.begin("e1", rows: 2)
        let edit = try replica.add(budget(500))
        #expect(edit.wire.base.value == 7)
        try replica.snapshot(end: .last, [.partner(), .customer(1, name: "Alpha"), .budget(1, version: 18, 300)])
        try replica.feed(sequence: 20)
        let seen = try replica.reader().customer(CustomerKey(1)).summary.budget
        #expect(
            seen.version == Version(18)
                && seen.visible
                    == .budget(Budget(amount: Money(units: 50_000_000_000), type: .monthly, onExhaustion: .manual))
        )
        #expect(
            try replica.texts(replica.imageFile, "SELECT budget || ' ' || budget_pending FROM customers") == [
                "300.00000000 500.00000000"
            ])
    }

    @Test func `a reader that is open over the swap keeps its rows and a new one sees the new file`() throws {
        let replica = try TestReplica.loaded()
        let plain = try replica.plain(replica.imageFile)
        let ours = try replica.reader()
        #expect(try ours.customerCount() == 3)
        try plain.read { transaction in
            let count = "SELECT count(*) FROM customers"
            #expect(try transaction.statement(count).first { $0.int64(0) } == 3)
            try replica.store.forgetImage()
            try replica.load("e1", sequence: 20, [.partner(), .customer(1, version: 20, name: "New")])
            #expect(generations(replica) == [3])
            #expect(try transaction.statement(count).first { $0.int64(0) } == 3)
            #expect(
                try transaction.statement("SELECT name FROM customers ORDER BY key").rows { $0.text(0) } == [
                    "Alpha", "Beta", "Gamma",
                ])
        }
        #expect(try ours.customers(matching: "alph", limit: 9).count == 1)
        #expect(try replica.reader().customerCount() == 1)
    }

    @Test func `files that no link and no load needs are removed at the next start`() throws {
        let replica = try TestReplica.loaded()
        try replica.store.forgetImage()
        try replica.load("e1", sequence: 20, TestReplica.standardRows)
        writeFile("\(replica.path)/generation-1.db", "left by a crash after the swap")
        writeFile("\(replica.path)/generation-9.db", "left by a crash before the first row")
        try replica.reopen()
        #expect(generations(replica) == [3])
        #expect(try replica.reader().customerCount() == 3)
    }

    @Test func `a swap that fails leaves the image that is shown, and is tried again`() throws {
        let replica = try TestReplica.loaded()
        try replica.store.forgetImage()
        try replica.begin("e1", rows: 2)
        try replica.snapshot(end: .last, [.partner(), .customer(1, version: 20, name: "New")])
        let inTheWay = "\(replica.imageFile).new"
        mkdir(inTheWay, 0o700)
        #expect(code { try replica.feed(sequence: 20) } == .other)
        #expect(try replica.reader().customerCount() == 3 && generations(replica) == [2, 3])
        rmdir(inTheWay)
        try replica.feed(sequence: 21)
        #expect(try replica.reader().customerCount() == 1 && generations(replica) == [3])
    }

    @Test func `a lost link is made again from the image that is there`() throws {
        let replica = try TestReplica.loaded()
        unlink(replica.imageFile)
        try replica.reopen()
        try replica.feed(sequence: 11)
        #expect(try replica.reader().customerCount() == 3)
    }

    @Test func `a replica belongs to the first partner and member it meets`() throws {
        let replica = try TestReplica.loaded()
        _ = try replica.add(budget(500))
        #expect(
            code { _ = try replica.store.meet(replica.hello("e1", partner: "q"), server: "http://s") } == .otherServer)
        #expect(
            code { _ = try replica.store.meet(replica.hello("e9", member: "mona"), server: "http://s") } == .otherUser)
        #expect(replica.store.identity.member == "ana" && replica.store.identity.epoch == "e1")
        #expect(try replica.meet("e1") == .same)
        #expect(try replica.push() == [EditNumber(1)])
    }
}
