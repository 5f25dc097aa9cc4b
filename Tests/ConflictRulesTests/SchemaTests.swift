import PartnerModel
import Testing

@testable import ConflictRules

@Suite struct SchemaTests {
    private let root: JSONNode

    init() throws { root = try JSONText.read(try repositoryFile("Config/conflict-rules.schema.json")) }

    private func member(_ path: String...) -> JSONNode? {
        path.reduce(root) { node, key in
            guard case .object(let members)? = node?.value else { return nil }
            return members.first { $0.key == key }?.node
        }
    }

    /// The keys that a definition allows.
    private func keys(of definition: String) -> Set<String> {
        guard case .object(let members)? = member("$defs", definition, "properties")?.value else { return [] }
        return Set(members.map(\.key))
    }

    private func words(_ node: JSONNode?) -> Set<String> {
        guard case .array(let items)? = node?.value else { return [] }
        return Set(items.compactMap { if case .string(let word) = $0.value { word } else { nil } })
    }

    private func definitions(_ prefix: String) -> Set<String> {
        guard case .object(let members)? = member("$defs")?.value else { return [] }
        return Set(members.map(\.key).filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
    }

    @Test func `the schema knows every guard with its keys and consequences, and no other`() {
        #expect(definitions("guard-") == Set(GuardWord.allCases.map(\.rawValue)))
        for word in GuardWord.allCases {
            #expect(keys(of: "guard-\(word.rawValue)") == Set(GuardLists.guardKeys + word.keys))
            let consequences = words(member("$defs", "guard-\(word.rawValue)", "properties", "else", "enum"))
            #expect(consequences == Set(word.consequences.map(\.rawValue)))
            let otherwise = member("$defs", "guard-\(word.rawValue)", "properties", "else", "default")
            #expect(otherwise?.canonicalText == "\"\(word.otherwise.rawValue)\"")
        }
        #expect(keys(of: "include") == [GuardLists.includeKey])
    }

    @Test func `the schema knows every strategy with its keys, and no other`() {
        let usable = StrategyWord.allCases.filter { $0 != .guard }
        #expect(definitions("case-") == Set(usable.map(\.rawValue)))
        for word in usable {
            #expect(keys(of: "case-\(word.rawValue)") == Set(RuleReader.caseKeys + word.keys))
        }
        #expect(
            words(member("$defs", "case-tolerance", "properties", "then", "enum"))
                == Set(Strategy.Settlement.allCases.map(\.rawValue)))
    }

    @Test func `the schema knows every condition, promise, kind of edit and key`() {
        #expect(words(member("$defs", "conditions", "items", "enum")) == Set(Condition.allCases.map(\.rawValue)))
        #expect(
            words(member("$defs", "rule", "properties", "promises", "items", "enum"))
                == Set(RulePromise.allCases.map(\.rawValue)))
        #expect(
            words(member("$defs", "rule", "properties", "edit", "enum")) == Set(EditKind.allCases.map(\.rawValue)))
        #expect(keys(of: "rule") == Set(RuleReader.ruleKeys))
        guard case .object(let members)? = member("properties")?.value else { return }
        #expect(Set(members.map(\.key)) == Set(RuleReader.fileKeys))
    }

    @Test func `the schema offers each kind of edit the strategies and refuses the guards that the reader does`() throws
    {
        guard case .array(let parts)? = member("$defs", "rule", "allOf")?.value else { return }
        #expect(parts.count == EditKind.allCases.count)
        for (kind, part) in zip(EditKind.allCases, parts) {
            let text = part.canonicalText
            #expect(text.contains("\"edit\":{\"const\":\"\(kind.rawValue)\"}"))
            #expect(text.contains("\"register\":{\"const\":\"\(kind.register.rawValue)\"}"))
            let fitting = StrategyWord.allCases.filter { $0.edits.contains(kind) }.map { "\"\($0.rawValue)\"" }
            #expect(text.contains("\"use\":{\"enum\":[\(fitting.joined(separator: ","))]}"))
            let others = GuardWord.allCases.filter { !$0.edits.contains(kind) }.map { "\"\($0.rawValue)\"" }
            #expect(text.contains("\"guard\":{\"enum\":[\(others.joined(separator: ","))]}"))
        }
    }
}
