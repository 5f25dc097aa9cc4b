import Diagnostics
import Digests
import LedgerStore
import PartnerModel
import SyncServer
import TerminalKit

extension ServerContext {
    /// `init`.
    func initialize() throws {
        let account = command.option("admin") ?? "admin"
        let token = try folder.initialize(
            partnerName: command.option("partner") ?? "Example Partner", account: account, currency: try currency(),
            clock: SystemClock(),
            chance: SystemChance())
        try hand(token, for: account)
        terminal.writeError("next: fieldbook-server serve --data \(folder.path)\n")
    }

    /// `partner add NAME`.
    func addPartner() throws {
        let account = command.option("admin") ?? "admin"
        let name = command.arguments[0]
        guard (1...128).contains(name.utf8.count) else {
            throw usage("NAME has no fitting length", "give 1 to 128 bytes")
        }
        let (partner, token) = try folder.addPartner(
            name: name, account: account, currency: try currency(), clock: SystemClock(), chance: SystemChance())
        try hand(token, for: account)
        terminal.writeError("its id is \(partner); give it to other commands with --partner \(partner)\n")
    }

    /// `partner list`.
    func listPartners() throws {
        let partners = try folder.openDirectory().partnerNames()
        var table = Table([.init("ID", yielding: .never), .init("NAME")])
        for (partner, name) in partners { table.add([partner, VisibleText.escape(name)]) }
        let json = partners.map { JSONOutput.object(["id": .text($0.partner), "name": .text($0.name)]) }
        show(["partners": .array(json)], table.render(for: terminal))
    }

    private func currency() throws(UserError) -> String {
        let currency = command.option("currency") ?? "USD"
        guard currency.utf8.count == 3, currency.utf8.allSatisfy({ (65...90).contains($0) }) else {
            throw UserError(
                .usage, what: "cannot use --currency \(currency.prefix(10))", why: "it is not three capital letters",
                next: "for example --currency USD")
        }
        return currency
    }

    /// `member add ACCOUNT`.
    func addMember() throws {
        let plan = try memberPlan()
        try hand(
            try folder.addMember(plan, clock: SystemClock(), chance: SystemChance()), for: plan.account)
    }

    /// `member role ACCOUNT`.
    func setRoles() throws {
        let plan = try memberPlan()
        if !plan.rights.roles.contains(.administrator) { try checkAdministrators(without: plan.account) }
        try folder.setRights(plan, clock: SystemClock())
        let (roles, items) = (plan.rights.roles.map(\.rawValue), plan.rights.items.map(\.rawValue))
        show(
            [
                "account": .text(plan.account), "items": .array(items.map { .text($0) }),
                "roles": .array(roles.map { .text($0) }),
            ],
            "\(plan.account): \(roles.joined(separator: ", ")) with \(items.joined(separator: ", "))\n")
    }

    private func memberPlan() throws -> MemberPlan {
        func list(_ name: String) -> [String] {
            (command.option(name) ?? "").split(separator: ",").map { String($0) }
        }
        func words<Word: RawRepresentable & CaseIterable>(_ name: String, _ type: Word.Type) throws -> [Word]
        where Word.RawValue == String {
            try list(name).map { text in
                guard let word = Word(rawValue: text) else {
                    let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
                    throw usage("--\(name) names \(text.prefix(40)), which is unknown", "give some of: \(known)")
                }
                return word
            }
        }
        let roles = try words("role", MemberRole.self)
        let items = command.option("items") == nil ? nil : try words("items", PermissionItem.self)
        do throws(MemberRights.Flaw) {
            return MemberPlan(
                account: command.arguments[0], rights: try MemberRights(roles, items: items),
                managers: list("managers"),
                customers: list("customers"))
        } catch {
            throw usage(error.why, "give --role administrator, director, operator or manager; several with commas")
        }
    }

    /// `member list`.
    func listMembers() throws {
        let members = try folder.openDirectory().members(of: try folder.onlyPartner())
        var table = Table([.init("ACCOUNT"), .init("ROLES"), .init("ITEMS"), .init("SEES"), .init("ACCESS")])
        for member in members {
            table.add([
                member.account, member.rights.roles.map(\.rawValue).joined(separator: ", "),
                member.rights.items.count == PermissionItem.allCases.count
                    ? "all" : member.rights.items.map(\.rawValue).joined(separator: ", "),
                member.rights.seesAllCustomers ? "all customers" : "own customers",
                member.disabledAt.map { "disabled on \(Instant(seconds: $0).rfc3339)" } ?? "enabled",
            ])
        }
        let json = members.map {
            JSONOutput.object([
                "account": .text($0.account), "disabledAt": ServerContext.time($0.disabledAt),
                "items": .array($0.rights.items.map { .text($0.rawValue) }), "role": .text($0.role.rawValue),
                "roles": .array($0.rights.roles.map { .text($0.rawValue) }), "scope": .integer($0.scope),
            ])
        }
        show(["members": .array(json)], table.render(for: terminal))
    }

    /// `member step-up ACCOUNT`: a new secret in place of an older one.
    func stepUp() throws {
        let account = command.arguments[0]
        let (directory, partner) = (try folder.openDirectory(), try knownMember().partner)
        let secret = command.flag("remove") ? nil : SystemChance().bytes(32)
        let hadAny = try directory.setStepUp(
            secret, partner: partner, account: account, at: SystemClock().now().seconds)
        guard let secret else {
            let text = hadAny ? "authenticator of \(account) removed\n" : "\(account) had no authenticator\n"
            return show(["account": .text(account), "enrolled": .bool(false)], text)
        }
        // Everything that an account name may have stands for itself in an address, but the at sign.
        let name = account.split(separator: "@", omittingEmptySubsequences: false).joined(separator: "%40")
        let address =
            "otpauth://totp/Fieldbook:\(name)?secret=\(Base32.encode(secret))&issuer=Fieldbook&algorithm=SHA256"
            + "&digits=\(TOTP.digits)&period=\(TOTP.stepSeconds)"
        if let file = command.option("out") {
            try NewFile.write(Array((address + "\n").utf8), to: file, replacing: command.flag("force"))
            terminal.writeError("address for the authenticator of \(account) written to \(file)\n")
        } else {
            terminal.writeError("address for the authenticator of \(account), shown this once:\n")
            terminal.writeOutput(address + "\n")
        }
    }

    /// `member disable ACCOUNT` and `member enable ACCOUNT`.
    func setDisabled(_ isDisabled: Bool) throws {
        let member = try knownMember()
        if isDisabled { try checkAdministrators(without: member.account) }
        let directory = try folder.openDirectory()
        let at = isDisabled ? SystemClock().now().seconds : nil
        let account = member.account
        guard try directory.setDisabled(at, partner: member.partner, account: account) else {
            return show(
                ["account": .text(account), "changed": .bool(false), "disabled": .bool(isDisabled)],
                "\(account) was \(isDisabled ? "disabled" : "enabled") already\n")
        }
        let wipe = try directory.policy(of: member.partner).accessEnded
        show(
            ["account": .text(account), "changed": .bool(true), "disabled": .bool(isDisabled)],
            isDisabled
                ? "\(account) is disabled; machines of theirs remove \(wipe == .image ? "their replica" : "everything")"
                    + " at the next contact\n"
                : "\(account) is enabled; tokens that were in force are again\n")
    }

    /// Customers' requests and whatever else only an administrator decides would wait for one, so that the last is
    /// taken away by an express word only.
    private func checkAdministrators(without account: String) throws {
        guard !command.flag("force") else { return }
        let standing = try folder.openDirectory().members(of: try folder.onlyPartner()).filter {
            $0.rights.roles.contains(.administrator) && $0.disabledAt == nil
        }
        guard standing.map(\.account) == [account] else { return }
        throw UserError(
            .refused, what: "cannot run '\(command.name)'",
            why: "\(account) is the last administrator of this partner, and some edits only an administrator may make",
            next: "give another member that role first (member role ACCOUNT --role administrator), or add --force")
    }

    /// The member of the first argument.
    func knownMember() throws -> Member {
        let account = command.arguments[0]
        let members = try folder.openDirectory().members(of: try folder.onlyPartner())
        guard let member = members.first(where: { $0.account == account }) else {
            throw UserError(
                .refused, what: "cannot run '\(command.name)'", why: "there is no member \(account.prefix(64))",
                next: "list them with: fieldbook-server member list --data \(folder.path)")
        }
        return member
    }
}
