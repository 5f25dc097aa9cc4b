import ConflictRules
import PartnerModel
import ReplicaStore
import SyncProtocol

/// Why an edit is held, step by step as its rule went.
extension DeskStory {
    func explain(_ text: inout DeskText) {
        head(&text)
        text.blank()
        var step = 0
        func tell(_ words: String, _ text: inout DeskText) {
            step += 1
            text.line("\(step). \(words)", hanging: 3)
        }
        tell("What was asked. \(DeskStory.sentence(mineWords))", &text)
        tell("What was found. \(foundWords)", &text)
        guards(&text, &step)
        tell("Which case decided. \(caseWords)", &text)
        others(&text)
        if conflict.isOpen {
            tell("What a decision would do now.", &text)
            for (command, meaning) in commands {
                text.line("\(DeskStory.choice(command)): \(meaning)", indent: 3, hanging: 2)
            }
            if let decision { text.line("Your edit \(decision.value) decides it and waits for the server.", indent: 3) }
            tell("What happens otherwise. \(DeskStory.sentence(deadlineWords))", &text)
        } else {
            tell("How it ended. \(DeskStory.sentence(decidedWords))", &text)
        }
    }

    private var foundWords: String {
        let sides =
            "Its author saw \(DeskFields.text(conflict.base)); what stood was \(DeskFields.text(conflict.theirs))"
        let by = conflict.theirsBy.map { " by \(who($0))" } ?? ""
        let at = conflict.theirsAt.map { ", \(DeskTime.moment($0))" } ?? ""
        guard let facts = conflict.facts else {
            return "\(sides)\(by)\(at). What else the server knew was not recorded."
        }
        return facts.isIntact
            ? "Nobody had changed the \(name) since its author looked: \(DeskFields.text(conflict.theirs))."
            : "The \(name) had been changed since its author looked. \(sides)\(by)\(at)."
    }

    private func guards(_ text: inout DeskText, _ step: inout Int) {
        step += 1
        let readings = conflict.facts?.guards ?? []
        guard !readings.isEmpty else {
            return text.line("\(step). What was asked before. No guard is on record.", hanging: 3)
        }
        text.line("\(step). What was asked before, in order, and what was read.", hanging: 3)
        for reading in readings {
            let words = "\(DeskStory.words(of: reading)) - whether \(DeskRuleWords.asks(reading.name))"
            text.line(words, indent: 3, hanging: 2)
        }
    }

    private var caseWords: String {
        var words = "\(conflict.rule), of rules \(conflict.rulesVersion)"
        if let meaning = DeskRuleWords.meaning(conflict.rule, rules, conflict.mine.kind, seen: conflict.base) {
            words += ": \(meaning)."
        } else {
            words += ", which the rules at hand do not have."
        }
        if Int64(rules.version) != conflict.rulesVersion {
            words += " These words are those of rules \(rules.version), which this replica has."
        }
        return words
    }

    private func others(_ text: inout DeskText) {
        let others = rules.rule(for: conflict.mine.kind).combine.filter { $0.name != conflict.rule }
        guard !others.isEmpty else { return }
        text.line("The other cases, of which the first that fits decides:", indent: 3)
        for other in others {
            let words = "\(other.name): \(DeskRuleWords.when(other)), \(DeskRuleWords.does(other.strategy))"
            text.line(words, indent: 3, hanging: 2)
        }
    }

    private static func choice(_ command: String) -> String {
        command.split(separator: " ").dropFirst(4).joined(separator: " ")
    }

    /// With a capital letter and a full stop.
    private static func sentence(_ words: String) -> String {
        (words.first.map { $0.uppercased() } ?? "") + words.dropFirst() + "."
    }
}
