import TestKit
import Testing

@testable import Diagnostics

/// The list of settings, and the kinds of values.
@Suite struct SettingsRegistryTests {
    @Test func `every setting is documented, has a section, a value that it takes itself, and a variable of its own`() {
        let sections = SettingsRegistry.sections.map(\.name)
        var variables: [String] = ["FIELDBOOK_HOME", "FIELDBOOK_LOG"]
        for spec in SettingsRegistry.all {
            #expect(sections.contains(spec.section) && !spec.help.isEmpty && !spec.help.hasSuffix("."), "\(spec.name)")
            #expect(spec.details.isEmpty || spec.details.hasSuffix("."), "\(spec.name)")
            if let fallback = spec.fallback { #expect(spec.kind.complaint(fallback) == nil, "\(spec.name)") }
            #expect(!variables.contains(spec.variable) && SettingsRegistry.spec(spec.name) == spec, "\(spec.name)")
            variables.append(spec.variable)
        }
        for section in sections { #expect(!SettingsRegistry.specs(of: section).isEmpty, "\(section)") }
        #expect(SettingSpec.caFile.variable == "FIELDBOOK_TLS_CA_FILE")
    }

    @Test func `times and sizes have units, and nothing else is one`() {
        let times: [(String, Int64?)] = [
            ("0", 0), ("30s", 30), ("5m", 300), ("2h", 7200), ("7d", 604_800), ("30", nil), ("", nil), ("s", nil),
            ("1.5h", nil), ("-1s", nil), ("+1s", nil), ("1 s", nil), ("1S", nil), ("٣s", nil),
            ("9223372036854775807s", .max), ("9223372036854775807m", nil),
        ]
        for (text, seconds) in times { #expect(SettingKind.seconds(text) == seconds, "\(text)") }
        let sizes: [(String, Int64?)] = [
            ("0", 0), ("1", 1), ("2k", 2048), ("3M", 3_145_728), ("1G", 1_073_741_824), ("k", nil), ("1K", nil),
            ("1kB", nil), ("", nil),
        ]
        for (text, bytes) in sizes { #expect(SettingKind.bytes(text) == bytes, "\(text)") }
        #expect(SettingKind.size(1...10).complaint("2k")?.why == "2k is out of range")
        #expect(SettingKind.integer(1...10).complaint("11") != nil && SettingKind.integer(1...10).complaint("7") == nil)
        #expect(SettingKind.text.complaint("") != nil && SettingKind.text.complaint("x") == nil)
        #expect([0, 1, 60, 90, 3600, 86_400].map(SettingKind.time) == ["0s", "1s", "1m", "90s", "1h", "1d"])
    }

    @Test func `a message shows no more of a value than a line, and nothing that drives a terminal`() {
        let complaint = SettingKind.choice(["a"]).complaint("\u{1B}[2J" + String(repeating: "x", count: 5000))
        #expect((complaint?.why.count ?? .max) < 100 && complaint?.why.contains("\u{1B}") == false)
    }
}
