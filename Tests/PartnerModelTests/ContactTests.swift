import PartnerModel
import Testing

@Suite struct ContactTests {
    @Test(
        arguments: [
            ("13812345678", "0086", "+86 *** **78"), ("4155550112", "001", "+1 *** **12"),
            ("123456", "0049", "+49 ***"),
            ("13812345678", nil, "*** **78"), ("138123456781381234567", "", "*** **67"), ("", "0086", "+86 ***"),
        ] as [(String, String?, String)])
    func `of a phone its country and at most two digits are left`(phone: String, country: String?, shown: String) {
        #expect(Contact(phone: phone, countryCode: country, email: nil).masked.dialled == shown)
    }

    @Test(arguments: [
        ("billing@example.com", "b***@example.com"), ("b@example.com", "***@example.com"),
        ("华云@example.cn", "华***@example.cn"),
        ("a@b@example.com", "a***@example.com"), ("no address", "***"), ("who@", "***"),
        ("@example.com", "***@example.com"),
        ("", "***"),
    ])
    func `of a mail address the domain and at most one letter are left`(email: String, shown: String) {
        #expect(Contact(phone: nil, countryCode: nil, email: email).masked.email == shown)
    }

    @Test func `what is not known stays unknown`() {
        let none = Contact(phone: nil, countryCode: "0086", email: nil)
        #expect(none.masked == none && none.dialled == nil)
    }

    @Test func `a phone shown whole is as it is dialled`() {
        #expect(Contact(phone: "13812345678", countryCode: "0086", email: nil).dialled == "+86 13812345678")
        #expect(Contact(phone: "+8613812345678", countryCode: nil, email: nil).dialled == "+8613812345678")
    }
}
