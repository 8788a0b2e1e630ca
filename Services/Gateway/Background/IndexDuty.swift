import Foundation
import Jobs
import Postgres
import Synchronization
import Telemetry

/// Gives large spaces of vectors their index, where the database has the `vector` extension.
///
/// Several gateways may do it at a time: a space that one is at is passed over by the others.
struct IndexDuty: Sendable {
    private static let pause: Duration = .seconds(60)

    let database: Database
    let log: Logger

    /// Looks once a minute, until cancelled.
    func run() async throws {
        var said: VectorExtension.Presence?
        while true {
            do {
                let presence = try await VectorExtension.find(in: database)
                if presence != said { say(presence) }
                said = presence
                if case .installed(let installation) = presence {
                    for (namespace, model) in try await VectorIndexBuilder(database).run(installation) {
                        log.info("index of vectors built", ["namespace": .string(namespace), "model": .string(model)])
                    }
                }
            } catch {
                if Task.isCancelled { throw CancellationError() }
                log.warning("the index of vectors waits", ["error": .error(error)])
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func say(_ presence: VectorExtension.Presence) {
        switch presence {
        case .installed(let installation):
            log.info("searches use the vector extension", ["version": .string("\(installation.version)")])
        case .missing(let remedy):
            log.info(
                "searches compare every vector, which is exact, and slow for millions",
                ["to_change_it": .string(remedy)])
        }
    }
}
