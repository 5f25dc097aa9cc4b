import Diagnostics
import Hooks
import TerminalKit

extension Context {
    /// All settings as they stand, wrong ones left out.
    func settings() -> Settings { Settings(paths) }

    // MARK: config check

    /// `config check [FILE]`: every mistake of the files that count, or of one that is to become one.
    func checkConfig() throws(UserError) -> Answer {
        let settings: Settings
        if let file = command.arguments.first {
            guard SecureFile.exists(file) else {
                throw UserError(
                    .refused, what: "cannot check \(file)", why: "there is no such file", next: "check the path")
            }
            settings = Settings(file: file, home: paths.home)
        } else {
            settings = self.settings()
        }
        let mistakes = settings.mistakes + Context.unusableHooks(settings) + settings.missingFiles
        var answer = Answer(exitCode: mistakes.isEmpty ? .done : .settings)
        answer.text = mistakes.map { mistake in
            let place = mistake.line.map { "\(mistake.place):\($0)" } ?? mistake.place
            return VisibleText.escape("\(place): \(mistake.why)") + "\n  " + VisibleText.escape(mistake.next) + "\n"
        }.joined()
        if mistakes.isEmpty { answer.text = "no mistake found\n" }
        answer.notes = settings.files.map { "\($0.isThere ? "read" : "not there"): \($0.path)" }
        answer.json["ok"] = .bool(mistakes.isEmpty)
        answer.json["files"] = Context.files(settings)
        answer.json["mistakes"] = .array(
            mistakes.map {
                .object([
                    "place": .text($0.place), "line": .optional($0.line.map(Int64.init)), "why": .text($0.why),
                    "next": .text($0.next),
                ])
            })
        return answer
    }

    /// Commands on events that can't be run as they stand. The daemon does without them.
    private static func unusableHooks(_ settings: Settings) -> [SettingsMistake] {
        HookSettings(settings).flaws.compactMap { flaw in
            guard let spec = SettingsRegistry.spec(flaw.key) else { return nil }
            let next = "mend the command; try it with: fieldbook hooks test"
            switch settings.value(spec).origin {
            case .file(let path, let line):
                return SettingsMistake(path, line: line, "\(flaw.key): \(flaw.why)", next: next)
            case .variable(let name): return SettingsMistake(name, line: nil, flaw.why, next: next)
            case .builtIn: return nil
            }
        }
    }

    private static func files(_ settings: Settings) -> JSONOutput {
        .array(settings.files.map { .object(["path": .text($0.path), "exists": .bool($0.isThere)]) })
    }

    // MARK: config show

    /// `config show`: each setting, its value and where that comes from.
    func showConfig() -> Answer {
        let settings = settings()
        var table = Table([.init("SETTING"), .init("VALUE"), .init("FROM")])
        var values: [JSONOutput] = []
        for spec in SettingsRegistry.all {
            let value = settings.value(spec)
            table.add([spec.name, value.shown ?? "-", value.text == nil ? "-" : value.origin.text])
            values.append(
                .object([
                    "name": .text(spec.name), "value": .optional(value.shown),
                    "from": value.text == nil ? .null : .text(value.origin.text), "variable": .text(spec.variable),
                ]))
        }
        let isToken = TokenSource.isThere(paths, settings)
        table.add(["(token)", isToken ? "there, not shown" : "-", "-"])
        var answer = Answer(text: table.render(width: terminal.width))
        answer.notes = settings.files.map { "\($0.isThere ? "read" : "not there"): \($0.path)" }
        if !settings.mistakes.isEmpty {
            answer.notes.append("some lines cannot be used and are left out: fieldbook config check")
        }
        answer.json = [
            "settings": .array(values), "files": Context.files(settings), "token": .bool(isToken),
            "ok": .bool(settings.mistakes.isEmpty),
        ]
        return answer
    }

    // MARK: config explain

    /// `config explain [KEY]`: what there is to set; about one setting or section all that is to know.
    func explainConfig() throws(UserError) -> Answer {
        guard let word = command.arguments.first else { return Context.listSettings(SettingsRegistry.all) }
        let section = SettingsRegistry.specs(of: word)
        if !section.isEmpty { return Context.listSettings(section) }
        let sameKey = SettingsRegistry.all.filter { $0.key == word }
        guard let spec = SettingsRegistry.spec(word) ?? (sameKey.count == 1 ? sameKey[0] : nil) else {
            throw UserError(
                .refused, what: "cannot explain \(word)", why: "there is no such setting",
                next: SettingsRegistry.nearest(word).map { "did you mean \($0)?" }
                    ?? "list all with: fieldbook config explain")
        }
        let value = settings().value(spec)
        var lines = [
            ("what", "\(spec.help)"), ("values", spec.kind.words), ("default", spec.fallback ?? "none"),
            ("now", value.shown.map { "\($0) (\(value.origin.text))" } ?? "not set"), ("variable", spec.variable),
            ("acts", spec.effect.rawValue),
        ]
        if !spec.details.isEmpty { lines.append(("more", spec.details)) }
        var answer = Answer(text: "[\(spec.section)]\n\(spec.key) = \(spec.fallback ?? "…")\n\n")
        for (name, text) in lines {
            let head = name + String(repeating: " ", count: 10 - name.count)
            answer.text += head + TextWidth.wrapped(text, columns: 80 - 10).joined(separator: "\n          ") + "\n"
        }
        answer.json = Context.json(spec)
        answer.json["value"] = .optional(value.shown)
        return answer
    }

    private static func listSettings(_ specs: [SettingSpec]) -> Answer {
        var answer = Answer()
        for section in SettingsRegistry.sections {
            let own = specs.filter { $0.section == section.name }
            guard !own.isEmpty else { continue }
            answer.text += "\(answer.text.isEmpty ? "" : "\n")[\(section.name)]  \(section.help)\n"
            for spec in own {
                let head = "  " + spec.key + String(repeating: " ", count: max(2, 20 - spec.key.count))
                answer.text +=
                    head
                    + TextWidth.wrapped(spec.help, columns: 58).joined(
                        separator: "\n" + String(repeating: " ", count: 22)) + "\n"
            }
        }
        answer.json["settings"] = .array(specs.map { .object(json($0)) })
        answer.notes.append("more about one of them: fieldbook config explain SECTION.KEY")
        return answer
    }

    private static func json(_ spec: SettingSpec) -> [String: JSONOutput] {
        [
            "name": .text(spec.name), "help": .text(spec.help), "values": .text(spec.kind.words),
            "default": .optional(spec.fallback), "variable": .text(spec.variable), "acts": .text(spec.effect.rawValue),
            "details": .text(spec.details),
        ]
    }
}
