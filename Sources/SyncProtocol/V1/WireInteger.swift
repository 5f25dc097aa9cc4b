/// A 64-bit integer that travels as a decimal string in control messages, so that no reader loses digits.
package struct WireInteger: Sendable, Hashable, Codable, ExpressibleByIntegerLiteral {
    package let value: Int64

    package init(_ value: Int64) { self.value = value }
    package init(integerLiteral value: Int64) { self.value = value }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Int64(text), String(value) == text else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a 64-bit decimal string")
        }
        self.value = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(String(value))
    }
}
