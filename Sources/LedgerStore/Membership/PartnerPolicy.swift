/// What a partner has decided about its members' replicas. Everything has a default, so that a server without a word
/// said behaves as one expects.
package struct PartnerPolicy: Sendable, Hashable {
    /// How long a replica may stand without contact, and what happens then.
    package struct Lease: Sendable, Hashable {
        package enum End: String, Sendable, CaseIterable {
            /// Our programs show nothing until the next contact.
            case lock
            /// All that came from the server is removed; the outbox stays.
            case wipe
        }

        package static let daysMax = 3650
        package let days: Int
        package let then: End

        /// Nil for days out of 1 to `daysMax`.
        package init?(days: Int, then: End) {
            guard (1...Lease.daysMax).contains(days) else { return nil }
            self.days = days
            self.then = then
        }
    }

    /// Which bill records come with a customer that joins.
    package enum Bills: String, Sendable, CaseIterable {
        case all
        case sinceAssignment = "since-assignment"
    }

    package enum Key: String, Sendable, CaseIterable {
        case accessEnded = "access-ended"
        case bills, lease

        /// What may be set, in words.
        package var form: String {
            switch self {
            case .accessEnded: "image or everything"
            case .bills: "all or since-assignment"
            case .lease: "off, or days and what then: '30d lock' or '30d wipe'"
            }
        }
    }

    /// What a machine of a disabled member loses.
    package var accessEnded = Wipe.image
    package var bills = Bills.all
    package var lease: Lease?

    package init() {}

    /// The value of a key as it is stored and typed.
    package subscript(key: Key) -> String {
        switch key {
        case .accessEnded: accessEnded.rawValue
        case .bills: bills.rawValue
        case .lease: lease.map { "\($0.days)d \($0.then.rawValue)" } ?? "off"
        }
    }

    /// Takes a value over; false when it is none of the key's.
    package mutating func set(_ key: Key, _ text: String) -> Bool {
        switch key {
        case .accessEnded:
            guard let wipe = Wipe(rawValue: text) else { return false }
            accessEnded = wipe
        case .bills:
            guard let bills = Bills(rawValue: text) else { return false }
            self.bills = bills
        case .lease where text == "off": lease = nil
        case .lease:
            let words = text.split(separator: " ")
            guard words.count == 2, words[0].last == "d", words[0].count <= 5, let days = Int(words[0].dropLast()),
                let then = Lease.End(rawValue: String(words[1])), let lease = Lease(days: days, then: then)
            else { return false }
            self.lease = lease
        }
        return true
    }
}
