/// Seeds that once failed. They are run before any others. What they found in the product stands as a scenario too,
/// since a seed means another story when the workload changes.
package enum KeptSeeds {
    package static let all: [UInt64] = [
        8, 9, 10, 12, 14, 26, 34, 36, 37, 62, 67, 70, 90, 99, 106, 129, 155, 221, 275, 457, 883, 5191, 5232, 8524,
        100_894, 103_210,
    ]
}
