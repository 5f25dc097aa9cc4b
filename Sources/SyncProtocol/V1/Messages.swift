/// Wire types of `/sync/v1`, version 1. Domain types are never encoded themselves; `Mapping.swift` converts.
package enum V1 {
    /// The version this build speaks, and the header that names it.
    package static let version = 1
    /// Reply header with the feed epoch; its absence tells a captive portal or another server from ours.
    package static let epochHeader = "Fieldbook-Epoch"
    /// Reply header with earlier epochs as `EPOCH@LASTSEQUENCE`, oldest first, comma-separated; may be empty.
    package static let lineageHeader = "Fieldbook-Lineage"
    /// Reply header with the conflict rules in force, as `RulesMark` writes it.
    package static let rulesHeader = "Fieldbook-Rules"
    package static let pageMediaType = "application/x-ndjson"

    /// Reply to `GET /sync/v1/hello`.
    package struct Hello: Sendable, Hashable, Codable {
        package var `protocol`: Int
        package var software: String
        package var partner: String
        package var partnerName: String
        package var member: String
        package var role: String
        package var scope: WireInteger
        package var epoch: String
        package var epochOrdinal: WireInteger
        package var lineage: [Ancestor]
        package var head: WireInteger
        /// Oldest sequence whose tombstones are still served; a cursor below it has to resync.
        package var lowWatermark: WireInteger
        package var serverTime: WireInteger
        package var rulesVersion: Int
        /// SHA-256 in hex of the rules in force, in a form that layout does not change, and the version of the words
        /// that they are written in.
        package var rulesHash: String?
        package var rulesVocabulary: Int?
        /// The word that the request gave, so that a reply kept by something between is not taken for this one's.
        package var echo: String?
        /// All roles of the member, the one of `role` first, and the permission items that they add up to.
        package var roles: [String]?
        package var items: [String]?
        /// How long the replica may stand without contact; nil = for ever.
        package var lease: Lease?
        package var pushEditsMax: Int
        package var pushBytesMax: Int

        package init(
            software: String, partner: String, partnerName: String, member: String, role: String, scope: Int64,
            epoch: String,
            epochOrdinal: Int64, lineage: [Ancestor], head: Int64, lowWatermark: Int64, serverTime: Int64,
            rulesVersion: Int
        ) {
            self.protocol = V1.version
            self.software = software
            self.partner = partner
            self.partnerName = partnerName
            self.member = member
            self.role = role
            self.scope = WireInteger(scope)
            self.epoch = epoch
            self.epochOrdinal = WireInteger(epochOrdinal)
            self.lineage = lineage
            self.head = WireInteger(head)
            self.lowWatermark = WireInteger(lowWatermark)
            self.serverTime = WireInteger(serverTime)
            self.rulesVersion = rulesVersion
            pushEditsMax = ProtocolLimits.pushEditsMax
            pushBytesMax = ProtocolLimits.pushBytesMax
        }
    }

    /// How long a replica may stand without contact, and what the client does then: `lock` or `wipe`.
    package struct Lease: Sendable, Hashable, Codable {
        package var days: Int
        package var then: String
        package init(days: Int, then: String) {
            self.days = days
            self.then = then
        }
    }

    /// Reply to `POST /sync/v1/token`: the token in place of the one asked with, which ends a little later.
    package struct NewToken: Sendable, Hashable, Codable {
        package var token: String
        package var previousEndsAt: WireInteger
        /// Nil = it has no end.
        package var expiresAt: WireInteger?
        package init(token: String, previousEndsAt: Int64, expiresAt: Int64?) {
            self.token = token
            self.previousEndsAt = WireInteger(previousEndsAt)
            self.expiresAt = expiresAt.map { WireInteger($0) }
        }
    }

    /// Body of `POST /sync/v1/wiped`: the replica that has wiped itself.
    package struct Wiped: Sendable, Hashable, Codable {
        package var replica: String
        package init(replica: String) { self.replica = replica }
    }

    /// An earlier epoch and the last sequence of it that the present history kept.
    package struct Ancestor: Sendable, Hashable, Codable {
        package var epoch: String
        package var last: WireInteger
        package init(epoch: String, last: Int64) {
            self.epoch = epoch
            self.last = WireInteger(last)
        }
    }

    /// The rules in force as each reply names them: `HASH@VOCABULARY`, `rulesHash` and `rulesVocabulary` of a greeting.
    package struct RulesMark: Sendable, Hashable {
        package let hash: String
        package let vocabulary: Int
        package init(hash: String, vocabulary: Int) {
            self.hash = hash
            self.vocabulary = vocabulary
        }

        /// Nil for anything but 64 lower-case hex digits, an `@` and a number.
        package init?(_ text: String) {
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].utf8.count == 64, let vocabulary = Int(parts[1]),
                parts[0].utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
            else { return nil }
            self.init(hash: String(parts[0]), vocabulary: vocabulary)
        }

        package var text: String { "\(hash)@\(vocabulary)" }
    }

    /// Reply to `POST /sync/v1/snapshot`: where to begin and how much will come.
    package struct SnapshotPlan: Sendable, Hashable, Codable {
        package var cursor: String
        package var sequence: WireInteger
        package var rows: [EntityCount]
        /// The cursor of the feed at the pinned sequence: what has come of the load can be kept up to date by it while the rest
        /// is still on its way. Nil from a server that does not tell it.
        package var feed: String?
        /// Where the bulk begins: a page that ends at this cursor is the last one of heads.
        package var bulk: String?
        /// True when the cursor that the client said it holds led to rows that its member no longer sees: it removes all it has
        /// before it loads.
        package var narrowed: Bool?
        package init(cursor: String, sequence: Int64, rows: [EntityCount]) {
            self.cursor = cursor
            self.sequence = WireInteger(sequence)
            self.rows = rows
        }
    }

    /// Rows of one entity in a snapshot.
    package struct EntityCount: Sendable, Hashable, Codable {
        package var entity: String
        package var count: WireInteger
        package init(entity: String, count: Int64) {
            self.entity = entity
            self.count = WireInteger(count)
        }
    }

    /// First line of a page.
    package struct PageHeader: Sendable, Hashable, Codable {
        /// `feed/1` or `snapshot/1`.
        package var fieldbook: String
        package var epoch: String
        /// The cursor that the page starts after, byte for byte as it was asked.
        package var cursor: String
        package var entities: [PageEntity]
        package var serverTime: WireInteger
        /// How the row lines are written (`RowForm`); absent means plain.
        package var rows: String?
        package init(fieldbook: String, epoch: String, cursor: String, entities: [PageEntity], serverTime: Int64) {
            self.fieldbook = fieldbook
            self.epoch = epoch
            self.cursor = cursor
            self.entities = entities
            self.serverTime = WireInteger(serverTime)
        }
    }

    /// An entity of a page; row lines name it by its index in the header.
    package struct PageEntity: Sendable, Hashable, Codable {
        package var name: String
        package var columns: [String]
        package init(name: String, columns: [String]) {
            self.name = name
            self.columns = columns
        }
    }

    /// A line between rows: everything above it is whole up to this cursor.
    package struct PageCursor: Sendable, Hashable, Codable {
        package var cursor: String
        package init(cursor: String) { self.cursor = cursor }
    }

    /// Last line of a page.
    package struct PageClosing: Sendable, Hashable, Codable {
        package var cursor: String
        /// Row lines of the page.
        package var count: Int
        /// CRC-32 (IEEE 802.3) over all row lines with their line feeds, eight lower-case hex digits.
        package var digest: String
        package var more: Bool
        /// The page reaches the head as read in one server transaction.
        package var checkpoint: Bool
        /// The sequence that the cursor stands for; tells which results the image has reached.
        package var sequence: WireInteger
        package init(cursor: String, sequence: Int64, count: Int, digest: String, more: Bool, checkpoint: Bool) {
            self.cursor = cursor
            self.sequence = WireInteger(sequence)
            self.count = count
            self.digest = digest
            self.more = more
            self.checkpoint = checkpoint
        }
    }

    /// Body of `POST /sync/v1/push`.
    package struct Push: Sendable, Hashable, Codable {
        package var replica: String
        package var incarnation: WireInteger
        package var edits: [Edit]
        /// A code of the author's authenticator for one of the edits. Part of no payload, kept nowhere.
        package var stepUp: StepUp?
        package init(replica: String, incarnation: Int64, edits: [Edit]) {
            self.replica = replica
            self.incarnation = WireInteger(incarnation)
            self.edits = edits
        }
    }

    /// A code that confirms one edit of a push.
    package struct StepUp: Sendable, Hashable, Codable {
        package var number: WireInteger
        package var code: String
        package init(number: Int64, code: String) {
            self.number = WireInteger(number)
            self.code = code
        }
    }

    /// Reply to a push or to `GET /sync/v1/results`.
    package struct Results: Sendable, Hashable, Codable {
        package var epoch: String
        package var results: [Result]
        package init(epoch: String, results: [Result]) {
            self.epoch = epoch
            self.results = results
        }
    }

    /// Body of `POST /sync/v1/ack`: results up to this edit number need not be kept for the replica.
    package struct Ack: Sendable, Hashable, Codable {
        package var replica: String
        package var upTo: WireInteger
        package init(replica: String, upTo: Int64) {
            self.replica = replica
            self.upTo = WireInteger(upTo)
        }
    }

    /// Problem details of RFC 9457 with our code and the next step.
    package struct Problem: Sendable, Hashable, Codable {
        package var type: String
        package var title: String
        package var status: Int
        package var detail: String
        package var code: String
        package var next: String
        /// With `access-ended`: what the replica is to remove, `image` or `everything`.
        package var wipe: String?
        /// With `access-ended`: whose access it was, and the word that the request asked to have given back. A replica wipes
        /// itself only for its own member, and only by an answer to what it has just asked.
        package var partner: String?
        package var member: String?
        package var echo: String?
        package init(_ code: ProblemCode, detail: String, next: String) {
            type = "about:blank"
            title = code.rawValue
            status = code.status
            self.detail = detail
            self.code = code.rawValue
            self.next = next
        }
    }
}
