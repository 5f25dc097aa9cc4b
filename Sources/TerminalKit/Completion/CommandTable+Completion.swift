/// A shell that completes commands.
enum Shell: String, CaseIterable {
    case bash, zsh, fish
}

/// What completions of any shell are made from.
extension CommandTable {
    func completions(for shell: Shell) -> String {
        switch shell {
        case .bash: bashCompletions()
        case .zsh: zshCompletions()
        case .fish: fishCompletions()
        }
    }

    /// What a value can be.
    enum Values {
        case files, folders
        case words([String])
        case free

        /// By the name that the help gives it.
        init(_ name: String, _ choices: [String]) {
            let name = name.split(whereSeparator: { "[]".contains($0) }).first.map(String.init) ?? ""
            if !choices.isEmpty {
                self = .words(choices)
            } else {
                switch name {
                case "FILE", "OUT": self = .files
                case "DIR": self = .folders
                default: self = .free
                }
            }
        }
    }

    /// The name of a shell function of this program.
    var function: String { "_" + program.split(separator: "-").joined(separator: "_") }

    /// Options that take a value, of any command; each with what it can be.
    var valuedOptions: [(option: String, values: Values)] {
        var seen: [String] = []
        var found: [(String, Values)] = []
        for option in allCommands.flatMap(\.options) + globals {
            guard let value = option.value, !seen.contains(option.name) else { continue }
            seen.append(option.name)
            found.append(("--\(option.name)", Values(value, option.choices)))
        }
        return found
    }

    /// The same as patterns of a shell's case; one that no word fits where there are none.
    func valuedPatterns(_ separator: String) -> String {
        let options = valuedOptions.map(\.option)
        return options.isEmpty ? "'--'" : options.joined(separator: separator)
    }

    /// The words that may follow after words that are no whole command yet, in the order of the table: after nothing,
    /// after `customers`. Each with a sentence; that of a group names its commands.
    var nextWords: [(after: [String], words: [(word: String, help: String)])] {
        var found: [(after: [String], words: [(word: String, help: String)])] = []
        for command in allCommands {
            for count in command.path.indices {
                let after = Array(command.path[..<count])
                let word = command.path[count]
                let isWhole = count == command.path.count - 1
                let place = found.firstIndex { $0.after == after } ?? found.count
                if place == found.count { found.append((after, [])) }
                if let old = found[place].words.firstIndex(where: { $0.word == word }) {
                    if isWhole { found[place].words[old].help = command.summary }
                } else {
                    found[place].words.append((word, isWhole ? command.summary : "Commands for \(word)."))
                }
            }
        }
        return found
    }

    /// Commands with the longest path first, so that the first that fits is the one.
    var longestFirst: [CommandSpec] {
        allCommands.enumerated().sorted {
            ($1.element.path.count, $0.offset) < ($0.element.path.count, $1.offset)
        }.map(\.element)
    }
}
