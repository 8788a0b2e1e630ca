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
                // What was denied once is denied until an operator does it.
                let presence = try await VectorExtension.find(in: database, installs: said != .available)
                if presence != said { say(presence) }
                said = presence
                if case .installed(let installation) = presence {
                    for outcome in try await VectorIndexBuilder(database).run(installation) { say(outcome) }
                }
            } catch {
                if Task.isCancelled { throw CancellationError() }
                log.warning("the indexes of vectors wait", ["error": .error(error)])
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func say(_ outcome: VectorIndexBuilder.Outcome) {
        let fields: LogFields = ["namespace": .string(outcome.namespace), "model": .string(outcome.model)]
        if let fault = outcome.fault {
            log.warning("the index of vectors waits", fields.appending(["error": .error(fault)]))
        } else {
            log.info("index of vectors built", fields)
        }
    }

    private func say(_ presence: VectorExtension.Presence) {
        switch presence {
        case .available: sayMissing("let a superuser run CREATE EXTENSION vector in this database")
        case .missing(let remedy): sayMissing(remedy)
        case .installed(let installation):
            log.info("searches use the vector extension", ["version": .string("\(installation.version)")])
        }
    }

    private func sayMissing(_ remedy: String) {
        log.info(
            "searches compare every vector, which is exact, and slow for millions", ["to_change_it": .string(remedy)])
    }
}
