extension V1 {
    /// One edit on the wire. The arguments of all kinds lie side by side; `kind` says which are read.
    package struct Edit: Sendable, Hashable, Codable {
        package var number: WireInteger
        package var kind: String
        package var customer: WireInteger
        /// Version of the register that the edit was made against.
        package var base: WireInteger
        /// What the author saw, for rules that compare three values and for a person who has to decide.
        package var before: State?
        /// An earlier unsettled edit of this replica on the same register.
        package var predecessor: WireInteger?
        /// An earlier edit of this replica, on another register, without whose effect this one must not act.
        package var dependsOn: WireInteger?
        /// Number of the first edit of the group that this one belongs to, and how many edits the group has. A group is
        /// of one customer, in one push, and takes effect whole or not at all.
        package var group: WireInteger?
        package var groupSize: Int?
        /// The edit whose effect this one takes back.
        package var undoes: WireInteger?
        /// The applied cursor when the edit was made; its time is the edit's age.
        package var madeUpon: String?
        /// Seconds since 1970 by the device's clock; for display only.
        package var deviceTime: WireInteger
        /// Version of the edit schema it was written in.
        package var schema: Int
        /// SHA-256 in hex over the canonical form of the edit without this field.
        package var payloadHash: String?

        package var amount: String?
        package var delta: String?
        package var type: String?
        package var onExhaustion: String?
        package var validThrough: String?
        package var freezeKind: String?
        package var reason: String?
        package var seen: [WireInteger]?
        package var percentBasisPoints: Int?
        package var validFrom: WireInteger?
        package var validUntil: WireInteger?
        package var conflict: WireInteger?
        package var choice: String?
        package var manager: String?
        package var label: String?
        package var approve: Bool?

        package init(number: Int64, kind: String, customer: Int64, base: Int64, deviceTime: Int64) {
            self.number = WireInteger(number)
            self.kind = kind
            self.customer = WireInteger(customer)
            self.base = WireInteger(base)
            self.deviceTime = WireInteger(deviceTime)
            schema = 1
        }
    }

    /// The value of a register on the wire: exactly one is read, by `register`.
    package struct State: Sendable, Hashable, Codable {
        package var register: String
        package var budget: Budget?
        package var freezes: [Freeze]?
        package var discount: Discount?
        package var manager: String?
        package var label: String?
        package var request: Request?
        package init(register: String) { self.register = register }
    }

    /// A budget on the wire; the amount is exact decimal text.
    package struct Budget: Sendable, Hashable, Codable {
        package var amount: String
        package var type: String
        package var onExhaustion: String
        package init(amount: String, type: String, onExhaustion: String) {
            self.amount = amount
            self.type = type
            self.onExhaustion = onExhaustion
        }
    }

    /// One freeze; also the form of the members in the `freezes` column of a row.
    package struct Freeze: Sendable, Hashable, Codable {
        package var id: WireInteger
        package var kind: String
        package var cause: String
        package var reason: String
        package var by: String
        package var at: WireInteger
        package init(id: Int64, kind: String, cause: String, reason: String, by: String, at: Int64) {
            self.id = WireInteger(id)
            self.kind = kind
            self.cause = cause
            self.reason = reason
            self.by = by
            self.at = WireInteger(at)
        }
    }

    /// A discount on the wire; times are seconds since 1970.
    package struct Discount: Sendable, Hashable, Codable {
        package var percentBasisPoints: Int
        package var validFrom: WireInteger
        package var validUntil: WireInteger
        package init(percentBasisPoints: Int, validFrom: Int64, validUntil: Int64) {
            self.percentBasisPoints = percentBasisPoints
            self.validFrom = WireInteger(validFrom)
            self.validUntil = WireInteger(validUntil)
        }
    }

    /// An association request on the wire.
    package struct Request: Sendable, Hashable, Codable {
        package var purpose: String
        package var status: String
        package var reason: String
        package var requestedAt: WireInteger
        package init(purpose: String, status: String, reason: String, requestedAt: Int64) {
            self.purpose = purpose
            self.status = status
            self.reason = reason
            self.requestedAt = WireInteger(requestedAt)
        }
    }

    /// What became of one edit. Stored by the server with (epoch, sequence); a repeat of the edit gets it again.
    package struct Result: Sendable, Hashable, Codable {
        package var number: WireInteger
        package var code: ResultCode
        package var rule: String?
        package var rulesVersion: Int?
        /// Version of the register after the edit, for `applied`, `merged`, `noop` and `overruled`.
        package var version: WireInteger?
        package var epoch: String
        /// Sequence of the ledger when the result was stored; 0 for a transient result.
        package var sequence: WireInteger
        /// The conflict that a held edit waits for.
        package var conflict: WireInteger?
        /// Whether the edit's own base was intact; a stacked edit needs it of its predecessor.
        package var baseWasIntact: Bool
        /// What the register held when the edit was judged and what it holds by the edit; absent for a refusal.
        package var was: State?
        package var became: State?
        /// Who wrote the register last before the edit, and when: told when the base had moved or the edit was
        /// overruled. Of an edit that was held and decided: who decided it.
        package var otherBy: String?
        package var otherAt: WireInteger?
        /// Server time of the judgement.
        package var judgedAt: WireInteger?
        /// What the guards read that warned or did not let the edit pass.
        package var guards: [Reading]?
        /// Vendor or own code of a refusal.
        package var reason: String?
        package var message: String?
        package var next: String?
        package init(number: Int64, code: ResultCode, epoch: String, sequence: Int64, baseWasIntact: Bool) {
            self.number = WireInteger(number)
            self.code = code
            self.epoch = epoch
            self.sequence = WireInteger(sequence)
            self.baseWasIntact = baseWasIntact
        }

        /// What an author may know who no longer sees the customer: what became of the edit, without anybody else's values.
        package var withoutOthers: Result {
            var result = self
            (result.was, result.became, result.otherBy, result.otherAt, result.guards) = (nil, nil, nil, nil, nil)
            result.message = "you no longer see this customer"
            result.next = nil
            return result
        }
    }

    /// What one guard of the rules read, so that a person can follow the judgement.
    package struct Reading: Sendable, Hashable, Codable {
        /// Name of the guard in the rules' vocabulary.
        package var name: String
        /// `passed`, `warned` or `failed`.
        package var outcome: String
        /// The value that was read and what it was measured against, in words.
        package var value: String
        package var limit: String
        /// Seconds since 1970 since when the value is known; absent for one that is always of now.
        package var asOf: WireInteger?
        package init(name: String, outcome: String, value: String, limit: String, asOf: Int64?) {
            self.name = name
            self.outcome = outcome
            self.value = value
            self.limit = limit
            self.asOf = asOf.map { WireInteger($0) }
        }
    }
}
