/// Where the token of this machine is: in the file that `setup` and `login` write, among the credentials that the
/// service manager hands over, or in a file that the settings name, the first of them that is there.
///
/// Where somebody has logged in, only that member's own file counts: nobody works with another's token because their
/// own was taken away.
package enum TokenSource {
    /// Bytes of a token file.
    private static let bytesMax = 1024
    /// The name of the credential (systemd.exec(5), LoadCredential).
    package static let credential = "fieldbook-token"

    private enum Place {
        case own(String), credential(String), named(String)
        var path: String {
            switch self {
            case .own(let path), .credential(let path), .named(let path): path
            }
        }
    }

    private static func place(
        _ paths: Paths, _ settings: Settings, _ environment: (String) -> String?
    ) -> Place? {
        if paths.user != nil || SecureFile.exists(paths.tokenFile) { return .own(paths.tokenFile) }
        if let folder = environment("CREDENTIALS_DIRECTORY"), folder.hasPrefix("/"),
            SecureFile.exists("\(folder)/\(credential)")
        {
            return .credential("\(folder)/\(credential)")
        }
        return settings.path(.serverTokenFile).map { .named($0) }
    }

    /// Whether there is a token to be had.
    package static func isThere(
        _ paths: Paths, _ settings: Settings, environment: (String) -> String? = Paths.variable
    ) -> Bool {
        place(paths, settings, environment).map { SecureFile.exists($0.path) } ?? false
    }

    /// The token. `next` is told when there is none.
    package static func token(
        _ paths: Paths, _ settings: Settings, next: String, environment: (String) -> String? = Paths.variable
    ) throws(UserError) -> String {
        let place = place(paths, settings, environment) ?? .own(paths.tokenFile)
        let bytes: [UInt8]
        do { bytes = try SecureFile.read(place.path, limit: bytesMax) } catch {
            throw UserError(.settings, what: error.what, why: error.why, next: next)
        }
        let isOpen =
            switch place {
            case .own(let path): !SecureFile.isPrivate(path)
            // Whose group may read it is the business of whoever sets machines up.
            case .named(let path): SecureFile.isOpenToOthers(path)
            // The service manager shows it to the service alone, whatever its mode says.
            case .credential: false
            }
        guard !isOpen else {
            throw UserError(
                .settings, what: "cannot use \(place.path)", why: "other users can read the token",
                next: "close it with: chmod \(place.path == paths.tokenFile ? "600" : "o=") \(place.path)")
        }
        let token =
            String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw UserError(.settings, what: "cannot use \(place.path)", why: "it holds no token", next: next)
        }
        return token
    }
}
