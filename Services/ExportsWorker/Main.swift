import Config
import Foundation
import Postgres
import ServiceKit
import WorkerKit

@main
enum Main {
    /// A statement of an export may take as long as its job, whose time limit ends it.
    private static let statementTimeout: Duration = .seconds(7 * 86_400)

    static func main() async {
        await WorkerService.run(try worker(Environment()))
    }

    private static func worker(_ environment: Environment) throws -> ExportsWorker {
        let slots = try WorkerConfiguration(environment, defaultSlots: ExportsWorker.defaultSlots).slots
        let service = try ServiceConfiguration(environment)
        // The planner's own choices: these queries read whole tables, other than those of the job core.
        let configuration = PostgresConfiguration(
            url: service.databaseURL, applicationName: "exports", statementTimeout: statementTimeout)
        return ExportsWorker(
            // Each job has a connection of its own while it reads.
            database: Database(configuration, size: slots),
            catalogue: try DatasetCatalogue(environment))
    }
}
