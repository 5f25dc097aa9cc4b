import ConflictRules
import Diagnostics
import HTTPKit
import SyncProtocol
import TestKit
import Testing

@testable import SyncServer

/// The rules that a server judges by, and what a bad file does to them.
@Suite struct RulesInForceTests {
    private func folder(_ text: String?) -> TemporaryDirectory {
        let folder = TemporaryDirectory()
        if let text { writeFile(folder.file(RulesInForce.fileName), text) }
        return folder
    }

    private var standard: String { String(decoding: RuleSet.standard.bytes, as: UTF8.self) }

    @Test func `without a file the rules of this build are in force`() throws {
        let folder = folder(nil)
        #expect(try RulesInForce(folder: folder.path).current.hash == RuleSet.standard.hash)
    }

    @Test func `a server does not start on a bad file, and says where it is bad`() throws {
        let bad = standard.replacing("\"use\": \"first-writer\"", with: "\"use\": \"furst-writer\"", maxReplacements: 1)
        for text in ["", "{", bad, String(repeating: "[", count: 5_000)] {
            let folder = folder(text)
            let error = try #require(throws: UserError.self) { try RulesInForce(folder: folder.path) }
            #expect(error.what.contains(", line ") && !error.next.isEmpty, "\(error)")
        }
    }

    @Test func `a bad reload keeps the rules in force, a good one takes their place`() throws {
        let folder = folder(standard)
        let rules = try RulesInForce(folder: folder.path)
        writeFile(folder.file(RulesInForce.fileName), "{ \"format\": 1 }")
        #expect(throws: UserError.self) { try rules.reload() }
        #expect(rules.current.hash == RuleSet.standard.hash)
        let next = standard.replacing("\"version\": 2", with: "\"version\": 7", maxReplacements: 1)
        writeFile(folder.file(RulesInForce.fileName), next)
        #expect(try rules.reload().version == 7 && rules.current.version == 7)
    }

    @Test func `the rules that the greeting announces are those that the route gives`() throws {
        let server = try TestServer()
        let hello = try WireCoding.decode(V1.Hello.self, from: server.bytes(server.send("GET", "/sync/v1/hello")))
        let given = try RuleSet.read(server.bytes(server.send("GET", "/sync/v1/rules")), file: "given")
        #expect(given.hash == hello.rulesHash && given.version == hello.rulesVersion)
        #expect(hello.rulesVocabulary == RuleSet.vocabulary)
    }

    @Test func `who has the rules is told so without them, in each coding by its own tag`() throws {
        let server = try TestServer()
        let path = "/sync/v1/rules"
        let plain = server.send("GET", path)
        let tag = try #require(plain.headers["ETag"])
        #expect(tag.hasPrefix("\"") && plain.headers["Content-Encoding"] == nil)
        let packed = server.send("GET", path, headers: [("Accept-Encoding", "gzip")])
        let packedTag = try #require(packed.headers["ETag"])
        #expect(packed.headers["Content-Encoding"] == "gzip" && packedTag != tag)
        for (held, isHeld) in [
            (tag, true), (packedTag, true), ("*", true), ("W/\(tag)", true), ("\"a,b\", \(tag)", true),
            ("\"\(RuleSet.standard.hash)\"", false), ("\"\"", false), (String(tag.dropLast()), false), ("", false),
        ] {
            let reply = server.send("GET", path, headers: [("If-None-Match", held)])
            #expect(reply.status == (isHeld ? 304 : 200), "\(held)")
            #expect(server.bytes(reply).isEmpty == isHeld)
            #expect(reply.headers["ETag"] == (held == packedTag ? packedTag : tag) && reply.headers["Fieldbook"] != nil)
        }
    }
}
