/// Commands on events. Each is a program with arguments, split without a shell.
extension SettingSpec {
    static let hooks = [
        hook("conflict", "a conflict opened that you may decide"),
        hook("refused", "an edit of yours was refused for good"),
        hook("freeze", "a customer was frozen, not by you"),
        hook("quota", "much of the partner's consumption quota is used"),
        hook("budget", "75, 90 or 100 % of a customer's budget are used"),
        hook("login", "the server does not take the token"),
        hook("all", "an event came that has no command of its own"), hookTimeout,
    ]

    package static let hookTimeout = SettingSpec(
        "hooks", "timeout", .duration(1...300), default: "10s", "how long a command may take before it is ended",
        effect: .restart)

    private static func hook(_ key: String, _ when: String) -> SettingSpec {
        SettingSpec(
            "hooks", key, .text, "command to run when \(when)",
            details: """
                Program and arguments, parted by blanks; quotation marks and backslashes keep blanks, and nothing is \
                replaced. It reads the event as JSON on its standard input. Try it with: fieldbook hooks test.
                """, effect: .restart)
    }
}
