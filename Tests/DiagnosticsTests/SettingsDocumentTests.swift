import Diagnostics
import Foundation
import TestKit
import Testing

/// What is written of the settings outside of the program stays what the program says. With FIELDBOOK_GOLDEN=1 it is
/// written anew.
@Suite struct SettingsDocumentTests {
    private let root = String(#filePath.dropLast("/Tests/DiagnosticsTests/SettingsDocumentTests.swift".count))

    private var table: String {
        let rows = SettingsRegistry.all.map { spec in
            let fallback = spec.fallback.map { "`\($0)`" } ?? ""
            return "| `\(spec.name)` | \(spec.help) | \(spec.kind.words) | \(fallback) | \(spec.effect.rawValue) |\n"
        }
        return "| setting | what | values | default | a change acts |\n|---|---|---|---|---|\n" + rows.joined()
    }

    private var sample: String {
        var text = """
            # Settings of Fieldbook. Each line stands for what holds without it; remove the '#' before a setting to
            # change it. About each: fieldbook config explain. After a change: fieldbook config check.
            # This file is for everybody on this machine; a person's own is ~/.config/fieldbook/fieldbook.conf.

            """
        for section in SettingsRegistry.sections {
            text += "\n# \(section.help)\n[\(section.name)]\n"
            for spec in SettingsRegistry.specs(of: section.name) {
                text += "# \(spec.help): \(spec.kind.words)\n#\(spec.key) =\(spec.fallback.map { " \($0)" } ?? "")\n"
            }
        }
        return text
    }

    private func expect(_ path: String, _ wanted: (String) -> String) throws {
        let file = "\(root)/\(path)"
        let text = String(decoding: SecureFile.exists(file) ? readFile(file) : [], as: UTF8.self)
        if Paths.variable("FIELDBOOK_GOLDEN") == "1" { writeFile(file, wanted(text)) }
        #expect(text == wanted(text), "\(path) is behind: FIELDBOOK_GOLDEN=1 tools/test --filter SettingsDocument")
    }

    @Test func `the table in the manual is the registry's`() throws {
        try expect("Sources/Documentation.docc/Operating.md") { text in
            let (begin, end) = ("| setting | what |", "\n\n")
            guard let start = text.range(of: begin),
                let stop = text.range(of: end, range: start.lowerBound..<text.endIndex)
            else { return "a table that begins with \(begin)" }
            return text.replacingCharacters(in: start.lowerBound..<stop.lowerBound, with: table.dropLast())
        }
    }

    @Test func `the default settings are the registry's, and say nothing until a person does`() throws {
        try expect("Config/fieldbook.conf") { _ in sample }
        let folder = TemporaryDirectory()
        writeFile(folder.file("f"), sample)
        let read = Settings(file: folder.file("f"))
        #expect(read.mistakes == [] && read.differences(from: Settings(variables: { _ in nil })).isEmpty)
        // Every line is right when it is let in.
        let open = sample.split(separator: "\n").filter { !$0.hasPrefix("# ") && !$0.hasSuffix("=") }.map {
            $0.hasPrefix("#") ? $0.dropFirst() : $0
        }
        writeFile(folder.file("g"), open.joined(separator: "\n"))
        #expect(Settings(file: folder.file("g")).mistakes == [])
    }
}
