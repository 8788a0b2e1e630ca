import CSodium

/// libsodium, ready for use: each entry point of this module goes through here once.
enum Sodium {
    private static let isReady: Bool = {
        precondition(sodium_init() >= 0, "libsodium could not start: the system has no source of randomness")
        return true
    }()

    /// Initialises libsodium on first use; thread-safe.
    static func start() { _ = isReady }
}
