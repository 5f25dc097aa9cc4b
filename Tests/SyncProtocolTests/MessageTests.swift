import Digests
import PartnerModel
import PropertyKit
import SyncProtocol
import Testing

@Suite struct CursorTests {
    private let key = [UInt8](repeating: 7, count: 32)

    @Test func `a cursor comes back as it was sealed`() throws {
        for place in [Cursor.Place.feed, .snapshot(entity: 15, key: 77)] {
            let cursor = Cursor(
                epoch: "a1b2", scope: 3, scopeVersion: 2, sequence: 900, at: 1_795_000_000, place: place)
            #expect(try Cursor(cursor.text(key: key), key: key) == cursor)
        }
    }

    @Test func `any change to a cursor is noticed`() throws {
        let text = Cursor(epoch: "a1b2", scope: 3, scopeVersion: 2, sequence: 900, at: 1_795_000_000, place: .feed)
            .text(key: key)
        for index in text.indices {
            var changed = text
            changed.replaceSubrange(index...index, with: text[index] == "0" ? "1" : "0")
            if changed == text { continue }
            #expect(throws: Cursor.Refusal.self) { try Cursor(changed, key: key) }
        }
    }

    @Test func `another server's cursor is refused`() {
        let text = Cursor(epoch: "a1b2", scope: 3, scopeVersion: 2, sequence: 900, at: 1_795_000_000, place: .feed)
            .text(key: key)
        #expect(throws: Cursor.Refusal.seal) { try Cursor(text, key: [UInt8](repeating: 8, count: 32)) }
    }

    @Test(arguments: ["", "-", "f1", String(repeating: "a", count: 1000), "f1-a-1-1-1"])
    func `junk is no cursor`(text: String) { #expect(throws: Cursor.Refusal.self) { try Cursor(text, key: key) } }
}

@Suite struct EditMappingTests {
    static func anyIntent(_ choices: inout Choices) -> EditIntent {
        let budget = Budget(
            amount: Money(units: choices.int64(in: 1...1_000_000_000_000)),
            type: choices.element(of: BudgetType.allCases),
            onExhaustion: choices.element(of: ExhaustionAction.allCases))
        let discount = Discount(
            percent: BasisPoints(choices.int64(in: 0...10_000)),
            validFrom: Timestamp(seconds: choices.int64(in: 0...1_000_000)),
            validUntil: Timestamp(seconds: choices.int64(in: 0...9_000_000_000)))
        let cycle =
            choices.bool() ? BillingCycle(year: choices.int(in: 1970...2100), month: choices.int(in: 1...12)) : nil
        let kind = choices.element(of: FreezeKind.allCases)
        let reason = choices.text(count: 1...20)
        switch choices.int(in: 0...10) {
        case 0: return .setBudget(budget, validThrough: cycle)
        case 1: return .adjustBudget(delta: Money(units: choices.int64(in: -1000...1000)), validThrough: cycle)
        case 2: return .freeze(kind, reason: reason)
        case 3:
            return .unfreeze(
                kind, reason: reason, seen: (0..<choices.int(in: 0...4)).map { _ in choices.int64(in: 1...99) })
        case 4: return .setDiscount(discount)
        case 5: return .cancelDiscount
        case 6: return .decideConflict(ConflictKey(choices.int64(in: 1...99)), .mine)
        case 7: return .decideConflict(ConflictKey(choices.int64(in: 1...99)), .theirs)
        case 8: return .decideConflict(ConflictKey(choices.int64(in: 1...99)), .budget(budget))
        default: return .decideConflict(ConflictKey(choices.int64(in: 1...99)), .discount(discount))
        }
    }

    @Test func `every intent survives the wire`() throws {
        try checkProperty("intent round trip") { choices in
            let intent = Self.anyIntent(&choices)
            var edit = V1.Edit(number: 1, kind: "", customer: 2, base: 3, deviceTime: 4)
            edit.setIntent(intent)
            let bytes = try WireCoding.encode(edit)
            let back = try WireCoding.decode(V1.Edit.self, from: bytes)
            try #require(back == edit)
            try #require(try back.intent() == intent)
            try #require(try WireCoding.encode(back) == bytes)
        }
    }

    @Test func `the payload hash changes with the payload and not with itself`() throws {
        var edit = V1.Edit(number: 1, kind: "", customer: 2, base: 3, deviceTime: 4)
        edit.setIntent(.freeze(.account, reason: "x"))
        let hash = try edit.computedPayloadHash()
        edit.payloadHash = hash
        #expect(try edit.computedPayloadHash() == hash)
        edit.reason = "y"
        #expect(try edit.computedPayloadHash() != hash)
    }

    @Test func `an unknown kind or schema is unsupported, a missing argument named`() {
        var edit = V1.Edit(number: 1, kind: "paint-blue", customer: 2, base: 3, deviceTime: 4)
        #expect(throws: V1.Edit.IntentRefusal.unsupported) { try edit.intent() }
        edit.kind = "set-budget"
        #expect(throws: V1.Edit.IntentRefusal.malformed("amount")) { try edit.intent() }
        edit.schema = 2
        #expect(throws: V1.Edit.IntentRefusal.unsupported) { try edit.intent() }
    }

    @Test func `64-bit numbers travel as strings and nothing else is taken`() throws {
        #expect(try WireCoding.text([WireInteger(Int64.max)]) == "[\"9223372036854775807\"]")
        for bad in ["[1]", "[\"1.0\"]", "[\"01\"]", "[\"9223372036854775808\"]", "[\"\"]", "[null]"] {
            #expect(throws: WireCoding.Malformed.self) { try WireCoding.decode([WireInteger].self, from: bad) }
        }
    }

    @Test func `errors name the field and never its value`() {
        do {
            _ = try WireCoding.decode(V1.Ack.self, from: "{\"replica\":\"secret\",\"upTo\":17}")
            Issue.record("a wrong type was taken")
        } catch { #expect(error.why.contains("upTo") && !error.why.contains("secret")) }
    }

    @Test func `unknown fields are passed over`() throws {
        #expect(
            try WireCoding.decode(V1.Ack.self, from: "{\"replica\":\"r\",\"upTo\":\"7\",\"later\":{}}")
                == V1.Ack(replica: "r", upTo: 7))
    }
}
