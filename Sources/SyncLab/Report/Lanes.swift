/// Draws a trace as lanes side by side, one for each machine, time running down: in text and as SVG.
package struct Lanes {
    private let names: [String]
    private let lines: [Trace.Line]

    /// Lanes in the order of `members`, the server last, others where they first appear.
    package init(_ trace: Trace, members: [String]) {
        var names = members + ["server"]
        for line in trace.lines {
            for name in [line.who, line.to].compactMap({ $0 }) where !names.contains(name) { names.append(name) }
        }
        self.names = names
        lines = trace.lines
    }

    /// Text of at most `width` columns a line.
    package func text(width: Int = 110) -> String {
        let lane = max(10, min(24, (width - 12) / max(1, names.count)))
        func cell(_ text: String, width: Int) -> String {
            let cut = text.count > width - 1 ? String(text.prefix(width - 2)) + "…" : text
            return cut + String(repeating: " ", count: width - cut.count)
        }
        var rows = ["time        " + names.map { cell($0, width: lane) }.joined()]
        for line in lines {
            let time = Clockwork.text(line.at)
            let from = names.firstIndex(of: line.who) ?? 0
            var row = time + String(repeating: " ", count: max(1, 12 - time.count))
            if let to = line.to.flatMap({ names.firstIndex(of: $0) }), to != from {
                row += arrow(from: from, to: to, lane: lane)
                rows.append(row + "  " + line.text)
            } else {
                for index in names.indices {
                    row +=
                        index == from
                        ? "● " + cell(line.text, width: lane - 2) : "│" + String(repeating: " ", count: lane - 1)
                }
                rows.append(row)
                // What does not fit stands whole on a line of its own.
                if line.text.count > lane - 3 {
                    rows.append("            " + String(repeating: " ", count: from * lane) + "  " + line.text)
                }
            }
        }
        return rows.map(Lanes.trimmed).joined(separator: "\n") + "\n"
    }

    /// What happened where, a sentence a line, with nothing drawn.
    package func plainText() -> String {
        lines.map { line in
            let to = line.to.map { $0 == line.who ? "" : " to \($0)" } ?? ""
            return "\(Clockwork.text(line.at)), \(line.who)\(to): \(line.text)\n"
        }.joined()
    }

    private func arrow(from: Int, to: Int, lane: Int) -> String {
        var row = ""
        let (low, high) = (min(from, to), max(from, to))
        for index in names.indices {
            let head =
                index == from ? "●" : index == to ? (to > from ? "►" : "◄") : index > low && index < high ? "─" : "│"
            let tail = index >= low && index < high ? "─" : " "
            row += head + String(repeating: tail, count: lane - 1)
        }
        return row
    }

    private static func trimmed(_ row: String) -> String {
        var row = row
        while row.last == " " { row.removeLast() }
        return row
    }

    /// The same as an SVG picture; texts are escaped.
    package func svg() -> String {
        let (laneWidth, rowHeight, left, top) = (220, 22, 110, 50)
        let width = left + laneWidth * names.count + 20
        let height = top + rowHeight * (lines.count + 1)
        func x(_ index: Int) -> Int { left + laneWidth * index + laneWidth / 2 }
        var svg = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" font-family="monospace" font-size="11">
            <rect width="100%" height="100%" fill="white"/>

            """
        for (index, name) in names.enumerated() {
            svg +=
                "<text x=\"\(x(index))\" y=\"24\" text-anchor=\"middle\" font-weight=\"bold\">\(Lanes.escaped(name))</text>\n"
            svg += "<line x1=\"\(x(index))\" y1=\"34\" x2=\"\(x(index))\" y2=\"\(height)\" stroke=\"#bbb\"/>\n"
        }
        for (row, line) in lines.enumerated() {
            let y = top + row * rowHeight
            let from = names.firstIndex(of: line.who) ?? 0
            svg += "<text x=\"8\" y=\"\(y + 4)\" fill=\"#666\">\(Clockwork.text(line.at))</text>\n"
            if let to = line.to.flatMap({ names.firstIndex(of: $0) }), to != from {
                let tip = x(to) + (to > from ? -6 : 6)
                svg += "<line x1=\"\(x(from))\" y1=\"\(y)\" x2=\"\(x(to))\" y2=\"\(y)\" stroke=\"#2563eb\"/>\n"
                svg += "<path d=\"M\(x(to)) \(y) L\(tip) \(y - 4) L\(tip) \(y + 4) Z\" fill=\"#2563eb\"/>\n"
                svg +=
                    "<text x=\"\((x(from) + x(to)) / 2)\" y=\"\(y - 3)\" text-anchor=\"middle\" fill=\"#2563eb\">\(Lanes.escaped(line.text))</text>\n"
            } else {
                svg +=
                    "<circle cx=\"\(x(from))\" cy=\"\(y)\" r=\"3\"/>\n<text x=\"\(x(from) + 8)\" y=\"\(y + 4)\">\(Lanes.escaped(line.text))</text>\n"
            }
        }
        return svg + "</svg>\n"
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
        return out
    }
}
