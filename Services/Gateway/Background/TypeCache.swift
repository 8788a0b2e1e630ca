import Concurrency
import Foundation
import JSON
import Jobs
import Synchronization
import Telemetry

/// The registered types, read again every second by `run` and at once when a request names one that is not known yet.
///
/// Requests that find their type unknown share one reading at a time, so that a flood of them costs one query after the other.
final class TypeCache: Sendable {
    private struct State {
        var catalogue: TypeCatalogue
        var refreshed: ContinuousClock.Instant?
    }

    private static let maxAge: Duration = .seconds(1)

    private let state: Mutex<State>
    private let reader: Batcher<Void, TypeCatalogue>

    /// - Parameter vault: what the catalogues seal secrets with.
    init(_ store: JobStore, vault: SpecVault, log: Logger) {
        state = Mutex(State(catalogue: TypeCatalogue([], vault: vault)))
        let reported = Mutex<Set<String>>([])
        reader = Batcher(maxBatch: 10_000, maxWaiting: 10_000) { waiting in
            let (types, unreadable) = try await store.types()
            for (name, reason) in unreadable where reported.withLock({ $0.insert(name + reason).inserted }) {
                log.error(
                    "a registered job type cannot be read: update the gateway",
                    ["type": .string(name), "error": .string(reason)])
            }
            let catalogue = TypeCatalogue(types, vault: vault)
            return waiting.map { catalogue }
        }
    }

    /// The names of the types known now.
    var names: [String] { state.withLock { Array($0.catalogue.types.keys) } }

    /// The types, read anew when this submission's type is not among them.
    func catalogue(for submission: JSON) async throws -> TypeCatalogue {
        guard let name = submission["type"]?.stringValue else { return state.withLock(\.catalogue) }
        return try await catalogue(named: name)
    }

    /// The types, read anew when the one of this name is not among them.
    func catalogue(named name: String) async throws -> TypeCatalogue {
        let catalogue = state.withLock(\.catalogue)
        return catalogue.types[name] == nil ? try await refresh() : catalogue
    }

    /// Reads the types; the reading begins after the call.
    @discardableResult
    func refresh() async throws -> TypeCatalogue {
        let catalogue = try await reader.submit(())
        state.withLock { $0 = State(catalogue: catalogue, refreshed: .now) }
        return catalogue
    }

    /// Reads the types again when they are old.
    func refreshIfOld() async throws {
        if let refreshed = state.withLock(\.refreshed), .now - refreshed < Self.maxAge { return }
        try await refresh()
    }
}
