/// The tags that a field `If-None-Match` names, compared as weak ones (RFC 9110, section 13.1.2).
package struct EntityTags: Sendable, Hashable {
    /// In their quotes, without the mark of a weak one.
    private let tags: [Substring]
    private let isAny: Bool

    /// Takes the values of all fields of the name. What is no tag names nothing.
    package init(_ values: [String]) {
        var (tags, isAny) = ([Substring](), false)
        for value in values {
            // A comma may stand within the quotes.
            var rest = value[...]
            while let start = rest.firstIndex(where: { $0 == "\"" || $0 == "*" }) {
                guard rest[start] == "\"" else {
                    isAny = true
                    rest = rest[rest.index(after: start)...]
                    continue
                }
                let inside = rest.index(after: start)
                guard let end = rest[inside...].firstIndex(of: "\"") else { break }
                tags.append(rest[start...end])
                rest = rest[rest.index(after: end)...]
            }
        }
        (self.tags, self.isAny) = (tags, isAny)
    }

    /// Whether a tag, in its quotes, is among them.
    package func contain(_ tag: String) -> Bool { isAny || tags.contains { $0 == tag } }
}
