import Glibc

/// SHA-256 by the system's OpenSSL, which uses what the processor has for it: several times as fast as ours, with the
/// same result. Opened when it is first wanted; where there is none, ours is to be used.
package enum SystemDigest {
    private typealias OneShot =
        @convention(c) (UnsafeRawPointer?, Int, UnsafeMutablePointer<UInt8>?) -> UnsafeMutablePointer<UInt8>?

    private static let sha256: OneShot? = {
        guard let library = dlopen("libcrypto.so.3", RTLD_NOW), let symbol = dlsym(library, "SHA256") else {
            return nil
        }
        return unsafeBitCast(symbol, to: OneShot.self)
    }()

    /// The 32-byte digest of `bytes`; nil where there is no such library.
    package static func sha256(_ bytes: [UInt8]) -> [UInt8]? {
        guard let sha256 else { return nil }
        var digest = [UInt8](repeating: 0, count: 32)
        return bytes.withUnsafeBytes { sha256($0.baseAddress, $0.count, &digest) } == nil ? nil : digest
    }
}
