import Synchronization
import Telemetry

/// Types whose queue refuses or does not answer, and until when they are left alone.
final class TypeTrouble: Sendable {
    private struct Entry {
        let until: ContinuousClock.Instant
        let reason: String
    }

    private static let rest: Duration = .seconds(2)

    private let log: Logger
    private let entries = Mutex<[String: Entry]>([:])

    init(log: Logger) { self.log = log }

    /// The types that are left alone now.
    var types: Set<String> {
        let now = ContinuousClock.now
        return entries.withLock { Set($0.filter { $0.value.until > now }.keys) }
    }

    /// Leaves a type alone for a while; says so when the reason is a new one.
    func note(_ type: String, _ error: any Error) {
        let reason = "\(error)"
        let isNew = entries.withLock { entries in
            let isNew = entries[type]?.reason != reason
            entries[type] = Entry(until: .now + Self.rest, reason: reason)
            return isNew
        }
        if isNew { log.warning("commands of a type wait", ["type": .string(type), "error": .error(error)]) }
    }
}
