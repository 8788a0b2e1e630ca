import Config
import Foundation
import HTTPClient
import Postgres
import ServiceKit
import WorkerKit

@main
enum Main {
    /// A statement of an export may take as long as its job, whose time limit ends it.
    private static let statementTimeout: Duration = .seconds(7 * 86_400)

    static func main() async {
        await WorkerProcess.run(named: "ExportsWorker") { environment in
            let catalogue = try DatasetCatalogue(environment)
            let web = WebClient(addresses: try environment.addressPolicy("SWITCHYARD_FETCH_ALLOW"), name: "files")
            let configuration = try WorkerConfiguration(environment, defaultSlots: ExportsWorker.defaultSlots)
            return [
                try WorkerService(
                    ExportsWorker(database: database(configuration), catalogue: catalogue, web: web), configuration),
                try WorkerService(ImportsWorker(catalogue: catalogue, web: web), configuration),
            ]
        }
    }

    /// The planner makes its own choices: these queries read whole tables, other than those of the job core. Each job has a connection of its
    /// own while it reads.
    private static func database(_ configuration: WorkerConfiguration) -> Database {
        Database(
            PostgresConfiguration(
                url: configuration.service.databaseURL, applicationName: "exports", statementTimeout: statementTimeout),
            size: configuration.slots)
    }
}
