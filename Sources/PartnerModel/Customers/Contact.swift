/// How a customer is reached. Personal data: programs show it masked until a person asks for it whole, and no log and no
/// error has anything of it.
package struct Contact: Sendable, Hashable {
    /// Digits as the customer gave them, without the country's.
    package let phone: String?
    /// As the vendor writes it: `0086`.
    package let countryCode: String?
    package let email: String?

    package init(phone: String?, countryCode: String?, email: String?) {
        self.phone = phone
        self.countryCode = countryCode
        self.email = email
    }

    /// What may stand in a list: enough to tell apart two contacts that one knows, too little to reach anybody. How long it
    /// is says nothing of what it hides.
    package var masked: Contact {
        Contact(
            phone: phone.map(Contact.mask(phone:)), countryCode: countryCode, email: email.map(Contact.mask(email:)))
    }

    /// The phone as it is dialled: `+86 13000000000`.
    package var dialled: String? {
        guard let phone else { return nil }
        guard let code = countryCode?.drop(while: { $0 == "0" || $0 == "+" }), !code.isEmpty else { return phone }
        return "+\(code) \(phone)"
    }

    /// The last two digits of a number long enough to hide behind them.
    private static func mask(phone: String) -> String {
        phone.count < 7 ? "***" : "*** **\(phone.suffix(2))"
    }

    /// The first letter of a name of several, and the domain.
    private static func mask(email: String) -> String {
        guard let at = email.lastIndex(of: "@"), email.index(after: at) < email.endIndex else { return "***" }
        let name = email[..<at]
        return "\(name.count < 2 ? "" : String(name.prefix(1)))***\(email[at...])"
    }
}
