extension V1 {
    /// One edit on the wire. The arguments of all kinds lie side by side; `kind` says which are read.
    package struct Edit: Sendable, Hashable, Codable {
        package var number: WireInteger
        package var kind: String
        package var customer: WireInteger
        /// Version of the register that the edit was made against.
        package var base: WireInteger
        /// What the author saw, for a person who has to decide.
        package var before: State?
        /// An earlier unsettled edit of this replica on the same register.
        package var predecessor: WireInteger?
        /// The applied cursor when the edit was made.
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

        package init(number: Int64, kind: String, customer: Int64, base: Int64, deviceTime: Int64) {
            self.number = WireInteger(number)
            self.kind = kind
            self.customer = WireInteger(customer)
            self.base = WireInteger(base)
            self.deviceTime = WireInteger(deviceTime)
            schema = 1
        }
    }

    /// The value of a register on the wire: exactly one of the three is read, by `register`.
    package struct State: Sendable, Hashable, Codable {
        package var register: String
        package var budget: Budget?
        package var freezes: [Freeze]?
        package var discount: Discount?
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

    /// What became of one edit. Stored by the server with (epoch, sequence); a repeat of the edit gets it again.
    package struct Result: Sendable, Hashable, Codable {
        package var number: WireInteger
        package var code: ResultCode
        package var rule: String?
        package var rulesVersion: Int?
        /// Version of the register after the edit, for `applied`, `merged` and `noop`.
        package var version: WireInteger?
        package var epoch: String
        /// Sequence of the ledger when the result was stored; 0 for a transient result.
        package var sequence: WireInteger
        /// The conflict that a held edit waits for.
        package var conflict: WireInteger?
        /// Whether the edit's own base was intact; a stacked edit needs it of its predecessor.
        package var baseWasIntact: Bool
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
    }
}
