extension CommandTable {
    /// Completions for zsh, for a folder of its `fpath` under the name `_PROGRAM`, or to be sourced.
    func zshCompletions() -> String {
        """
        #compdef \(program)
        # zsh completion of \(program); made by: \(program) completion zsh
        \(function)() {
            local word i
            local -a plain candidates
            for (( i = 2; i < CURRENT; i++ )); do
                word=${words[i]}
                case $word in
                    (\(valuedPatterns("|"))) (( i++ )) ;;
                    (-*) ;;
                    (*) plain+=("$word") ;;
                esac
            done
            case ${words[CURRENT-1]} in
        \(valuedOptions.map { "        (\($0.option)) \(zsh($0.values)); return ;;\n" }.joined())    esac
            case "${plain[*]} " in
        \(longestFirst.map(zsh).joined())\(nextWords.map(zsh).joined())    esac
        }
        if [[ $funcstack[1] == _\(program) ]]; then
            \(function) "$@"
        else
            compdef \(function) \(program)
        fi

        """
    }

    private func zsh(_ values: Values) -> String {
        switch values {
        case .files: "_files"
        case .folders: "_files -/"
        case .words(let words): "compadd -- \(words.joined(separator: " "))"
        case .free: ":"
        }
    }

    private func zsh(_ command: CommandSpec) -> String {
        var branch = """
                    ('\(command.name) '*)
                        if [[ $PREFIX == -* ]]; then
                            candidates=(\(described((command.options + globals).map { ("--\($0.name)", $0.help) })))
                            _describe -o option candidates

            """
        for (index, argument) in command.arguments.enumerated() {
            let values = Values(argument, index == 0 ? command.choices : [])
            if case .free = values { continue }
            branch += "            elif (( $#plain == \(command.path.count + index) )); then \(zsh(values))\n"
        }
        return branch + "            fi\n            ;;\n"
    }

    private func zsh(_ next: (after: [String], words: [(word: String, help: String)])) -> String {
        """
                ('\(next.after.joined(separator: " ")) ')
                    if [[ $PREFIX == -* ]]; then
                        candidates=(\(described(globals.map { ("--\($0.name)", $0.help) })))
                        _describe -o option candidates
                    else
                        candidates=(\(described(next.words.map { ($0.word, $0.help) })))
                        _describe command candidates
                    fi
                    ;;

        """
    }

    /// Words with what they are, as `_describe` takes them.
    private func described(_ entries: [(String, String)]) -> String {
        entries.map { word, help in
            var text = ""
            for character in help {
                text += character == "'" ? "'\\''" : character == "\\" ? "\\\\" : String(character)
            }
            return "'\(word):\(text)'"
        }.joined(separator: " ")
    }
}
