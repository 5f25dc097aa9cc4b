/// What a request asks for of a body of known length (RFC 9110, sections 13.1.5 and 14).
package enum ByteRange: Sendable, Hashable {
    /// Everything: no range was asked for, several were, one of another unit, or one of bytes that are no longer these.
    case whole
    case part(Range<Int>)
    /// None of the bytes, or a range that can't be read.
    case unsatisfiable

    /// The field that a reply with a part carries.
    package static func contentRange(_ range: Range<Int>, of length: Int) -> String {
        "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)"
    }

    /// The field of a refusal, from which the asker learns the length.
    package static func unsatisfied(_ length: Int) -> String { "bytes */\(length)" }

    /// What the fields `Range` and `If-Range` of a request ask for; `tag` is the strong tag of the body, in its quotes.
    package init(_ headers: HTTPHeaders, length: Int, tag: String) {
        let ranges = headers.values("Range")
        guard ranges.count == 1, let text = ranges.first else {
            self = .whole
            return
        }
        let conditions = headers.values("If-Range")
        // A weak tag and a date never match a strong one.
        guard conditions.allSatisfy({ $0 == tag }) else {
            self = .whole
            return
        }
        self = ByteRange.read(text, length)
    }

    private static func read(_ text: String, _ length: Int) -> ByteRange {
        guard let mark = text.firstIndex(of: "=") else { return .unsatisfiable }
        guard text[..<mark].lowercased() == "bytes" else { return .whole }
        let set = text[text.index(after: mark)...]
        guard !set.contains(",") else { return .whole }
        let ends = set.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = number(ends[0]), let last = number(ends[1]) else { return .unsatisfiable }
        switch (first, last) {
        case (nil, nil): return .unsatisfiable
        case (nil, let count?):
            return count > 0 && length > 0 ? .part(max(0, length - count)..<length) : .unsatisfiable
        case (let first?, nil): return first < length ? .part(first..<length) : .unsatisfiable
        case (let first?, let last?):
            guard first <= last, first < length else { return .unsatisfiable }
            return .part(first..<min(length - 1, last) + 1)
        }
    }

    /// The number of digits, which may be absent: `.some(nil)`. Nil for anything else.
    private static func number(_ text: Substring) -> Int?? {
        let text = text.drop { $0 == " " || $0 == "\t" }
        if text.isEmpty { return .some(nil) }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        // A number past what is counted here lies past every body.
        return .some(Int(text) ?? Int.max - 1)
    }
}
