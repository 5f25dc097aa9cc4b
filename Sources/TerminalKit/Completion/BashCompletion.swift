extension CommandTable {
    /// Completions for bash 4 or newer, without the helpers of the package bash-completion.
    func bashCompletions() -> String {
        """
        # bash completion of \(program); made by: \(program) completion bash
        \(function)() {
            local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word i
            local -a plain=() candidates=()
            COMPREPLY=()
            # bash takes --option=value apart at '='.
            if [[ $cur == = ]]; then cur=; elif [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD - 2]}; fi
            for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                case $word in
                    \(valuedPatterns(" | ")))
                        i=$((i + 1))
                        [[ ${COMP_WORDS[i]} != = ]] || i=$((i + 1))
                        ;;
                    -*) ;;
                    *) plain+=("$word") ;;
                esac
            done
            case $previous in
        \(valuedOptions.map { "        \($0.option)) \(bash($0.values)); return ;;\n" }.joined())    esac
            case "${plain[*]} " in
        \(longestFirst.map(bash).joined())\(nextWords.map(bash).joined())    esac
            mapfile -t COMPREPLY < <(compgen -W "${candidates[*]}" -- "$cur")
        }
        complete -F \(function) \(program)

        """
    }

    private func bash(_ values: Values) -> String {
        switch values {
        case .files: "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")"
        case .folders: "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")"
        case .words(let words):
            "mapfile -t COMPREPLY < <(compgen -W '\(words.joined(separator: " "))' -- \"$cur\")"
        case .free: ":"
        }
    }

    /// The branch of a whole command: its options, or what its next argument can be.
    private func bash(_ command: CommandSpec) -> String {
        let options = (command.options + globals).map { "--\($0.name)" }.joined(separator: " ")
        var branch = "        '\(command.name) '*)\n            if [[ $cur == -* ]]; then candidates=(\(options))\n"
        for (index, argument) in command.arguments.enumerated() {
            let values = Values(argument, index == 0 ? command.choices : [])
            if case .free = values { continue }
            branch +=
                "            elif ((${#plain[@]} == \(command.path.count + index))); then \(bash(values)); return\n"
        }
        return branch + "            fi\n            ;;\n"
    }

    /// The branch of words that are no whole command yet.
    private func bash(_ next: (after: [String], words: [(word: String, help: String)])) -> String {
        let globals = globals.map { "--\($0.name)" }.joined(separator: " ")
        let words = next.words.map(\.word).joined(separator: " ")
        return """
                    '\(next.after.joined(separator: " ")) ')
                        if [[ $cur == -* ]]; then candidates=(\(globals)); else candidates=(\(words)); fi
                        ;;

            """
    }
}
