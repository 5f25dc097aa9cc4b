import Digests

/// A position in a change feed or in a snapshot. Opaque to clients; the server reads it only with its own seal.
///
/// Text form: `f2-EPOCH-SCOPE-SCOPEVERSION-SEQUENCE-TIME-SEAL` for the feed and
/// `s2-EPOCH-SCOPE-SCOPEVERSION-SEQUENCE-TIME-ENTITY-KEY-SEAL` for a snapshot pinned at SEQUENCE, and
/// `j2-EPOCH-SCOPE-SCOPEVERSION-SEQUENCE-TIME-ENTITY-KEY-CUSTOMER-SEAL` for the old records of a customer that joined the scope
/// at SEQUENCE; the seal is the first 16 bytes of HMAC-SHA256 in hex. TIME dates what was read with the cursor, so that the server knows how old the view of an
/// edit's author was, whatever the author's clock says.
package struct Cursor: Sendable, Hashable {
    /// Where the cursor points.
    package enum Place: Sendable, Hashable {
        /// After all changes up to the sequence.
        case feed
        /// Before the rows with a key above `key` of the entity that stands at `entity` in the snapshot's order, as of
        /// the pinned sequence.
        case snapshot(entity: Int, key: Int64)
        /// The same among the records of one customer that joined the scope at the sequence.
        case joined(customer: Int64, entity: Int, key: Int64)
    }

    /// Lower-case hex identity of the feed's history.
    package let epoch: String
    package let scope: Int64
    package let scopeVersion: Int64
    package let sequence: Int64
    /// Seconds since 1970 by the server when it read that sequence.
    package let at: Int64
    package let place: Place

    package init(epoch: String, scope: Int64, scopeVersion: Int64, sequence: Int64, at: Int64, place: Place) {
        self.epoch = epoch
        self.scope = scope
        self.scopeVersion = scopeVersion
        self.sequence = sequence
        self.at = at
        self.place = place
    }

    /// Why a cursor text was not taken.
    package enum Refusal: Error, Sendable, Hashable { case malformed, seal }

    private static let sealBytes = 16

    /// The sealed text, at most `ProtocolLimits.cursorBytesMax` bytes.
    package func text(key: [UInt8]) -> String {
        let body = unsealed
        return "\(body)-\(Cursor.seal(body, key: key))"
    }

    /// Reads a text made by `text(key:)`; any change to it is noticed.
    package init(_ text: String, key: [UInt8]) throws(Refusal) {
        guard text.utf8.count <= ProtocolLimits.cursorBytesMax, let split = text.lastIndex(of: "-") else {
            throw .malformed
        }
        let body = String(text[..<split])
        let seal = Array(text[text.index(after: split)...].utf8)
        guard constantTimeEqual(seal, Array(Cursor.seal(body, key: key).utf8)) else { throw .seal }
        let parts = body.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 6, let scope = Int64(parts[2]), let scopeVersion = Int64(parts[3]),
            let sequence = Int64(parts[4]), let at = Int64(parts[5])
        else { throw .malformed }
        switch (parts[0], parts.count) {
        case ("f2", 6): place = .feed
        case ("s2", 8):
            guard let entity = Int(parts[6]), let row = Int64(parts[7]) else { throw .malformed }
            place = .snapshot(entity: entity, key: row)
        case ("j2", 9):
            guard let entity = Int(parts[6]), let row = Int64(parts[7]), let customer = Int64(parts[8]) else {
                throw .malformed
            }
            place = .joined(customer: customer, entity: entity, key: row)
        default: throw .malformed
        }
        self.epoch = parts[1]
        self.scope = scope
        self.scopeVersion = scopeVersion
        self.sequence = sequence
        self.at = at
    }

    private var unsealed: String {
        let head = "2-\(epoch)-\(scope)-\(scopeVersion)-\(sequence)-\(at)"
        return switch place {
        case .feed: "f\(head)"
        case .snapshot(let entity, let key): "s\(head)-\(entity)-\(key)"
        case .joined(let customer, let entity, let key): "j\(head)-\(entity)-\(key)-\(customer)"
        }
    }

    private static func seal(_ body: String, key: [UInt8]) -> String {
        Hex.encode(Array(HMACSHA256.authenticate(Array(body.utf8), key: key).prefix(sealBytes)))
    }
}
