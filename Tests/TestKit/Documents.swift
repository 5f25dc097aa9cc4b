import Diagnostics
import Glibc

/// The README and the articles of the manual, taken apart.
package enum Documents {
    /// The folder of the checkout.
    package static let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()

    /// The articles of the catalogue by file name, in order.
    package static var articles: [String] {
        (FileFacts.names(in: "\(root)/Sources/Documentation.docc") ?? []).filter { $0.hasSuffix(".md") }
    }

    package static func article(_ name: String) -> String { text("Sources/Documentation.docc/\(name)") }

    package static func text(_ path: String) -> String {
        String(decoding: readFile("\(root)/\(path)"), as: UTF8.self)
    }

    /// The lines of all blocks that are marked as shell, in order. A line that ends in a backslash goes on in the next;
    /// what stands after `  #` is a remark.
    package static func shellLines(_ text: String) -> [String] {
        var lines: [String] = []
        var isShell = false
        var begun = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("```") {
                isShell = line == "```sh"
            } else if isShell {
                begun += line.hasSuffix("\\") ? String(line.dropLast()) : withoutRemark(String(line))
                if line.hasSuffix("\\") { continue }
                if !begun.isEmpty { lines.append(begun) }
                begun = ""
            }
        }
        return lines
    }

    /// The lines that are indented by four, up to a gap of two blanks and what they are said to do.
    package static func indentedLines(_ text: String) -> [String] {
        var isFenced = false
        return text.split(separator: "\n").compactMap { line in
            if line.hasPrefix("```") { isFenced.toggle() }
            guard !isFenced, line.hasPrefix("    "), !line.hasPrefix("     ") else { return nil }
            return upToGap(String(line.dropFirst(4)))
        }
    }

    /// What stands in backquotes, outside of blocks.
    package static func spans(_ text: String) -> [String] {
        var spans: [String] = []
        var isFenced = false
        for line in text.split(separator: "\n") {
            if line.hasPrefix("```") { isFenced.toggle() }
            guard !isFenced, !line.hasPrefix("    ") else { continue }
            let parts = line.split(separator: "`", omittingEmptySubsequences: false)
            spans += parts.indices.filter { $0 % 2 == 1 && $0 < parts.count - 1 }.map { String(parts[$0]) }
        }
        return spans
    }

    private static func withoutRemark(_ line: String) -> String {
        guard !line.hasPrefix("#") else { return "" }
        guard let gap = firstPlace(of: " #", in: line) else { return line }
        return trimmed(String(line[..<gap]))
    }

    private static func upToGap(_ line: String) -> String {
        firstPlace(of: "  ", in: line).map { String(line[..<$0]) } ?? line
    }

    private static func firstPlace(of part: String, in line: String) -> String.Index? {
        line.indices.first { line[$0...].hasPrefix(part) }
    }

    private static func trimmed(_ text: String) -> String {
        var text = text
        while text.last == " " { text.removeLast() }
        return text
    }
}
