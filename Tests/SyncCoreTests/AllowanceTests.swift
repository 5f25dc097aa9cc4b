import PropertyKit
import SyncCore
import Testing

private func allowance(_ limit: Int64? = 1_000_000, used: Int64 = 0, asked: Bool = false) -> Allowance {
    Allowance(
        Allowance.Terms(isMetered: true, dailyBytes: limit),
        kept: Allowance.Kept(day: 100, used: used, areRecordsAsked: asked))
}

/// Whether a look at the date gives bytes.
private func gives(_ subject: inout Allowance, _ day: Int64, after seconds: Int64) -> Bool {
    subject.turn(to: day, after: seconds)
}

@Suite struct AllowanceTests {
    @Test func `without a meter everything goes, however much went`() {
        let subject = Allowance(
            Allowance.Terms(isMetered: false, dailyBytes: 10), kept: Allowance.Kept(day: 1, used: 99))
        #expect(!subject.isUsedUp && subject.limit == nil && subject.mayHold && !subject.wantsGzip)
        #expect(subject.mayLook(at: .zero) && subject.maySendEverything(at: .zero))
        #expect(subject.mayFetchRecords(at: .zero, feedWaits: false) && subject.rest(.seconds(30)) == .seconds(30))
    }

    @Test func `a limit of zero is none`() {
        #expect(Allowance.Terms(isMetered: true, dailyBytes: 0).dailyBytes == nil)
        #expect(!allowance(0, used: .max).isUsedUp)
    }

    @Test func `a metered link fetches records only when asked, and rests longer`() {
        var subject = allowance(nil)
        #expect(!subject.mayHold && subject.wantsGzip && subject.rest(.seconds(30)) == Allowance.meteredRest)
        #expect(subject.rest(.seconds(3600)) == .seconds(3600))
        #expect(subject.mayLook(at: .zero) && subject.maySendEverything(at: .zero))
        #expect(!subject.mayFetchRecords(at: .zero, feedWaits: false))
        subject.askForRecords()
        #expect(subject.mayFetchRecords(at: .zero, feedWaits: false))
        subject.recordsAreHere()
        #expect(!subject.mayFetchRecords(at: .zero, feedWaits: false))
    }

    @Test func `a load that the feed waits for comes unasked, within the day's bytes`() {
        var subject = allowance(1000)
        #expect(subject.mayFetchRecords(at: .zero, feedWaits: true))
        subject.carried(1000)
        #expect(!subject.mayFetchRecords(at: .zero, feedWaits: true))
        subject.ask(at: .zero)
        #expect(subject.mayFetchRecords(at: .zero, feedWaits: true))
    }

    @Test func `used up, a page of the feed goes now and then until the reserve is gone too`() {
        var subject = allowance(1_000_000, used: 999_999)
        subject.noteFeedPage(at: .zero)
        #expect(subject.mayLook(at: .seconds(1)))
        subject.carried(1)
        #expect(subject.isUsedUp && subject.rest(.seconds(30)) == Allowance.frugalRest)
        #expect(!subject.maySendEverything(at: .zero))
        #expect(!subject.mayLook(at: .seconds(674)) && subject.mayLook(at: .seconds(675)))
        subject.noteFeedPage(at: .seconds(675))
        #expect(!subject.mayLook(at: .seconds(1349)))
        subject.carried(Allowance.reserveMin - 1)
        #expect(subject.mayLook(at: .seconds(9000)))
        subject.carried(1)
        #expect(!subject.mayLook(at: .seconds(9000)))
    }

    @Test func `the reserve is a quarter of the day's bytes where that is more`() {
        #expect(allowance(100 << 20).reserve == 25 << 20 && allowance(1).reserve == Allowance.reserveMin)
        #expect(allowance(nil).reserve == 0)
    }

    @Test func `who asks for a sync gets one whatever was used, and not for ever`() {
        var subject = allowance(10, used: 1_000_000_000)
        subject.ask(at: .seconds(100))
        #expect(subject.mayLook(at: .seconds(699)) && subject.maySendEverything(at: .seconds(699)))
        #expect(!subject.mayLook(at: .seconds(700)) && !subject.maySendEverything(at: .seconds(700)))
        subject.ask(at: .seconds(800))
        subject.answered()
        #expect(!subject.maySendEverything(at: .seconds(801)))
        // Records are another question.
        subject.ask(at: .seconds(900))
        #expect(!subject.mayFetchRecords(at: .seconds(900), feedWaits: false))
    }

    @Test func `the next date gives the bytes anew and keeps what was asked`() {
        var subject = allowance(10, used: 50, asked: true)
        #expect(!gives(&subject, 100, after: 3600))
        #expect(subject.isUsedUp)
        #expect(gives(&subject, 101, after: 3600))
        #expect(subject.kept.used == 0 && subject.kept.areRecordsAsked)
    }

    @Test func `a clock that goes to and fro gives bytes once`() {
        var subject = allowance(10, used: 50)
        #expect(gives(&subject, 101, after: 5))
        subject.carried(10)
        for _ in 0..<50 {
            #expect(!gives(&subject, -5, after: 60))
            #expect(!gives(&subject, 101, after: 60))
        }
        #expect(subject.isUsedUp)
    }

    @Test func `a clock that was a year ahead locks the link for a day at most`() {
        var subject = allowance(10)
        #expect(gives(&subject, 465, after: 5))
        subject.carried(10)
        for _ in 0..<23 { #expect(!gives(&subject, 100, after: 3600)) }
        #expect(gives(&subject, 100, after: 3600))
        #expect(!subject.isUsedUp && subject.kept.day == 100)
        subject.carried(10)
        #expect(gives(&subject, 101, after: 5))
    }

    @Test func `bytes that no number holds are used up, not begun anew`() {
        var subject = allowance(.max, used: .max - 1)
        subject.carried(.max)
        #expect(subject.kept.used == .max && subject.isUsedUp)
        subject.carried(-5)
        #expect(subject.kept.used == .max)
    }

    @Test func `no run of clocks gives more days than dates rose or days went by`() throws {
        try checkProperty("days given") { choices in
            var subject = allowance(1)
            var (given, passed, highest, rises) = (0, Int64(0), Int64(100), 0)
            for _ in 0..<choices.int(in: 1...80) {
                let (day, seconds) = (Int64(choices.int(in: 90...110)), Int64(choices.int(in: 0...40_000)))
                passed += seconds
                if day > highest { rises += 1 }
                highest = max(highest, day)
                if subject.turn(to: day, after: seconds) { given += 1 }
            }
            let behind = Int(passed / Allowance.secondsBehindMax)
            try #require(given <= rises + behind * 22)
        }
    }
}
