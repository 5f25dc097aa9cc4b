package import PartnerModel
package import SyncProtocol

/// Messages about edits.
extension Local {
    /// One edit as a person asks for it.
    package struct Draft: Sendable, Hashable {
        package let customer: CustomerKey
        package let intent: EditIntent
        /// Why a conflict is decided so; other edits carry their reason in the intent.
        package let reason: String?
        /// The line of a file that asks for it; that line makes no second edit.
        package let line: LineMark?
        package init(_ intent: EditIntent, customer: CustomerKey, reason: String? = nil, line: LineMark? = nil) {
            self.intent = intent
            self.customer = customer
            self.reason = reason
            self.line = line
        }
    }

    /// What tells a line of a file from all others, and what it asks for; both are hashes in hex.
    package struct LineMark: Sendable, Hashable, Codable {
        package var key: String
        package var digest: String
        package init(key: String, digest: String) {
            self.key = key
            self.digest = digest
        }

        /// A SHA-256 in hex, twice.
        package var isMark: Bool {
            [key, digest].allSatisfy {
                $0.utf8.count == 64 && $0.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
            }
        }
    }

    /// What ties the edits of a request. Without one each stands for itself.
    package enum Link: String, Sendable, CaseIterable {
        /// They take effect whole or not at all.
        case group
        /// Each but the first acts only when the first took effect.
        case depends
    }

    /// Body of `POST /v1/edits`: customer, kind and arguments of wire edits; number, base and the rest are the daemon's
    /// to fill. All of them are kept or none. With `dryRun` nothing is kept.
    package struct EditRequest: Sendable, Hashable, Codable {
        package var edit: V1.Edit
        /// The edits after the first, in their order.
        package var more: [V1.Edit]?
        /// A word of `Link`.
        package var link: String?
        package var dryRun: Bool
        /// The lines that ask for the edits, one for each. An edit of a line that made one already is refused.
        package var lines: [LineMark]?
        package init(edit: V1.Edit, more: [V1.Edit]? = nil, link: String? = nil, dryRun: Bool) {
            self.edit = edit
            self.more = more
            self.link = link
            self.dryRun = dryRun
        }
    }

    /// Body of `POST /v1/edits/NUMBER/discard`, `…/resend` and `…/undo`; may be left out.
    package struct ActionRequest: Sendable, Hashable, Codable {
        /// For a resending: kind and arguments that take the place of the old ones.
        package var edit: V1.Edit?
        package var dryRun: Bool?
        package init(edit: V1.Edit? = nil, dryRun: Bool? = nil) {
            self.edit = edit
            self.dryRun = dryRun
        }
    }

    /// What one edit of a request does.
    package struct EditStep: Sendable, Hashable, Codable {
        /// Kind and arguments as they are sent.
        package var asked: V1.Edit
        package var before: V1.State
        package var after: V1.State
        package var base: WireInteger
        package var predecessor: WireInteger?
        /// The unsent edit that goes into this one; kind, arguments and values are then of both together.
        package var combines: WireInteger?

        package init(asked: V1.Edit, before: V1.State, after: V1.State, base: Int64, predecessor: Int64?) {
            self.asked = asked
            self.before = before
            self.after = after
            self.base = WireInteger(base)
            self.predecessor = predecessor.map { WireInteger($0) }
        }
    }

    /// Reply to `POST /v1/edits`, to a resending and to an undoing. What stands beside the numbers is of the first
    /// edit.
    package struct EditReply: Sendable, Hashable, Codable {
        /// Absent for a dry run.
        package var number: WireInteger?
        /// The numbers of all edits in the order of the request; none for a dry run.
        package var edits: [WireInteger]
        package var before: V1.State
        package var after: V1.State
        package var base: WireInteger
        package var predecessor: WireInteger?
        /// The unsent edits that go into those of the request; absent when there are none.
        package var combines: [WireInteger]?
        /// Every edit, in the order of the request; absent when there are more than `stepsMax`.
        package var steps: [EditStep]?

        package init(number: Int64?, before: V1.State, after: V1.State, base: Int64, predecessor: Int64?) {
            self.number = number.map { WireInteger($0) }
            edits = number.map { [WireInteger($0)] } ?? []
            self.before = before
            self.after = after
            self.base = WireInteger(base)
            self.predecessor = predecessor.map { WireInteger($0) }
        }

        /// The reply for edits of which each did or would do its step. There is at least one step.
        package init(numbers: [Int64], first: EditStep, steps: [EditStep]) {
            number = numbers.first.map { WireInteger($0) }
            edits = numbers.map { WireInteger($0) }
            before = first.before
            after = first.after
            base = first.base
            predecessor = first.predecessor
            let taken = steps.compactMap(\.combines)
            combines = taken.isEmpty ? nil : taken
            self.steps = steps.count <= Local.stepsMax ? steps : nil
        }
    }

    /// Reply to `POST /v1/edits/NUMBER/discard`: the edits that were set aside, or would be. A group goes whole.
    package struct DiscardReply: Sendable, Hashable, Codable {
        package var edits: [WireInteger]
        package init(edits: [Int64]) { self.edits = edits.map { WireInteger($0) } }
    }
}
