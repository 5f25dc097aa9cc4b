import PartnerModel
import SQLiteKit
import SyncProtocol
import TestKit
import Testing

@testable import ReplicaStore

/// The end of the process or the power at each write while a customer joins, is filled and leaves.
@Suite struct LeaveCrashTests {
    /// What ends it, and what is left of writes that were not forced to disk.
    enum Fault: Sendable, CaseIterable {
        case kill, powerLoss, tornPowerLoss, writeError

        /// Each write meets a kill or a torn power loss, and every fifth the others: a run at each would take a minute.
        var stride: Int { self == .kill || self == .tornPowerLoss ? 2 : 5 }
        var first: Int { self == .tornPowerLoss ? 2 : 1 }
    }

    /// A page as it comes, to be offered again after a crash.
    private struct Page {
        let kind: String
        let start: String
        let bytes: [UInt8]

        init(_ kind: String, from start: String, to end: String, sequence: Int64, _ rows: [PageRow]) throws {
            (self.kind, self.start) = (kind, start)
            bytes = try pageBytes(
                kind, epoch: "e1", from: start, to: end, sequence: sequence, kind == "feed/1" ? .checkpoint : .more,
                rows)
        }

        func apply(to store: ReplicaStore) throws {
            var page = try ReceivedPage(bytes, kind: kind, expectedCursor: start, isWhole: true)
            if kind == "feed/1" { _ = try store.applyFeedPage(&page) } else { _ = try store.applyJoinedPage(&page) }
        }

        /// Whether the store stands where the page begins.
        func isNext(_ replica: TestReplica) throws -> Bool {
            try kind == "feed/1" ? replica.position() == start : replica.store.fillCursor() == start
        }
    }

    /// Takes the pages with a fault at one write after the other, goes on with those that are missing, and checks.
    private func cut(
        _ fault: Fault, _ pages: (TestReplica) throws -> [Page], before: (TestReplica) throws -> Void,
        check: (TestReplica) throws -> Void
    ) throws {
        var write = fault.first
        while true {
            let replica = try TestReplica.settled()
            try before(replica)
            let disk = FaultDisk(folder: replica.path)
            defer { disk.unmount() }
            try replica.reopen()
            let coming = try pages(replica)
            if fault == .writeError { disk.fail(atWrite: write) } else { disk.die(atWrite: write) }
            for page in coming { try? page.apply(to: replica.store) }
            let isPast = !disk.isDead && disk.failures == 0
            if disk.isDead {
                replica.close()
                switch fault {
                case .powerLoss: disk.revive(afterPowerLoss: FaultDisk.Survival.none)
                case .tornPowerLoss: disk.revive(afterPowerLoss: .drawn(seed: UInt64(write)))
                case .kill, .writeError: disk.revive()
                }
                try replica.reopen()
            } else {
                disk.heal()
            }
            for page in coming where try page.isNext(replica) { try page.apply(to: replica.store) }
            try replica.feed(sequence: 50)
            try check(replica)
            for file in [replica.imageFile, replica.outboxFile] {
                #expect(try replica.texts(file, "PRAGMA integrity_check") == ["ok"], "\(fault) at write \(write)")
            }
            replica.close()
            if isPast { break }
            write += fault.stride
        }
        #expect(write > 20)
    }

    /// The wanderer is here with its records, and edits on it.
    private func settle(_ replica: TestReplica) throws {
        try replica.feed(sequence: 11, Wanderer.joins(at: 11))
        try replica.joined(from: Wanderer.firstFill, sequence: 11, Wanderer.bills.prefix(12).map { Wanderer.bill($0) })
        _ = try replica.add(.setLabel("my-own-words"), Wanderer.key)
        _ = try replica.push()
        try replica.record(result(1, .applied, sequence: 12, version: 12))
        _ = try replica.add(budget(3), 1)
    }

    private func expectGone(_ replica: TestReplica, _ others: [String]) throws {
        #expect(try replica.wandererRows().isEmpty && replica.content() == others)
        #expect(Wanderer.traces(in: replica.path).isEmpty)
        #expect(try replica.count("departed") == 0 && replica.count("membership") == 0)
        #expect(try replica.state(1) == .settled && replica.state(2) == .saved)
        #expect(try replica.reader().edit(EditNumber(1)).customerName.isEmpty)
    }

    @Test(arguments: Fault.allCases)
    func `a leaving that is cut at any write leaves no ghost and no trace`(fault: Fault) throws {
        var others: [String] = []
        try cut(fault) { replica in
            others = try replica.content().filter { !$0.contains(" 77") }
            return [
                try Page("feed/1", from: replica.position(), to: "left", sequence: 13, Wanderer.leaves(at: 13))
            ]
        } before: {
            try settle($0)
        } check: {
            try expectGone($0, others)
        }
    }

    @Test(arguments: Fault.allCases)
    func `a joining and its pages, cut at any write, bring each row once`(fault: Fault) throws {
        try cut(fault) { replica in
            let bills = Wanderer.bills.map { Wanderer.bill($0) }
            let (first, second) = (Array(bills[..<20]), Array(bills[20...]))
            return [
                try Page("feed/1", from: replica.position(), to: "joined", sequence: 11, Wanderer.joins(at: 11)),
                try Page("joined/1", from: Wanderer.firstFill, to: "half", sequence: 11, first),
                // Deleted while the rest is on its way.
                try Page(
                    "feed/1", from: "joined", to: "later", sequence: 14, [PageRow(.billRecord, 770_030, version: 14)]),
                try Page("joined/1", from: "half", to: "whole", sequence: 11, second),
            ]
        } before: { _ in
        } check: { replica in
            let bills = try replica.wandererRows().filter { $0.hasPrefix("bill") }
            #expect(bills == Wanderer.bills.filter { $0 != 770_030 }.map { "bill_record \($0)" })
            #expect(try replica.store.fillCursor() == "whole")
        }
    }

    private func expectAnew(_ replica: TestReplica) throws {
        #expect(try replica.wandererRows() == ["customer 77"])
        #expect(try replica.store.fillCursor() == Wanderer.secondFill && replica.count("departed") == 0)
        // The outbox keeps what the author of an edit saw, since the customer is back.
        let left = Wanderer.traces(in: replica.path).filter { $0.contains("generation") }
        #expect(!left.contains { $0.hasPrefix("b77") || $0.hasPrefix("wander") }, "\(left)")
    }

    @Test(arguments: Fault.allCases)
    func `gone and back in one checkpoint, cut at any write, is the new joining alone`(fault: Fault) throws {
        try cut(fault) { replica in
            [
                try Page(
                    "feed/1", from: replica.position(), to: "back", sequence: 22,
                    Wanderer.leaves(at: 20) + [
                        PageRow(.membership, Wanderer.key, version: 21, [.text(Wanderer.secondFill), 1]),
                        .customer(Wanderer.key, version: 21, name: "Other Name"),
                    ])
            ]
        } before: {
            try settle($0)
        } check: {
            try expectAnew($0)
        }
    }
}
