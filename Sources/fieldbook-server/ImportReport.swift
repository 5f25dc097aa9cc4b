import SyncServer
import TerminalKit

/// An import's report for people and programs.
extension FocusImport.Report {
    /// Kept minus exact, to 18 places.
    var billedResidualText: String { Self.text(billedResidual) }
    var listResidualText: String { Self.text(listResidual) }

    var text: String {
        var text = """
            \(lines) lines read: \(added) bill records added, \(changed) changed, \(unchanged) unchanged, \(refused.count) refused
            \(customersAdded) customers added
            \(valuesRounded) values rounded half to even at 10^-8; kept minus exact: BilledCost \(billedResidualText), ListCost \(listResidualText)

            """
        for refusal in refused { text += "line \(refusal.line) refused: \(refusal.why)\n" }
        return text
    }

    var json: [String: JSONOutput] {
        [
            "lines": .integer(Int64(lines)), "added": .integer(Int64(added)), "changed": .integer(Int64(changed)),
            "unchanged": .integer(Int64(unchanged)), "customersAdded": .integer(Int64(customersAdded)),
            "valuesRounded": .integer(Int64(valuesRounded)), "billedResidual": .text(billedResidualText),
            "listResidual": .text(listResidualText),
            "refused": .array(refused.map { .object(["line": .integer(Int64($0.line)), "why": .text($0.why)]) }),
        ]
    }

    private static func text(_ value: Int128) -> String {
        let unit: UInt128 = 1_000_000_000_000_000_000
        let fraction = String(value.magnitude % unit)
        return
            "\(value < 0 ? "-" : "")\(value.magnitude / unit).\(String(repeating: "0", count: 18 - fraction.count))\(fraction)"
    }
}
