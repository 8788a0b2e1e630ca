import Foundation
import JSON
import Postgres

/// What the figures were measured on, with a floor that shows a slow disk.
struct Machine: Sendable {
    let cores: Int
    let kernel: String
    /// The load average of the last minute before the bench began: above 0.5 or so, others used the machine too.
    let loadBefore: Double
    let postgres: String
    /// nil when the broker did not tell.
    let rabbitMQ: String?
    /// `fsync` and `synchronous_commit`, as the database has them.
    let fsync: String
    let synchronousCommit: String
    /// Transactions per second of one connection, each inserting one row: what one `fsync` after the other costs here.
    let commitsPerSecond: Double

    static func look(at target: BenchTarget, database: Database, isQuick: Bool) async throws -> Machine {
        note("commits of one connection …")
        var load = 0.0
        getloadavg(&load, 1)
        let settings = try await database.query(
            """
            SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
                current_setting('synchronous_commit') AS synchronous_commit
            """)[0]
        return Machine(
            cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)), kernel: kernelRelease(), loadBefore: load,
            postgres: try settings.decode("version"), rabbitMQ: await brokerVersion(target),
            fsync: try settings.decode("fsync"), synchronousCommit: try settings.decode("synchronous_commit"),
            commitsPerSecond: try await commitsPerSecond(database, seconds: isQuick ? 0.5 : 2))
    }

    private static func commitsPerSecond(_ database: Database, seconds limit: Double) async throws -> Double {
        try await database.withSession { session in
            // A fixed name, so that a run that was interrupted leaves one table and the next removes it.
            try session.script("DROP TABLE IF EXISTS switchyard_bench_floor")
            try session.script("CREATE TABLE switchyard_bench_floor (id bigint PRIMARY KEY, body text NOT NULL)")
            let body = String(repeating: "x", count: 200)
            let start = monotonicNanoseconds()
            var count: Int64 = 0
            var elapsed = 0.0
            while elapsed < limit {
                try session.query("INSERT INTO switchyard_bench_floor VALUES (\(count), \(body))")
                count += 1
                elapsed = seconds(from: start, to: monotonicNanoseconds())
            }
            try session.script("DROP TABLE switchyard_bench_floor")
            return Double(count) / elapsed
        }
    }

    private static func kernelRelease() -> String {
        var names = utsname()
        guard uname(&names) == 0 else { return "unknown" }
        return withUnsafeBytes(of: &names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private static func brokerVersion(_ target: BenchTarget) async -> String? {
        guard let url = target.brokerURL else { return nil }
        do {
            return try await onThread("broker") { try BrokerGreeting.version(url) }
        } catch {
            note("the broker's version is not known: \(error)")
            return nil
        }
    }
}
