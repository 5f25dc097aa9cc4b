/// The version of this software, as `--version` and the wire give it.
package enum SoftwareVersion {
    package static let text = "0.1.0"
}
