import TerminalKit

/// What a person asks first: where things stand, what is new, and why something is not so.
extension CommandList {
    static let today = [
        CommandSpec(
            "home", "Shows how far you are in sync, what needs you and what changed; the same as fieldbook alone.",
            examples: ["fieldbook", "fieldbook home --json"]),
        CommandSpec(
            "news", "Lists what others did and what came since you last looked, and counts it as seen.",
            options: [
                OptionSpec("keep", "do not count it as seen"),
                OptionSpec(
                    "since", value: "DAYS", "of the last 1 to 365 days, whatever was seen; counts nothing as seen"),
                OptionSpec("limit", value: "N", "at most N of the newest lines (default: 200)"),
            ],
            examples: ["fieldbook news", "fieldbook news --since 7", "fieldbook news --keep --json"]),
        CommandSpec(
            "why", "Says why an edit, a customer or the whole replica is not in sync, and what to do.",
            arguments: ["[WHAT]"], examples: ["fieldbook why", "fieldbook why 3", "fieldbook why 'Atlas Freight'"]),
    ]
}
