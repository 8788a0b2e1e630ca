import Foundation
import Postgres

/// The pull request that a job has made or found.
public struct JobPullRequest: Sendable {
    /// The type of the jobs that make them.
    public static let jobType = "pull_request"

    /// The job.
    public let job: UUID
    /// The job that the marker in the body names: of a line of retries the first.
    public let origin: UUID
    /// Where it is.
    public let repository: RepositoryName
    /// Its number there.
    public let number: Int
    /// The commit that the job has made; nil where it needed none.
    public let commit: String?

    /// Tells of a pull request.
    public init(job: UUID, origin: UUID, repository: RepositoryName, number: Int, commit: String?) {
        (self.job, self.origin, self.repository, self.number, self.commit) = (job, origin, repository, number, commit)
    }

    /// Keeps it, so that news of it find the job; to be written in the job's fence. Safe to repeat.
    public var statement: Statement {
        """
        INSERT INTO pull_requests (job_id, origin, provider, host, repository, number, commit)
        VALUES (\(job), \(origin), \(repository.provider), \(repository.host), \(repository.name), \(Int64(number)), \(commit as String?))
        ON CONFLICT (job_id) DO UPDATE SET number = excluded.number, commit = excluded.commit
        """
    }
}
