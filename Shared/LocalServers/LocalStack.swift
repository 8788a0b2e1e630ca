/// Both private servers of one folder.
public struct LocalStack: Sendable {
    /// The database.
    public let postgres: LocalPostgres
    /// The broker.
    public let rabbitMQ: LocalRabbitMQ

    /// Names the folder; each server has one of its own in it. `tls` asks for a second, encrypted listener of the broker.
    public init(folder: String, tls: Bool = false) {
        postgres = LocalPostgres(folder: folder)
        rabbitMQ = LocalRabbitMQ(folder: folder, tls: tls)
    }

    /// What people should know about where the servers keep their data.
    public var notes: [String] { [postgres.note, rabbitMQ.note].compactMap { $0 } }

    /// Starts both at once, unless they run, and answers their URLs when both take work.
    public func start() async throws -> (database: String, amqp: String) {
        async let database = postgres.start()
        async let amqp = rabbitMQ.start()
        return try await (database, amqp)
    }

    /// Whether these are URLs of these servers, of now or of an earlier start: their passwords tell.
    public func owns(database: String, amqp: String) -> Bool {
        func credentials(_ url: String?) -> Substring? { url.flatMap { $0.firstIndex(of: "@").map($0.prefix(upTo:)) } }
        guard let ours = credentials(postgres.url), let other = credentials(rabbitMQ.url) else { return false }
        return ours == credentials(database) && other == credentials(amqp)
    }

    /// Starts the servers again that ended without having been stopped, and answers their names.
    ///
    /// - Parameter isMissing: whether one that does not run at all is to be started too: an earlier restart has failed.
    public func restartCrashed(orMissing isMissing: Bool = false) async throws(ServerError) -> [String] {
        var names: [String] = []
        if postgres.hasCrashed || (isMissing && postgres.pid == nil) {
            _ = try await postgres.start()
            names.append("PostgreSQL")
        }
        if rabbitMQ.hasCrashed || (isMissing && rabbitMQ.pid == nil) {
            _ = try await rabbitMQ.start()
            names.append("RabbitMQ")
        }
        return names
    }

    /// Stops both at once; the error of one does not keep the other running.
    public func stop(immediate: Bool = false) async throws {
        let stops: [@Sendable () async throws -> Void] = [
            { try await postgres.stop(immediate: immediate) }, { try await rabbitMQ.stop(immediate: immediate) },
        ]
        let failures = await withTaskGroup(of: (any Error)?.self) { group in
            for stop in stops {
                group.addTask {
                    do { try await stop() } catch { return error }
                    return nil
                }
            }
            var failures: [any Error] = []
            for await case let failure? in group { failures.append(failure) }
            return failures
        }
        if let failure = failures.first { throw failure }
    }
}
