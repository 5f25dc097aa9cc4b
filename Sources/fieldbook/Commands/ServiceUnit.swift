/// The unit by which systemd runs the daemon of a person. `Config/fieldbook.service` is this text for a program in
/// `/usr/bin`; a test keeps them equal.
///
/// It asks for nothing that a manager without privileges can't give: no file system of its own, which needs user
/// namespaces, and those are switched off on some machines.
enum ServiceUnit {
    static let name = "fieldbook.service"

    /// - Parameters: the daemon's path; variables that the commands of this person work with.
    static func text(program: String, variables: [(name: String, value: String)] = []) -> String {
        let environment = variables.map { "Environment=\(quoted("\($0.name)=\($0.value)"))\n" }.joined()
        return """
            # The sync daemon of one person. Changed by: systemctl --user edit fieldbook
            [Unit]
            Description=Fieldbook, keeps a partner's customers, bills and coupons in sync
            Documentation=man:fieldbookd(1)

            [Service]
            Type=notify
            NotifyAccess=main
            ExecStart=\(quoted(program)) run
            ExecReload=/bin/kill -HUP $MAINPID
            \(environment)# Opening a replica after a power cut may take a while; the daemon ends within seconds.
            TimeoutStartSec=11min
            TimeoutStopSec=30s
            # Signs of life come only while the engine works.
            WatchdogSec=5min
            Restart=on-failure
            RestartSec=5s
            # Settings are missing or wrong: only a person can help.
            RestartPreventExitStatus=78
            # Nobody else reads what it writes, and no dump holds the token.
            UMask=0077
            LimitCORE=0
            NoNewPrivileges=yes
            LockPersonality=yes
            MemoryDenyWriteExecute=yes
            RestrictRealtime=yes
            RestrictSUIDSGID=yes
            RestrictNamespaces=yes
            # Sockets of the server and its names, of the commands, and of the kernel's news of links.
            RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
            SystemCallArchitectures=native
            SystemCallFilter=@system-service
            SystemCallErrorNumber=EPERM

            [Install]
            WantedBy=default.target

            """
    }

    /// A word of a unit (systemd.service(5), systemd.unit(5)): plain when it can be, else in quotes, and never with a
    /// specifier in it. In the path of a program and in a variable's value a '$' means itself.
    static func quoted(_ word: String) -> String {
        var escaped = ""
        for scalar in word.unicodeScalars {
            switch scalar {
            case "%": escaped += "%%"
            case "\"", "\\": escaped += "\\\(scalar)"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        let isPlain = word.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "'") && $0 != UInt8(ascii: ";") }
        return isPlain && escaped == word ? word : "\"\(escaped)\""
    }
}
