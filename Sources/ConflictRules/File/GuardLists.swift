import PartnerModel

/// A guard as the file has it, with its place.
struct ReadGuard {
    let spec: GuardSpec
    let item: FileItem
}

/// The named lists of guards of a file, and the laying of them into rules.
struct GuardLists {
    /// Keys that every guard may have.
    static let guardKeys = ["guard", "when", "else"]
    /// Key of an entry that lays a named list in.
    static let includeKey = "include"
    /// The most entries a rule may have, those of the lists laid in counted too.
    static let entriesMax = 64
    /// How deep lists may be laid into lists.
    static let depthMax = 8

    private var lists: [String: FileItem] = [:]

    /// Reads the named lists. A list that no rule lays in is still followed, so that a circle is found wherever it is.
    init(of item: FileItem?) throws(RuleFileError) {
        guard let item else { return }
        let object = try item.object()
        for member in object.members {
            guard let list = object.optional(member.key) else { continue }
            let key = FileItem(
                text: item.text, node: JSONNode(value: .string(member.key), offset: member.keyOffset), path: list.path)
            lists[try key.name()] = list
        }
        for member in object.members {
            guard let list = lists[member.key] else { continue }
            var count = 0
            _ = try entries(of: list, edit: nil, within: [member.key], &count)
        }
    }

    /// The guards of a rule in order, named lists laid in.
    func flattened(_ item: FileItem, edit: EditKind) throws(RuleFileError) -> [ReadGuard] {
        var count = 0
        return try entries(of: item, edit: edit, within: [], &count)
    }

    private func entries(
        of item: FileItem, edit: EditKind?, within names: [String], _ count: inout Int
    ) throws(RuleFileError) -> [ReadGuard] {
        var guards: [ReadGuard] = []
        for entry in try item.list() {
            count += 1
            guard count <= GuardLists.entriesMax else {
                throw entry.error("there are more than \(GuardLists.entriesMax) guards", "leave some out")
            }
            let object = try entry.object()
            guard let include = object.optional(GuardLists.includeKey) else {
                guards.append(ReadGuard(spec: try GuardReader(object: object, edit: edit).spec(), item: entry))
                continue
            }
            try object.allowOnly([GuardLists.includeKey])
            let name = try include.string()
            guard let list = lists[name] else { throw include.unknown(name, "list of guards", lists.keys.sorted()) }
            guard !names.contains(name) else {
                throw include.error("the list \(name) lays itself in", "leave this entry out")
            }
            guard names.count < GuardLists.depthMax else {
                throw include.error("lists lie deeper than \(GuardLists.depthMax) in one another", "write it flatter")
            }
            guards += try entries(of: list, edit: edit, within: names + [name], &count)
        }
        return guards
    }
}

/// Reads one guard.
struct GuardReader {
    let object: FileObject
    /// The kind of edit that it guards; nil while a named list is read by itself.
    let edit: EditKind?

    func spec() throws(RuleFileError) -> GuardSpec {
        let wordItem = try object.required("guard")
        let word: GuardWord = try wordItem.word("guard")
        if let edit, !word.edits.contains(edit) {
            throw wordItem.error(
                "\(word.rawValue) is never asked of \(edit.rawValue)", "leave it out; it is for \(word.editNames)")
        }
        try object.allowOnly(GuardLists.guardKeys + word.keys)
        var otherwise = word.otherwise
        if let item = object.optional("else") {
            otherwise = try item.word("consequence of \(word.rawValue)", of: word.consequences)
        }
        if edit == .decideConflict, otherwise == .hold {
            throw object.item.error(
                "a decision on a conflict can't wait for a person itself", "say \"else\": \"reject\" or \"forbid\"")
        }
        var conditions: [Condition] = []
        if let item = object.optional("when") {
            // A list by itself has no kind of edit yet; the conditions are weighed where it is laid in.
            if let edit {
                conditions = try item.conditions(for: edit)
            } else {
                conditions = try item.words("condition")
            }
        }
        return GuardSpec(test: try test(word), otherwise: otherwise, conditions: conditions)
    }

    private func test(_ word: GuardWord) throws(RuleFileError) -> GuardSpec.Test {
        switch word {
        case .associated: return .associated
        case .association: return .association(try object.required("is").word("association"))
        case .permission: return .permission
        case .partnerState:
            var kind: FreezeKind?
            if let item = object.optional("kind") {
                kind = try item.word("kind of freeze")
                if let edit, edit.register != .freezes {
                    throw item.error("\(edit.rawValue) is about no kind of freeze", "leave it out")
                }
            }
            return .partnerState(not: try object.required("not").words("state of the partner"), kind: kind)
        case .role: return .role(in: try object.required("in").words("role"))
        case .cycle: return .cycle
        case .validity: return .validity
        case .authorisedRange: return try authorisedRange()
        case .ceiling:
            return .ceiling(
                try object.required("role").word("role"), try object.required("amount").amount())
        case .spent: return .spent
        case .hasBudget: return .hasBudget
        case .hasDiscount: return .hasDiscount
        case .freezeStands: return .freezeStands
        case .cures: return .cures
        case .unassigned: return .unassigned
        case .assigned: return .assigned
        case .pending: return .pending
        case .notFrozen: return .notFrozen
        case .age: return .age(atMostSeconds: try object.required("at-most").duration())
        }
    }

    private func authorisedRange() throws(RuleFileError) -> GuardSpec.Test {
        let grace = try object.optional("grace")?.duration()
        guard let item = object.optional("else-moved") else {
            return .authorisedRange(graceSeconds: grace, elseMoved: .hold)
        }
        guard grace != nil else { throw item.error("without a grace it never follows", "add \"grace\": \"30d\"") }
        return .authorisedRange(graceSeconds: grace, elseMoved: try item.word("consequence"))
    }
}

extension GuardWord {
    /// Keys of the guard's own values.
    package var keys: [String] {
        switch self {
        case .association: ["is"]
        case .partnerState: ["not", "kind"]
        case .role: ["in"]
        case .authorisedRange: ["grace", "else-moved"]
        case .ceiling: ["role", "amount"]
        case .age: ["at-most"]
        default: []
        }
    }

    fileprivate var editNames: String { edits.map(\.rawValue).joined(separator: ", ") }
}
