import Glibc

/// What all settings come to: built-in values, the system's file, the person's, the current member's, the environment;
/// the later of them wins. What is wrong is kept as a mistake and counts as not said.
package struct Settings: Sendable, Hashable {
    /// Where a value comes from.
    package enum Origin: Sendable, Hashable {
        case builtIn
        case file(String, line: Int)
        case variable(String)

        package var text: String {
            switch self {
            case .builtIn: "built in"
            case .file(let path, let line): "\(path) line \(line)"
            case .variable(let name): "variable \(name)"
            }
        }
    }

    /// The value of one setting.
    package struct Value: Sendable, Hashable {
        package let spec: SettingSpec
        /// Nil when nobody gives one and none is built in.
        package let text: String?
        package let origin: Origin

        /// The value for people: what an address says of a person or a password is left out.
        package var shown: String? {
            guard spec.kind.isAddress, let text, let at = text.lastIndex(of: "@"),
                let scheme = text.range(ofText: "://")
            else { return text }
            return "\(text[..<scheme])***\(text[at...])"
        }
    }

    /// A file that was looked for.
    package struct File: Sendable, Hashable {
        package let path: String
        package let isThere: Bool
    }

    private var values: [String: Value]
    package private(set) var mistakes: [SettingsMistake] = []
    /// In the order in which they count.
    package private(set) var files: [File] = []
    private let home: String

    /// Reads every layer. A file that is not there is no mistake.
    package init(_ paths: Paths, environment: (String) -> String? = Paths.variable) {
        home = paths.home
        values = Settings.builtIn
        for path in paths.settingsFiles { read(path) }
        for spec in SettingsRegistry.all { read(spec, environment) }
    }

    /// What variables alone say, for a program that has no settings file. A value that is none counts as not said.
    package init(variables: (String) -> String?) {
        home = "/"
        values = Settings.builtIn
        for spec in SettingsRegistry.all { read(spec, variables) }
    }

    /// Reads one file alone, as if it were the only one.
    package init(file path: String, home: String = "/") {
        self.home = home
        values = Settings.builtIn
        read(path)
    }

    private static var builtIn: [String: Value] {
        Dictionary(
            uniqueKeysWithValues: SettingsRegistry.all.map {
                ($0.name, Value(spec: $0, text: $0.fallback, origin: .builtIn))
            })
    }

    private mutating func read(_ path: String) {
        let isThere = SecureFile.exists(path)
        files.append(File(path: path, isThere: isThere))
        guard isThere else { return }
        let bytes: [UInt8]
        do { bytes = try SecureFile.read(path, limit: SettingsFile.bytesMax) } catch {
            mistakes.append(SettingsMistake(path, line: nil, error.why, next: error.next))
            return
        }
        let parsed = SettingsParser.parse(bytes, path: path)
        var found = parsed.mistakes
        for line in parsed.file.lines { if let mistake = take(line, of: path) { found.append(mistake) } }
        mistakes += found.sorted { ($0.line ?? 0) < ($1.line ?? 0) }
    }

    private mutating func take(_ line: SettingsFile.Line, of path: String) -> SettingsMistake? {
        func mistake(_ why: String, _ next: String) -> SettingsMistake {
            SettingsMistake(path, line: line.number, why, next: next)
        }
        if line.section == SettingsParser.unreadable { return nil }
        let sections = SettingsRegistry.sections.map(\.name)
        if line.isHeading, let section = line.section, !sections.contains(section) {
            let near = NearestName.of(section, among: sections).map { "did you mean [\($0)]?" }
            return mistake("there is no section [\(section)]", near ?? "there are: \(sections.joined(separator: ", "))")
        }
        guard let key = line.key, let name = line.name else { return nil }
        guard let spec = SettingsRegistry.spec(name), line.section != nil || key != name else {
            // Its heading was told already.
            if let section = line.section, !sections.contains(section) { return nil }
            let near = SettingsRegistry.nearest(name).flatMap(SettingsRegistry.spec)
            return mistake(
                "there is no setting \(line.section.map { "\(key) in [\($0)]" } ?? "\(key) before the first section")",
                near.map { "did you mean \($0.key) in [\($0.section)]?" } ?? "list all with: fieldbook config explain")
        }
        if let complaint = spec.kind.complaint(line.text) {
            return mistake("\(spec.name): \(complaint.why)", complaint.next)
        }
        values[spec.name] = Value(spec: spec, text: line.text, origin: .file(path, line: line.number))
        return nil
    }

    private mutating func read(_ spec: SettingSpec, _ environment: (String) -> String?) {
        if let old = spec.oldVariable, let text = environment(old), spec.kind.complaint(text) == nil {
            // A word that was none was never an error there.
            values[spec.name] = Value(spec: spec, text: text, origin: .variable(old))
        }
        guard let text = environment(spec.variable), !text.isEmpty else { return }
        guard !text.unicodeScalars.contains(where: VisibleText.isUnsafe) else {
            mistakes.append(
                SettingsMistake(
                    spec.variable, line: nil, "it holds a control character", next: "write the value as plain text"))
            return
        }
        if let complaint = spec.kind.complaint(text) {
            mistakes.append(SettingsMistake(spec.variable, line: nil, complaint.why, next: complaint.next))
        } else {
            values[spec.name] = Value(spec: spec, text: text, origin: .variable(spec.variable))
        }
    }

    /// The same, if nothing is wrong; else the first mistake, with how many more there are.
    package func checked() throws(UserError) -> Settings {
        guard let first = mistakes.first else { return self }
        let error = first.error
        guard mistakes.count > 1 else { throw error }
        throw UserError(
            .settings, what: error.what, why: error.why,
            next: "\(error.next); see all \(mistakes.count) mistakes with: fieldbook config check")
    }

    /// Files that the settings name and that can't be read; nobody reads them before they are needed.
    package var missingFiles: [SettingsMistake] {
        SettingsRegistry.all.filter { $0.kind == .path }.compactMap { spec in
            guard let path = path(spec), access(path, R_OK) != 0 else { return nil }
            let why = "\(spec.name) names \(path): \(String(cString: strerror(errno)))"
            switch value(spec).origin {
            case .file(let file, let line):
                return SettingsMistake(file, line: line, why, next: "check the path and its permissions")
            case .variable(let name):
                return SettingsMistake(name, line: nil, why, next: "check the path and its permissions")
            case .builtIn: return nil
            }
        }
    }

    // MARK: Values

    package func value(_ spec: SettingSpec) -> Value {
        values[spec.name] ?? Value(spec: spec, text: spec.fallback, origin: .builtIn)
    }

    /// The text of a value; nil when there is none.
    package func text(_ spec: SettingSpec) -> String? { value(spec).text }

    /// A path with the home folder in place of `~`.
    package func path(_ spec: SettingSpec) -> String? {
        text(spec).map { $0.hasPrefix("~/") ? home + $0.dropFirst() : $0 }
    }

    package func flag(_ spec: SettingSpec) -> Bool { text(spec).flatMap(SettingKind.flag) ?? false }

    /// A time; the setting must have one built in.
    package func duration(_ spec: SettingSpec) -> Duration {
        guard let seconds = text(spec).flatMap(SettingKind.seconds) else {
            preconditionFailure("\(spec.name) has no time built in")
        }
        return .seconds(seconds)
    }

    /// A number of bytes; the setting must have one built in.
    package func bytes(_ spec: SettingSpec) -> Int64 {
        guard let bytes = text(spec).flatMap(SettingKind.bytes) else {
            preconditionFailure("\(spec.name) has no size built in")
        }
        return bytes
    }

    /// The names of settings whose values differ, in the order of the registry.
    package func differences(from other: Settings) -> [SettingSpec] {
        SettingsRegistry.all.filter { text($0) != other.text($0) }
    }
}

extension String {
    /// The end of the first occurrence of a text.
    fileprivate func range(ofText text: String) -> Index? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
