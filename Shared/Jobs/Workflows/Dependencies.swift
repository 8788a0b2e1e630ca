import Foundation
import Postgres

/// Jobs that a submission depends on and that do not exist in its namespace.
public struct UnknownDependencies: Error, Sendable {
    /// Their ids.
    public let ids: Set<UUID>

    /// Where they stand in a list of submissions.
    public func places(in submissions: [Submission]) -> [(submission: Int, dependency: Int)] {
        submissions.enumerated().flatMap { index, submission in
            submission.dependsOn.indices.filter { ids.contains(submission.dependsOn[$0]) }.map { (index, $0) }
        }
    }
}

/// A job that another one waits for.
public struct Dependency: Sendable {
    /// The job that is waited for.
    public let job: UUID
    /// Its name in the workflow, when it is part of one.
    public let name: String?
    /// Where it stands; nil when it does not exist any more.
    public let status: JobStatus?
}

extension JobStore {
    /// The jobs that a job still waits for, at most `limit` of them, and how many there are.
    public func openDependencies(of id: UUID, limit: Int = 20) async throws -> (first: [Dependency], count: Int) {
        let rows = try await database.query(
            """
            SELECT d.needs, d.name, j.status, count(*) OVER () AS n
            FROM job_dependencies d LEFT JOIN jobs j ON j.id = d.needs
            WHERE d.job_id = \(id) AND d.ended_as IS NULL
            ORDER BY d.name, d.needs LIMIT \(limit)
            """)
        let dependencies = try rows.map { row in
            Dependency(
                job: try row.decode("needs"), name: try row.decode("name"),
                status: try row.decode("status", as: String?.self).flatMap(JobStatus.init(rawValue:)))
        }
        return (dependencies, try rows.first?.decode("n", as: Int.self) ?? 0)
    }

    /// Makes jobs that have just been inserted wait for those that they depend on.
    ///
    /// The needed jobs are not locked: they may be running, and who ends several of them at once locks them in another order. Their
    /// rows are marked after the commit, by `settle`, which also finds what a crash has left in between.
    static func addDependencies(of submissions: [Submission], _ session: Session) throws {
        let edges = submissions.flatMap { job in job.dependsOn.map { (job: job, needs: $0) } }
        guard !edges.isEmpty else { return }
        let missing = try session.query(
            """
            SELECT e.needs FROM unnest(\(edges.map(\.needs)), \(edges.map(\.job.namespace))) AS e (needs, namespace)
            WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE id = e.needs AND namespace = e.namespace)
            """)
        guard missing.isEmpty else {
            throw UnknownDependencies(ids: Set(try missing.map { try $0.decode("needs", as: UUID.self) }))
        }
        _ = try session.pipeline([
            "UPDATE jobs SET due_at = NULL WHERE id = ANY(\(submissions.filter { !$0.dependsOn.isEmpty }.map(\.id)))",
            """
            INSERT INTO job_dependencies (job_id, needs)
            SELECT job_id, needs FROM unnest(\(edges.map(\.job.id)), \(edges.map(\.needs))) AS e (job_id, needs)
            ON CONFLICT DO NOTHING
            """,
        ])
    }
}
