/// Writes messages as JSON of one form: keys in the order of their bytes, slashes plain, nothing between.
///
/// These are the bytes of Foundation's encoder with sorted keys and plain slashes, which took a tenth of the daemon's
/// processor time for an edit; this one takes less than half of that. Numbers with a fraction are refused: no message
/// has any.
enum CanonicalJSON {
    /// What a value becomes. Objects and arrays are filled after they were put into their place.
    fileprivate enum Value {
        /// Written as it is: a number, a truth value, null.
        case plain(String)
        case text(String)
        case object(Members)
        case array(Items)
        case later(Slot)
    }

    fileprivate final class Members { var fields: [(key: String, value: Value)] = [] }
    fileprivate final class Items { var values: [Value] = [] }
    fileprivate final class Slot { var value: Value? }

    /// The bytes of a message; an error names what cannot be written.
    static func bytes(of message: some Encodable) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1024)
        write(try value(of: message), to: &bytes)
        return bytes
    }

    fileprivate static func value(of message: some Encodable) throws -> Value {
        let slot = Slot()
        try message.encode(to: Writer(slot: slot))
        return slot.value ?? .object(Members())
    }

    // MARK: Bytes

    private static func write(_ value: Value, to bytes: inout [UInt8]) {
        switch value {
        case .plain(let text): bytes.append(contentsOf: text.utf8)
        case .text(let text): write(text, to: &bytes)
        case .later(let slot): write(slot.value ?? .object(Members()), to: &bytes)
        case .array(let items):
            bytes.append(UInt8(ascii: "["))
            for (position, item) in items.values.enumerated() {
                if position > 0 { bytes.append(UInt8(ascii: ",")) }
                write(item, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            // The sort is stable: of a key that was given twice the last one counts.
            let fields = members.fields.sorted { $0.key < $1.key }
            bytes.append(UInt8(ascii: "{"))
            var isFirst = true
            for (position, field) in fields.enumerated() {
                if position + 1 < fields.count, fields[position + 1].key == field.key { continue }
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                write(field.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                write(field.value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { source in
            var start = 0
            for (position, byte) in source.enumerated()
            where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(contentsOf: source[start..<position])
                start = position + 1
                bytes.append(UInt8(ascii: "\\"))
                switch byte {
                case 0x08: bytes.append(UInt8(ascii: "b"))
                case 0x09: bytes.append(UInt8(ascii: "t"))
                case 0x0A: bytes.append(UInt8(ascii: "n"))
                case 0x0C: bytes.append(UInt8(ascii: "f"))
                case 0x0D: bytes.append(UInt8(ascii: "r"))
                case 0x20...: bytes.append(byte)
                default:
                    bytes.append(contentsOf: byte < 0x10 ? "u000".utf8 : "u00".utf8)
                    bytes.append(contentsOf: String(byte, radix: 16).utf8)
                }
            }
            bytes.append(contentsOf: source[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    // MARK: The encoder

    fileprivate struct Writer: Encoder {
        let slot: Slot
        var codingPath: [any CodingKey] { [] }
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
            if case .object(let members) = slot.value { return KeyedEncodingContainer(Keyed(members: members)) }
            let members = Members()
            slot.value = .object(members)
            return KeyedEncodingContainer(Keyed(members: members))
        }

        func unkeyedContainer() -> any UnkeyedEncodingContainer {
            if case .array(let items) = slot.value { return Unkeyed(items: items) }
            let items = Items()
            slot.value = .array(items)
            return Unkeyed(items: items)
        }

        func singleValueContainer() -> any SingleValueEncodingContainer { Single(slot: slot) }
    }

    private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let members: Members
        var codingPath: [any CodingKey] { [] }

        private func put(_ value: Value, _ key: Key) { members.fields.append((key.stringValue, value)) }

        mutating func encodeNil(forKey key: Key) { put(.plain("null"), key) }
        mutating func encode(_ value: Bool, forKey key: Key) { put(.plain(value ? "true" : "false"), key) }
        mutating func encode(_ value: String, forKey key: Key) { put(.text(value), key) }
        mutating func encode(_ value: Int, forKey key: Key) { put(.plain(String(value)), key) }
        mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
            put(try CanonicalJSON.value(of: value), key)
        }

        mutating func nestedContainer<NestedKey: CodingKey>(
            keyedBy keyType: NestedKey.Type, forKey key: Key
        ) -> KeyedEncodingContainer<NestedKey> {
            let nested = Members()
            put(.object(nested), key)
            return KeyedEncodingContainer(Keyed<NestedKey>(members: nested))
        }

        mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            let items = Items()
            put(.array(items), key)
            return Unkeyed(items: items)
        }

        mutating func superEncoder() -> any Encoder { later("super") }
        mutating func superEncoder(forKey key: Key) -> any Encoder { later(key.stringValue) }

        private func later(_ key: String) -> Writer {
            let slot = Slot()
            members.fields.append((key, .later(slot)))
            return Writer(slot: slot)
        }
    }

    private struct Unkeyed: UnkeyedEncodingContainer {
        let items: Items
        var codingPath: [any CodingKey] { [] }
        var count: Int { items.values.count }

        mutating func encodeNil() { items.values.append(.plain("null")) }
        mutating func encode<T: Encodable>(_ value: T) throws {
            items.values.append(try CanonicalJSON.value(of: value))
        }

        mutating func nestedContainer<NestedKey: CodingKey>(
            keyedBy keyType: NestedKey.Type
        ) -> KeyedEncodingContainer<NestedKey> {
            let nested = Members()
            items.values.append(.object(nested))
            return KeyedEncodingContainer(Keyed<NestedKey>(members: nested))
        }

        mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            let nested = Items()
            items.values.append(.array(nested))
            return Unkeyed(items: nested)
        }

        mutating func superEncoder() -> any Encoder {
            let slot = Slot()
            items.values.append(.later(slot))
            return Writer(slot: slot)
        }
    }

    private struct Single: SingleValueEncodingContainer {
        let slot: Slot
        var codingPath: [any CodingKey] { [] }

        mutating func encodeNil() { slot.value = .plain("null") }
        mutating func encode(_ value: Bool) { slot.value = .plain(value ? "true" : "false") }
        mutating func encode(_ value: String) { slot.value = .text(value) }

        mutating func encode<T: Encodable>(_ value: T) throws {
            if let number = value as? any FixedWidthInteger {
                slot.value = .plain(number.description)
            } else if value is any FloatingPoint {
                throw EncodingError.invalidValue(
                    value, EncodingError.Context(codingPath: [], debugDescription: "a number with a fraction"))
            } else {
                try value.encode(to: Writer(slot: slot))
            }
        }
    }
}
