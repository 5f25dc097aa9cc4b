import Digests
import FoundationEssentials

/// JSON of control messages: keys sorted, slashes plain, so that equal values have equal bytes.
package enum WireCoding {
    /// Why bytes were not taken as a message.
    package struct Malformed: Error, Sendable, Hashable {
        package let why: String
        package init(why: String) { self.why = why }
    }

    /// The canonical bytes of a message.
    package static func encode(_ message: some Encodable) throws(Malformed) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return Array(try encoder.encode(message)) } catch {
            throw Malformed(why: "the message cannot be written as JSON")
        }
    }

    /// The canonical text of a message.
    package static func text(_ message: some Encodable) throws(Malformed) -> String {
        String(decoding: try encode(message), as: UTF8.self)
    }

    /// Reads a message; unknown fields are ignored. The error names the field, never its value.
    package static func decode<Message: Decodable>(
        _ type: Message.Type, from bytes: [UInt8]
    ) throws(Malformed) -> Message {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch let error as DecodingError {
            throw Malformed(why: describe(error))
        } catch { throw Malformed(why: "not JSON") }
    }

    /// Reads a message from text.
    package static func decode<Message: Decodable>(_ type: Message.Type, from text: String) throws(Malformed) -> Message
    {
        try decode(type, from: Array(text.utf8))
    }

    private static func describe(_ error: DecodingError) -> String {
        func path(_ keys: [any CodingKey]) -> String {
            keys.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue.prefix(40))" }.joined()
        }
        switch error {
        case .keyNotFound(let key, let context):
            return "the field \(path(context.codingPath)).\(key.stringValue) is missing"
        case .typeMismatch(_, let context): return "the field \(path(context.codingPath)) has the wrong type"
        case .valueNotFound(_, let context): return "the field \(path(context.codingPath)) is null"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "not JSON" : "the field \(path(context.codingPath)) cannot be read"
        @unknown default: return "not JSON"
        }
    }
}

extension V1.Edit {
    /// The SHA-256 in hex over the canonical form without `payloadHash`.
    package func computedPayloadHash() throws(WireCoding.Malformed) -> String {
        var bare = self
        bare.payloadHash = nil
        return Hex.encode(SHA256.digest(try WireCoding.encode(bare)))
    }

    /// Sets `payloadHash`, and gives the canonical text with it. The edit is encoded once: the hash takes the place
    /// of as many zeros, without which the bytes are those that it is made of. No text within can look like the
    /// field, for its quotes would be escaped.
    package mutating func seal() throws(WireCoding.Malformed) -> String {
        let zeros = String(repeating: "0", count: 64)
        payloadHash = zeros
        var bytes = try WireCoding.encode(self)
        // `schema` is always there and comes later, so a comma follows.
        let field = Array("\"payloadHash\":\"\(zeros)\",".utf8)
        guard let start = Self.place(of: field, in: bytes) else {
            throw WireCoding.Malformed(why: "the message cannot be written as JSON")
        }
        let end = start + field.count
        let hash = Hex.encode(SHA256.digest(Array(bytes[..<start]) + bytes[end...]))
        bytes.replaceSubrange(end - 66..<end - 2, with: hash.utf8)
        payloadHash = hash
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func place(of field: [UInt8], in bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBufferPointer { bytes in
            field.withUnsafeBufferPointer { field in
                guard bytes.count >= field.count else { return nil }
                return (0...bytes.count - field.count).first { start in
                    bytes[start] == field[0] && bytes[start + 1] == field[1]
                        && field.indices.allSatisfy { bytes[start + $0] == field[$0] }
                }
            }
        }
    }
}
