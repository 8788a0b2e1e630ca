import Foundation
import JSON
import Jobs
import Synchronization

/// The registered types, read again every second by `run` and at once when a request names one that is not known yet.
final class TypeCache: Sendable {
    private struct State {
        var catalogue = TypeCatalogue([])
        var refreshed: ContinuousClock.Instant?
    }

    private static let maxAge: Duration = .seconds(1)

    private let store: JobStore
    private let state = Mutex(State())

    init(_ store: JobStore) { self.store = store }

    /// The names of the types known now.
    var names: [String] { state.withLock { Array($0.catalogue.types.keys) } }

    /// The types, read anew when this submission's type is unknown and the last reading is not just a moment ago.
    func catalogue(for submission: JSON) async throws -> TypeCatalogue {
        let (catalogue, refreshed) = state.withLock { ($0.catalogue, $0.refreshed) }
        guard let name = submission["type"]?.stringValue, catalogue.types[name] == nil else { return catalogue }
        if let refreshed, .now - refreshed < .milliseconds(100) { return catalogue }
        return try await refresh()
    }

    /// Reads the types.
    @discardableResult
    func refresh() async throws -> TypeCatalogue {
        let catalogue = TypeCatalogue(try await store.types())
        state.withLock { $0 = State(catalogue: catalogue, refreshed: .now) }
        return catalogue
    }

    /// Reads the types again when they are old.
    func refreshIfOld() async throws {
        if let refreshed = state.withLock(\.refreshed), .now - refreshed < Self.maxAge { return }
        try await refresh()
    }
}
