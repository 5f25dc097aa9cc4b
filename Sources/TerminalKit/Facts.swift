/// What is known of one thing, a label and a value a line. On a terminal a value that is too long goes on below
/// itself; elsewhere every value is whole on its line, except where it has line feeds of its own.
package struct Facts {
    private var lines: [(label: String, value: String)] = []

    package init() {}
    package init(_ lines: [(String, String)]) { self.lines = lines.map { ($0.0, $0.1) } }

    package mutating func add(_ label: String, _ value: String) { lines.append((label, value)) }

    /// The least columns of the labels, so that related answers look alike.
    package func render(for terminal: Terminal, labelWidth least: Int = 12) -> String {
        terminal.isPlain ? plain(width: terminal.width) : render(width: terminal.width, labelWidth: least)
    }

    func render(width: Int?, labelWidth least: Int) -> String {
        let labels = lines.map { TextWidth.safe($0.label) }
        let labelWidth = max(least, (labels.map { TextWidth.of($0) }.max() ?? 0) + 2)
        let room = width.map { max(20, $0 - labelWidth) }
        var text = ""
        for (label, line) in zip(labels, lines) {
            for (index, piece) in Facts.pieces(line.value, room).enumerated() {
                let head = index == 0 ? label : ""
                let line = head + String(repeating: " ", count: labelWidth - TextWidth.of(head)) + piece
                text += (piece.isEmpty ? head : line) + "\n"
            }
        }
        return text
    }

    private static func pieces(_ value: String, _ room: Int?) -> [String] {
        value.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
            guard let room else { return [TextWidth.safe(String(line))] }
            return TextWidth.wrap(String(line), to: room)
        }
    }

    /// `label: value`, in no columns.
    private func plain(width: Int?) -> String {
        lines.map { label, value in
            let pieces = value.split(separator: "\n").map { String($0.drop { $0 == " " }) }
            return TextWidth.lines("\(label):\(pieces.isEmpty ? "" : " ")\(pieces.joined(separator: "; "))", width)
        }.joined()
    }
}
