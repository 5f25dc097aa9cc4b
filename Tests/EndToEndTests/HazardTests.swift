import SQLiteKit
import TestKit
import Testing

/// Hazards of the domain over real processes: two people with one state edit while the server is away, and come
/// back one after the other, in both orders. The scenarios of `Config/scenarios` tell all of them in the lab.
@Suite(.serialized) struct HazardTests {
    /// An edit of a person, as the outbox tells its end.
    private struct End: Equatable {
        let code: String?
        let rule: String?
        init(_ code: String?, _ rule: String?) { (self.code, self.rule) = (code, rule) }
    }

    private final class Meeting {
        let world = World()
        let ana: Person
        let ben: Person
        let customer: String

        /// Both have loaded what `prepare` made of the customer, and the server is away.
        init(_ prepare: (World, String) -> Void = { _, _ in }) throws {
            world.seed()
            world.startServer()
            (ana, ben) = (world.member("ana"), world.member("ben"))
            ana.startDaemon()
            ben.startDaemon()
            #expect(ana.sync())
            customer = try #require(try ana.resellers().first)
            prepare(world, customer)
            #expect(ana.sync() && ben.sync())
            world.stopServer()
        }

        /// The second stays away until the first is in sync.
        func comeBack(_ first: Person, then second: Person) {
            #expect(second.run(["daemon", "stop"]).code == 0)
            world.startServer()
            #expect(first.sync())
            second.startDaemon()
            #expect(second.sync())
            #expect(first.sync())
            for person in [first, second] { #expect(world.difference(person) == nil) }
        }

        func ends(_ person: Person) throws -> [End] {
            let outbox = try Connection(path: "\(person.home)/state/outbox.db", mode: .readWrite, durability: .reader)
            return try outbox.statement("SELECT result ->> 'code', result ->> 'rule' FROM edit ORDER BY number").rows {
                End($0.optionalText(0), $0.optionalText(1))
            }
        }

        /// Kind and cause of each freeze, as a person's replica holds them.
        func freezes(_ person: Person) throws -> [String] {
            try person.query(
                """
                SELECT json_extract(value, '$.kind') || ' ' || json_extract(value, '$.cause')
                FROM customer JOIN freezes USING (key), json_each(freezes) WHERE account_name = '\(customer)' ORDER BY 1
                """)
        }

        func openConflicts(_ person: Person) throws -> Int {
            try person.query("SELECT key FROM conflict WHERE status = 'open'").count
        }
    }

    private static func freezeOnAssociation(_ world: World, _ customer: String) {
        world.expectServer(["admin", "freeze", customer, "--cause", "on-association", "--reason", "new"])
    }

    @Test(arguments: [true, false]) func `hazard 1: a budget on the old base is held, whoever comes first`(
        isAnaFirst: Bool
    ) throws {
        let meeting = try Meeting()
        #expect(meeting.ana.run(["budget", "set", meeting.customer, "700"]).code == 0)
        #expect(meeting.ben.run(["budget", "set", meeting.customer, "300"]).code == 0)
        let (first, second) = isAnaFirst ? (meeting.ana, meeting.ben) : (meeting.ben, meeting.ana)
        meeting.comeBack(first, then: second)
        #expect(try meeting.ends(first) == [End("applied", "compare-and-set")])
        #expect(try meeting.ends(second) == [End("held", "hold")])
        let budget = "SELECT budget FROM customers WHERE account_name = '\(meeting.customer)'"
        let stands = isAnaFirst ? "700.00000000" : "300.00000000"
        for person in [first, second] {
            #expect(try person.query(budget) == [stands])
            #expect(try meeting.openConflicts(person) == 1)
        }
    }

    @Test(arguments: [true, false]) func `hazard 6: a customer frozen anew stays frozen, whatever a late unfreeze says`(
        isUnfreezeLate: Bool
    ) throws {
        let meeting = try Meeting(HazardTests.freezeOnAssociation)
        let (ana, ben) = (meeting.ana, meeting.ben)
        #expect(ana.run(["unfreeze", meeting.customer, "--reason", "paid"]).code == 0)
        #expect(ben.run(["unfreeze", meeting.customer, "--reason", "paid"]).code == 0)
        #expect(ben.run(["freeze", meeting.customer, "--reason", "fraud"]).code == 0)
        if isUnfreezeLate {
            meeting.comeBack(ben, then: ana)
            #expect(try meeting.ends(ana) == [End("overruled", "freeze-wins")])
            #expect(try meeting.ends(ben) == [End("applied", "observed-remove"), End("applied", "freeze-adds")])
        } else {
            meeting.comeBack(ana, then: ben)
            #expect(try meeting.ends(ana) == [End("applied", "observed-remove")])
            #expect(try meeting.ends(ben) == [End("noop", "equal"), End("applied", "strictest-wins")])
        }
        for person in [ana, ben] { #expect(try meeting.freezes(person) == ["account manual"]) }
    }

    @Test(arguments: [true, false]) func `hazard 8: a freeze that leads to deletion is never carried out late`(
        isLate: Bool
    ) throws {
        let meeting = try Meeting()
        let (ana, ben) = (meeting.ana, meeting.ben)
        let words = ["--reason", "fraud", "--kind", "account-and-resources", "--yes"]
        #expect(ana.run(["freeze", meeting.customer] + words).code == 0)
        #expect(ben.run(["freeze", meeting.customer, "--reason", "late payment"]).code == 0)
        if isLate { meeting.comeBack(ben, then: ana) } else { meeting.comeBack(ana, then: ben) }
        #expect(try meeting.ends(ben) == [End("applied", "freeze-adds")])
        #expect(try meeting.ends(ana) == [isLate ? End("held", "late-resources") : End("applied", "freeze-adds")])
        for person in [ana, ben] {
            let stands = isLate ? ["account manual"] : ["account manual", "account-and-resources manual"]
            #expect(try meeting.freezes(person) == stands)
            #expect(try meeting.openConflicts(person) == (isLate ? 1 : 0))
        }
    }

    @Test(arguments: [true, false]) func `hazard 10: the same freeze by two people is one freeze and no quarrel`(
        isAnaFirst: Bool
    ) throws {
        let meeting = try Meeting()
        #expect(meeting.ana.run(["freeze", meeting.customer, "--reason", "late payment"]).code == 0)
        #expect(meeting.ben.run(["freeze", meeting.customer, "--reason", "no answer"]).code == 0)
        let (first, second) = isAnaFirst ? (meeting.ana, meeting.ben) : (meeting.ben, meeting.ana)
        meeting.comeBack(first, then: second)
        #expect(try meeting.ends(first) == [End("applied", "freeze-adds")])
        #expect(try meeting.ends(second) == [End("noop", "equal")])
        for person in [first, second] {
            #expect(try meeting.freezes(person) == ["account manual"])
            #expect(try meeting.openConflicts(person) == 0)
        }
        #expect(try meeting.world.historyActions() == ["applied", "noop"])
    }
}
