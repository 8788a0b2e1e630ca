import Config
import Embedding
import Foundation
import Jobs
import Postgres
import Search
import ServiceKit

/// What the gateway reads of its environment about searches.
struct SearchConfiguration: Sendable {
    /// `SWITCHYARD_SEARCHES`: how many searches run at a time; the others wait for their turn.
    let count: Int
    /// `SWITCHYARD_SEARCH_TIMEOUT`: how long one may take.
    let timeout: Duration
    /// What turns the texts of queries into vectors.
    let models: EmbeddingModels

    init(_ environment: Environment) throws {
        count = try environment.int(
            "SWITCHYARD_SEARCHES", default: ProcessInfo.processInfo.activeProcessorCount, range: 1...64)
        timeout = try environment.duration("SWITCHYARD_SEARCH_TIMEOUT", default: .seconds(10))
        models = try EmbeddingModels(environment)
    }

    /// The searches' own pool of connections, whose plans and limits differ from those of the other statements.
    func database(_ service: ServiceConfiguration, name: String) -> Database {
        Database(
            PostgresConfiguration(
                url: service.databaseURL, applicationName: name, statementTimeout: timeout,
                settings: SearchEngine.settings),
            size: count)
    }

    /// One connection for the making of indexes, which may take hours.
    static func builderDatabase(_ service: ServiceConfiguration, name: String) -> Database {
        Database(
            PostgresConfiguration(
                url: service.databaseURL, applicationName: name, statementTimeout: VectorIndexBuilder.timeout,
                settings: JobStore.planning),
            size: 1)
    }
}
