/// The scenario that a seed draws: a few customers, so that edits collide; some kinds of fault, not all, so that each
/// gets room; then the world is healed and must come to rest.
package enum Workload {
    /// The same seed, the same scenario.
    package static func scenario(seed: UInt64) -> Scenario {
        var maker = StoryMaker(seed: seed)
        return maker.make()
    }
}
