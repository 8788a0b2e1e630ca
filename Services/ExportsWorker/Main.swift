import Config
import Embedding
import Foundation
import HTTPClient
import Postgres
import Search
import ServiceKit
import WorkerKit

@main
enum Main {
    /// A statement of an export may take as long as its job, whose time limit ends it.
    private static let statementTimeout: Duration = .seconds(7 * 86_400)

    /// A search compares every vector where it has no index.
    private static let searchTimeout: Duration = .seconds(600)

    static func main() async {
        await WorkerProcess.run(named: "ExportsWorker") { environment in
            let catalogue = try DatasetCatalogue(environment)
            let web = WebClient(addresses: try environment.addressPolicy("SWITCHYARD_FETCH_ALLOW"), name: "files")
            let configuration = try WorkerConfiguration(environment, defaultSlots: ExportsWorker.defaultSlots)
            let database = database(configuration)
            let searches = SearchEngine(database, models: try EmbeddingModels(environment), timeout: searchTimeout)
            return [
                try WorkerService(
                    ExportsWorker(database: database, catalogue: catalogue, searches: searches, web: web), configuration
                ),
                try WorkerService(ImportsWorker(catalogue: catalogue, web: web), configuration),
            ]
        }
    }

    /// The planner makes its own choices, for each query anew: these read whole tables, other than those of the job core. Each job has a connection of its
    /// own while it reads.
    private static func database(_ configuration: WorkerConfiguration) -> Database {
        Database(
            PostgresConfiguration(
                url: configuration.service.databaseURL, applicationName: "exports", statementTimeout: statementTimeout,
                settings: [("plan_cache_mode", "force_custom_plan")]),
            size: configuration.slots)
    }
}
