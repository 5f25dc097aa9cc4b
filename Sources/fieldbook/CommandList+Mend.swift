import TerminalKit

extension CommandList {
    /// What to do when something is wrong.
    static let mend = [
        CommandSpec(
            "doctor", "Looks over this machine: clock, disk, files, network, token, versions.",
            options: [OptionSpec("deep", "look through the whole image too, which takes longer")],
            examples: ["fieldbook doctor", "fieldbook doctor --deep --json"]),
        CommandSpec(
            "bugreport", "Writes a report without names, amounts and secrets; sends nothing.", arguments: ["[FILE]"],
            options: [OptionSpec("force", "replace the file")],
            examples: ["fieldbook bugreport", "fieldbook bugreport report.tar --force"]),
        CommandSpec(
            "hooks test", "Runs the command that is set for an event, on a made-up one.", arguments: ["EVENT"],
            examples: ["fieldbook hooks test conflict", "fieldbook hooks test budget --json"]),
    ]
}
