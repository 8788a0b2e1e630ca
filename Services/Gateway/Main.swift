import Config
import Foundation
import Jobs
import ServiceKit
import Telemetry

/// The API gateway: takes jobs over REST, publishes their commands, and reads back what the workers write.
@main
enum Main {
    static let usage = """
        usage: Gateway                          serve the API
               Gateway migrate                  bring the database's schema up to date
               Gateway key create [--namespace NAME] [--name NAME] [--scopes read,submit,control,admin,operator]
                                  [--if-none]
                                                make an API key and print it; it cannot be shown again
        """

    static func main() async {
        let log = Logger(service: "gateway")
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            switch (arguments.first, arguments.dropFirst().first) {
            case (nil, _): try await Gateway(GatewayConfiguration(Environment()), log: log).run()
            case ("migrate", nil): try await migrate()
            case ("key", "create"): try await createKey(Array(arguments.dropFirst(2)))
            case ("--help", _), ("help", _): print(usage)
            default: throw UsageError(detail: "unknown command: \(arguments.joined(separator: " "))")
            }
        } catch let error as UsageError {
            FileHandle.standardError.write(Data("\(error.detail)\n\(usage)\n".utf8))
            exit(64)
        } catch let error as ConfigError {
            log.error("\(error)")
            exit(78)
        } catch {
            log.error("\(error)")
            exit(70)
        }
    }

    private static func migrate() async throws {
        let database = try ServiceConfiguration(Environment()).database(name: "gateway migrate", size: 1)
        let applied = try await Migrations.migrate(database)
        print(applied.isEmpty ? "The schema is up to date." : "Applied: \(applied.joined(separator: ", ")).")
        await database.close()
    }

    private static func createKey(_ arguments: [String]) async throws {
        var options = ["--namespace": "default", "--name": "first key", "--scopes": "admin,operator"]
        var onlyIfNone = false
        var rest = arguments[...]
        while let option = rest.popFirst() {
            if option == "--if-none" {
                onlyIfNone = true
            } else if options[option] != nil, let value = rest.popFirst() {
                options[option] = value
            } else {
                throw UsageError(detail: "unknown option or missing value: \(option)")
            }
        }
        let scopes = try (options["--scopes"] ?? "").split(separator: ",").map { word in
            guard let scope = Scope(rawValue: String(word)) else {
                throw UsageError(
                    detail: "unknown scope \(word); there are \(Scope.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
            return scope
        }
        let database = try ServiceConfiguration(Environment()).database(name: "gateway key", size: 1)
        let store = JobStore(database)
        if onlyIfNone, try await store.hasKey() { return await database.close() }
        print(
            try await store.createKey(
                namespace: options["--namespace"] ?? "default", name: options["--name"] ?? "", scopes: Set(scopes)))
        await database.close()
    }
}

struct UsageError: Error {
    let detail: String
}
