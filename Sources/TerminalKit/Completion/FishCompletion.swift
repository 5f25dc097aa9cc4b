extension CommandTable {
    /// Completions for fish 3 or newer.
    func fishCompletions() -> String {
        let name = "_" + function
        var text = """
            # fish completion of \(program); made by: \(program) completion fish
            function \(name)_words
                set -l skip 0
                for word in (commandline -opc)[2..-1]
                    if test $skip = 1
                        set skip 0
                        continue
                    end
                    switch $word
                        case \(valuedPatterns(" "))
                            set skip 1
                        case '-*'
                        case '*'
                            printf '%s\\n' $word
                    end
                end
            end
            # The words are exactly these.
            function \(name)_at
                set -l words (\(name)_words)
                test "$words" = "$argv"
            end
            # The words begin with these; with a number first there are so many of them.
            function \(name)_in
                set -l words (\(name)_words)
                set -l count -1
                if string match -qr '^[0-9]+$' -- $argv[1]
                    set count $argv[1]
                    set -e argv[1]
                end
                set -l length (count $argv)
                test (count $words) -ge $length; or return 1
                test $count = -1; or test (count $words) = $count; or return 1
                test "$words[1..$length]" = "$argv"
            end
            complete -c \(program) -f

            """
        for option in globals { text += "complete -c \(program)\(fish(option))\n" }
        for next in nextWords {
            for (word, help) in next.words {
                let condition = "\(name)_at \(next.after.joined(separator: " "))".trimmed
                text += "complete -c \(program) -n '\(condition)' -a \(word) -d \(quoted(help))\n"
            }
        }
        for command in allCommands {
            for option in command.options {
                text += "complete -c \(program) -n '\(name)_in \(command.name)'\(fish(option))\n"
            }
            for (index, argument) in command.arguments.enumerated() {
                let condition = "-n '\(name)_in \(command.path.count + index) \(command.name)'"
                switch Values(argument, index == 0 ? command.choices : []) {
                case .files, .folders: text += "complete -c \(program) \(condition) -F\n"
                case .words(let words):
                    text += "complete -c \(program) \(condition) -a \(quoted(words.joined(separator: " ")))\n"
                case .free: break
                }
            }
        }
        return text
    }

    private func fish(_ option: OptionSpec) -> String {
        var text = " -l \(option.name) -d \(quoted(option.help))"
        guard let value = option.value else { return text }
        switch Values(value, option.choices) {
        case .files, .folders: text += " -r -F"
        case .words(let words): text += " -x -a \(quoted(words.joined(separator: " ")))"
        case .free: text += " -x"
        }
        return text
    }

    private func quoted(_ text: String) -> String {
        var quoted = ""
        for character in text { quoted += character == "'" || character == "\\" ? "\\\(character)" : String(character) }
        return "'\(quoted)'"
    }
}

extension String {
    fileprivate var trimmed: String { hasSuffix(" ") ? String(dropLast()) : self }
}
