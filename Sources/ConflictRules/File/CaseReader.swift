import PartnerModel

/// A case as the file has it, with its place.
struct ReadCase {
    let ruleCase: RuleCase
    let item: FileItem
    /// Where its strategy stands.
    let use: FileItem
}

extension RuleReader {
    /// Names that stand for decisions of another sort.
    private static let takenNames = [Judgement.equal, Judgement.limits] + GuardWord.allCases.map(\.rawValue)

    /// Reads one case of a rule.
    func ruleCase(of item: FileItem, _ edit: EditKind) throws(RuleFileError) -> ReadCase {
        let object = try item.object()
        let use = try object.required("use")
        let word: StrategyWord = try use.word("strategy")
        guard word != .guard else {
            throw use.error("guard is a step of its own", "write guards in the list \"guard\" of the rule")
        }
        guard word.edits.contains(edit) else {
            let fitting = StrategyWord.allCases.filter { $0.edits.contains(edit) }.map(\.rawValue)
            throw use.error(
                "\(word.rawValue) means nothing for \(edit.rawValue)", "use one of: \(fitting.joined(separator: ", "))")
        }
        try object.allowOnly(RuleReader.caseKeys + word.keys)
        let name = try object.required("name")
        if RuleReader.takenNames.contains(try name.name()) {
            throw name.error("\(try name.name()) stands for another decision", "give the case a name of its own")
        }
        let within = try object.optional("within")?.duration()
        let older = try object.optional("older-than")?.duration()
        if let within, let older, within <= older {
            throw item.error(
                "no edit is within \(DurationText.text(within)) and older than \(DurationText.text(older))",
                "leave one of the two out")
        }
        let ruleCase = RuleCase(
            name: try name.name(), conditions: try object.required("when").conditions(for: edit),
            strategy: try strategy(word, object), withinSeconds: within, olderThanSeconds: older)
        return ReadCase(ruleCase: ruleCase, item: item, use: use)
    }

    private func strategy(_ word: StrategyWord, _ object: FileObject) throws(RuleFileError) -> Strategy {
        switch word {
        case .clientWins: return .clientWins
        case .serverWins: return .serverWins
        case .lastWriter: return .lastWriter
        case .firstWriter: return .firstWriter
        case .fieldMerge: return .fieldMerge
        case .max: return .max
        case .min: return .min
        case .sumOfDeltas: return .sumOfDeltas
        case .strictestWins: return .strictestWins
        case .observedRemove: return .observedRemove
        case .appendOnly: return .appendOnly
        case .rebaseIntent: return .rebaseIntent(try drift(try object.required("tolerance")))
        case .tolerance:
            return .tolerance(
                amount: try object.required("amount").amount(),
                then: try object.required("then").word("end of a tolerated difference"))
        case .hold, .guard: return .hold
        }
    }

    /// `10%`, or an amount.
    private func drift(_ item: FileItem) throws(RuleFileError) -> Strategy.Drift {
        let value = try item.string()
        guard value.hasSuffix("%") else { return .amount(try item.amount()) }
        guard !value.hasPrefix("+"), let share = BasisPoints(percent: value.dropLast()), share.value > 0,
            share.value <= 10_000
        else {
            throw item.error("a share is expected", "write one above 0, such as \"10%\", or an amount such as \"50\"")
        }
        return .share(share)
    }
}

extension StrategyWord {
    /// Keys of the strategy's own values.
    package var keys: [String] {
        switch self {
        case .rebaseIntent: ["tolerance"]
        case .tolerance: ["amount", "then"]
        default: []
        }
    }
}
