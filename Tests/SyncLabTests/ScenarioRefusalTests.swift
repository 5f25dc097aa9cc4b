import Testing

@testable import SyncLab

/// What a mistake in a file is answered with: where it is and what would be right.
@Suite struct ScenarioRefusalTests {
    struct Mistake: Sendable, CustomStringConvertible {
        let line: String
        let column: Int
        let why: String
        let next: String
        init(_ line: String, _ column: Int, _ why: String, _ next: String) {
            (self.line, self.column, self.why, self.next) = (line, column, why, next)
        }
        var description: String { line }
    }

    private static let head = """
        scenario "x"
        customer acme reseller
        customer blue referral
        member ann administrator
        member ben operator
        member cem manager customers acme
        reconnect ann ben in both orders

        """

    @Test(arguments: declarations + actions + ties + faults + writes + expectations)
    func `each mistake is told with its line, its column and what would be right`(mistake: Mistake) throws {
        let error = try #require(throws: ScenarioError.self) {
            try ScenarioParser.parse(ScenarioRefusalTests.head + mistake.line + "\n")
        }
        #expect(error.line == 8 && error.column == mistake.column, "\(error)")
        #expect(error.why.contains(mistake.why), "\(error)")
        #expect(error.next.contains(mistake.next), "\(error)")
    }

    private static let declarations = [
        Mistake("scenario", 9, "a title in quotes is missing", "add a title"),
        Mistake("scenario title", 10, "a title in quotes is missing", "add a title"),
        Mistake("scenario \"\"", 10, "1 to 300 characters", "shorter"),
        Mistake("scenario \"open", 10, "the quote is not closed", "end the text with \""),
        Mistake("scenario \"a\" b", 14, "'b' stands after the end of the step", "a line of its own"),
        Mistake("scenario a\"b\"", 11, "a quote stands inside a word", "a space before it"),
        Mistake("wait\u{1}1s", 5, "a control character", "remove it"),
        Mistake("scenario \"a\u{1B}[31m\"", 12, "a control character", "remove it"),
        Mistake("customer", 9, "the name of the customer is missing", "add the name"),
        Mistake("customer Acme reseller", 10, "'Acme' is no name", "small letters"),
        Mistake("customer wait reseller", 10, "'wait' has a meaning of its own", "another name"),
        Mistake("customer acme reseller", 10, "'acme' is taken", "another name"),
        Mistake("customer new friend", 14, "'friend' is not known", "referral, reseller"),
        Mistake("customer new reseller money 5", 23, "'money' is not known here", "budget AMOUNT"),
        Mistake("customer new reseller budget", 29, "an amount is missing", "add an amount"),
        Mistake("customer new reseller budget 1e5", 30, "'1e5' is no amount", "such as 500 or 12.50"),
        Mistake("customer new reseller budget 1.234", 30, "'1.234' is no amount", "two decimals"),
        Mistake("customer new reseller budget 99999999999", 30, "is no amount", "at most 10 digits"),
        Mistake("customer new referral discount -1", 32, "'-1' is no percentage", "10 or 12.5"),
        Mistake("customer new referral discount 10001", 32, "'10001' is no percentage", "10 or 12.5"),
        Mistake("customer new reseller bills 5001", 29, "is not a number of bill records", "from 0 to 5000"),
        Mistake("member ann operator", 8, "'ann' is taken", "another name"),
        Mistake("member dan boss", 12, "'boss' is not known", "administrator, operator, manager"),
        Mistake("member dan operator likes tea", 21, "'likes' is not known here", "account NAME"),
        Mistake("member dan operator account eve", 29, "'eve' is not a member above", "second replica"),
        Mistake("member dan operator account ann", 29, "'ann' has another role", "administrator"),
        Mistake("member dan operator customers acme", 21, "'customers' belong to managers only", "leave them out"),
        Mistake("member dan", 11, "the role is missing", "add the role"),
        Mistake("member dan manager,boss", 20, "'boss' is not known", "director"),
        Mistake("member dan manager,manager", 20, "'manager' stands twice", "once"),
        Mistake("member dan manager,", 20, "the role is missing", "add"),
        Mistake("member dan manager,director of cem", 12, "manager and director exclude each other", "leave roles out"),
        Mistake("member dan operator,administrator", 12, "an administrator has no other role", "leave roles out"),
        Mistake("member dan director", 20, "the director has no managers", "director of MEMBER"),
        Mistake("member dan director of", 23, "a manager is missing", "add"),
        Mistake("member dan director of cem,ann", 28, "'ann' is not a manager", "known here: cem"),
        Mistake("member dan manager of cem", 20, "'of' belongs to directors only", "director"),
        Mistake("member dan manager items budgets", 20, "'items' are given to operators only", "an operator"),
        Mistake("member dan operator items budgets,tea", 35, "'tea' is not known", "customers, budgets"),
        Mistake("member dan operator items budgets account ben", 43, "'ben' has items and managers", "leave them out"),
        Mistake("member dan manager customers", 29, "a customer is missing", "add a customer"),
        Mistake("member dan manager customers ann", 30, "'ann' is not a customer", "acme, blue"),
        Mistake("member dan manager customers acme acme", 35, "'acme' stands twice", "once"),
        Mistake(
            "member dan manager account cem customers blue", 32, "'customers' belong to the account", "leave them out"),
    ]

    private static let actions = [
        Mistake("dan offline", 1, "'dan' is not a member, or wait", "ann, ben, cem"),
        Mistake("\"ann\" offline", 1, "is missing", "add a member"),
        Mistake("ann", 4, "what ann does is missing", "add what ann does"),
        Mistake("ann sleeps", 5, "'sleeps' is nothing that a member does", "say one of: start"),
        Mistake("ann offline now", 13, "'now' stands after the end", "remove it"),
        Mistake("wait", 5, "a time is missing", "add a time"),
        Mistake("wait 5", 6, "'5' is no time", "such as 30s or 2h"),
        Mistake("wait -5s", 6, "'-5s' is no time", "30s"),
        Mistake("wait +5s", 6, "'+5s' is no time", "30s"),
        Mistake("wait 41d", 6, "'41d' is no time of up to 40 days", "30s"),
        Mistake("wait 99999999999999999999s", 6, "is no time", "30s"),
        Mistake("reconnect ann ann in both orders", 15, "'ann' stands twice", "once"),
        Mistake("reconnect ann dan in both orders", 15, "'dan' is not a member", "ann, ben"),
        Mistake("reconnect ann ben in any order", 22, "'any' stands where 'both' is expected", "write both"),
        Mistake("reconnect ann in both orders", 23, "needs two members", "reconnect A B"),
        Mistake("reconnect ann ben in both orders", 27, "stands twice in this scenario", "keep one"),
        Mistake("ann budget dan 5", 12, "'dan' is not a customer", "acme, blue"),
        Mistake("ann budget acme 5 weekly", 19, "'weekly' is no option of budget", "one-time"),
        Mistake("ann freeze acme all \"why\"", 17, "'all' is not known", "account-and-resources"),
        Mistake("ann freeze acme account", 24, "the reason in quotes is missing", "add the reason"),
        Mistake("ann discount blue 5 for 3", 21, "'for' stands where 'days' is expected", "write days"),
        Mistake("ann discount blue 5 days 9999", 26, "is not a number of days", "0 to 3650"),
        Mistake("ann discard 0", 13, "'0' is not the number of an edit", "1 to 1000"),
        Mistake("ann resend one", 12, "'one' is not the number of an edit", "1 to 1000"),
        Mistake("ann decide both", 12, "'both' is no decision", "mine, theirs"),
        Mistake("ann uses-token-of acme", 19, "'acme' is not a member", "ann, ben"),
    ]

    private static let ties = [
        Mistake("ann linked", 11, "an edit is missing", "add an edit"),
        Mistake("ann linked label acme none", 27, "'and' is missing", "add 'and'"),
        Mistake("ann linked label acme none and", 31, "an edit is missing", "add an edit"),
        Mistake("ann linked label acme none or label acme none", 28, "'or' stands where 'and'", "write and"),
        Mistake("ann together sync and sync", 14, "'sync' is no edit", "say one of: budget, adjust"),
        Mistake("ann together budget acme 5 weekly and sync", 28, "'weekly' is no option of budget", "one-time"),
        Mistake("ann undo", 9, "the number of an edit is missing", "add"),
        Mistake("ann undo 0", 10, "'0' is not the number of an edit", "1 to 1000"),
        Mistake("later system close-cycle", 1, "'later' stands below 'reconnect'", "leave the word out"),
    ]

    private static let faults = [
        Mistake("ann network slow", 13, "'slow' is no fault of a network", "lose-reply"),
        Mistake("ann network cut", 16, "thousandths of the reply is missing", "add"),
        Mistake("ann network cut 1000", 17, "is not thousandths of the reply", "0 to 999"),
        Mistake("ann network status 200", 20, "'200' is not a status", "400 to 599"),
        Mistake("ann network drop times 0", 24, "'0' is not how often", "1 to 10000"),
        Mistake("ann network drop both", 18, "'both' stands after the end", "remove it"),
        Mistake("ann clock fast", 11, "'fast' is no fault of a clock", "jump +TIME"),
        Mistake("ann clock jump 1h", 16, "a time with + or - is missing", "+1h or -1d"),
        Mistake("ann clock jump ++1h", 17, "'+1h' is no time", "30s"),
        Mistake("ann clock jump +40001d", 17, "is no time of up to 40000 days", "30s"),
        Mistake("ann disk slow", 10, "'slow' is no fault of a disk", "full, free"),
        Mistake("ann disk error", 15, "at-write N is missing", "disk error at-write 3"),
        Mistake("ann kill at-write", 18, "the number of a write is missing", "add"),
        Mistake("ann kill at-write 0", 19, "'0' is not the number of a write", "1 to 1000000"),
        Mistake("server rests", 8, "'rests' is nothing that the server does", "power-loss"),
    ]

    private static let writes = [
        Mistake("system", 7, "a change is missing", "add a change"),
        Mistake("system role", 12, "an account of a member is missing", "add"),
        Mistake("system role acme manager", 13, "'acme' is not an account", "ann, ben, cem"),
        Mistake("system role cem", 16, "the role is missing", "add"),
        Mistake("system role cem director", 25, "the director has no managers", "director of"),
        Mistake("system disable dan", 16, "'dan' is not an account of a member", "ann, ben, cem"),
        Mistake("system enable", 14, "an account of a member is missing", "add"),
        Mistake("system tax acme 5", 8, "'tax' is no change by the system", "close-cycle"),
        Mistake("system freeze acme whim account", 20, "'whim' is not known", "on-association"),
        Mistake("system bills acme 0", 19, "is not a number of bill records", "1 to 5000"),
        Mistake("system rename acme x", 20, "the new name in quotes is missing", "add"),
        Mistake("system partner sleepy", 16, "'sleepy' is not known", "active, restricted, frozen"),
    ]

    private static let expectations = [
        Mistake("expect", 7, "what is expected is missing", "add"),
        Mistake("expect peace", 8, "'peace' cannot be expected", "agreement"),
        Mistake("expect edit ann 1 fine", 19, "'fine' is no state or result", "applied"),
        Mistake("expect edit ann 1001 applied", 17, "is not the number of an edit", "1 to 1000"),
        Mistake("expect phase ann happy", 18, "'happy' is not known", "failing"),
        Mistake("expect sees ann peace acme 5", 17, "cannot be expected of what a member sees", "expect sees"),
        Mistake("expect sees ann label acme key", 28, "the label in quotes, or none is missing", "add"),
        Mistake("expect reason ann 1", 20, "a code is missing", "add a code"),
        Mistake("expect warned ann 0 spent", 19, "'0' is not the number of an edit", "1 to 1000"),
        Mistake("expect when system first agreement", 13, "'system' is not a member of 'in both orders'", "ann, ben"),
        Mistake("expect when cem first agreement", 13, "'cem' is not a member", "ann, ben"),
        Mistake("expect when ann second agreement", 17, "'second' stands where 'first'", "write first"),
        Mistake("expect conflicts some", 18, "'some' is not a number", "0 to 1000"),
    ]

    @Test func `a file without a title, or with nobody in it, is told so`() {
        for (text, why) in [("", "no title"), ("\n\n", "no title"), ("scenario \"x\"\n", "nobody takes part")] {
            let error = #expect(throws: ScenarioError.self) { try ScenarioParser.parse(text) }
            #expect(error?.why.contains(why) == true && error?.line == 1)
        }
    }

    @Test(arguments: [
        ("later ann offline", 5, 7, "what is put off is missing", "later system CHANGE"),
        ("later", 5, 6, "what is put off is missing", "later wait TIME"),
        ("reconnect ann system in both orders", 5, 15, "'system' has nothing to do", "later system"),
        ("later heal\nreconnect ann system in both orders", 5, 7, "what is put off is missing", "later wait TIME"),
        ("later wait 1m\nreconnect ann ben in both orders", 6, 33, "has no turn", "reconnect A system"),
        ("wait 1m\nlater wait 1m", 6, 1, "what is put off has no turn", "reconnect ann system in both orders"),
        ("later wait 41d\nreconnect ann system in both orders", 5, 12, "no time of up to 40 days", "30s"),
    ]) func `what is put off needs its turn, and the system something to do in it`(
        text: String, line: Int, column: Int, why: String, next: String
    ) throws {
        let head = "scenario \"x\"\ncustomer acme reseller\nmember ann operator\nmember ben operator\n"
        let error = try #require(throws: ScenarioError.self) { try ScenarioParser.parse(head + text + "\n") }
        #expect(error.line == line && error.column == column, "\(error)")
        #expect(error.why.contains(why) && error.next.contains(next), "\(error)")
    }

    @Test func `an order is expected only of those who reconnect`() throws {
        let error = try #require(throws: ScenarioError.self) {
            try ScenarioParser.parse("scenario \"x\"\nmember ann operator\nexpect when ann first agreement\n")
        }
        #expect((error.line, error.column) == (3, 13) && error.next.contains("declared above"))
    }
}
