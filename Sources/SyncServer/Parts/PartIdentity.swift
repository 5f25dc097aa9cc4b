import Digests
import SyncProtocol

/// What a part is: the same page of the same load in the same form, for every member of the scope.
struct PartIdentity: Sendable, Hashable, Codable {
    /// The form of a part's bytes on the way.
    enum Coding: String, Sendable, Hashable, Codable { case identity, gzip }

    var partner: String
    var epoch: String
    var scope: Int64
    var scopeVersion: Int64
    /// The pinned sequence, and when it was pinned.
    var pin: Int64
    var at: Int64
    /// Where the page begins: a place in the snapshot's order, and the key that it begins after.
    var entity: Int
    var key: Int64
    /// The last sequence at which a customer left the scope. A part from before it is never given again.
    var left: Int64
    /// The form of the rows.
    var rows: String
    var coding: Coding
    /// What made it: another build may have other columns.
    var maker = PartIdentity.maker

    /// The name of its file. Nothing of a customer or member stands in it.
    var name: String { (try? WireCoding.encode(self)).map { Hex.encode(SHA256.digest($0)) } ?? "" }

    static let maker: String = {
        let columns = Entity.allCases.map { "\($0.name) \($0.columns.map(\.name))" }.joined(separator: "\n")
        return "1-\(SHA256.hex(of: columns).prefix(16))"
    }()
}

/// The first line of a part's file: what it is, of which state of the ledger, and what its bytes come to.
struct PartLabel: Sendable, Hashable, Codable {
    /// Bytes of the line, its line feed included.
    static let bytesMax = 2048

    var identity: PartIdentity
    /// The ledger's sequence in the transaction that it was made in.
    var madeAt: Int64
    var count: Int
    /// SHA-256 of the bytes as they are sent, in hex.
    var hash: String

    var tag: String { PartLabel.tag(hash) }
    static func tag(_ hash: String) -> String { "\"\(hash)\"" }
}
