/// One setting: where it stands, what it may be, what it does. Help, checks, the manual and the table of the
/// documentation come from here.
package struct SettingSpec: Sendable, Hashable {
    /// When a change acts in a daemon that runs.
    package enum Effect: String, Sendable {
        /// With the next command.
        case nextCommand = "with the next command"
        /// When the daemon is told to read its settings again.
        case reload = "after a reload"
        case restart = "after a restart of the daemon"
    }

    package let section: String
    package let key: String
    package let kind: SettingKind
    /// The value where nobody gives one; nil for none.
    package let fallback: String?
    /// One line.
    package let help: String
    /// What surprises, in sentences; may be empty.
    package let details: String
    package let effect: Effect
    /// The key by which files without sections name it, and a variable that older versions read.
    package let oldKey: String?
    let oldVariable: String?

    package init(
        _ section: String, _ key: String, _ kind: SettingKind, default fallback: String? = nil, _ help: String,
        details: String = "", effect: Effect, oldKey: String? = nil, oldVariable: String? = nil
    ) {
        self.section = section
        self.key = key
        self.kind = kind
        self.fallback = fallback
        self.help = help
        self.details = details
        self.effect = effect
        self.oldKey = oldKey
        self.oldVariable = oldVariable
    }

    /// `section.key`.
    package var name: String { "\(section).\(key)" }

    /// The environment variable that outranks every file: `FIELDBOOK_SECTION_KEY`.
    package var variable: String {
        "FIELDBOOK_\(section)_\(key)".uppercased().split(separator: "-").joined(separator: "_")
    }
}

/// A section of the settings file.
package struct SettingSection: Sendable, Hashable {
    package let name: String
    /// One line.
    package let help: String
}

/// Every setting there is. One is added by a constant in an extension of `SettingSpec`, listed here.
package enum SettingsRegistry {
    package static let sections = [
        SettingSection(name: "server", help: "where the server is, and by what token it knows this machine"),
        SettingSection(name: "sync", help: "how the daemon follows the server"),
        SettingSection(name: "network", help: "what the link may carry"),
        SettingSection(name: "log", help: "what the daemon writes to its log"),
        SettingSection(name: "privacy", help: "what commands show of people"),
        SettingSection(name: "hooks", help: "commands of yours that the daemon runs on events"),
        SettingSection(name: "tls", help: "whom an https server must prove to be, and who we are to it"),
    ]

    package static let all: [SettingSpec] =
        SettingSpec.server + SettingSpec.daemon + SettingSpec.network + SettingSpec.hooks + SettingSpec.tls

    /// The settings of a section, in their order.
    package static func specs(of section: String) -> [SettingSpec] { all.filter { $0.section == section } }

    package static func spec(_ name: String) -> SettingSpec? { all.first { $0.name == name } }

    /// The whole name of a key that stands before any section, as older versions wrote it.
    static func name(ofOldKey key: String) -> String? { all.first { $0.oldKey == key }?.name }

    /// The setting that a mistyped name most likely meant: by its whole name, by its key, or in another section.
    package static func nearest(_ name: String) -> String? {
        let key = name.split(separator: ".", maxSplits: 1).last.map(String.init) ?? name
        if let same = all.first(where: { $0.key == key }) { return same.name }
        return NearestName.of(name, among: all.map(\.name))
            ?? NearestName.of(key, among: all.map(\.key)).flatMap { near in all.first { $0.key == near }?.name }
    }
}
