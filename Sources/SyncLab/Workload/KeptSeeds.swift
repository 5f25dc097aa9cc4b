/// Seeds that once failed. They are run before any others.
package enum KeptSeeds {
    package static let all: [UInt64] = [8, 9, 10, 12, 14, 26, 34, 36, 37]
}
