import Foundation
import JSON
import Postgres

/// What a provider tells of a pull request.
public struct ForgeNews: Sendable {
    /// The kind of its events.
    public static let kind = "pull_request"

    /// What has happened.
    public enum Action: String, Sendable, CaseIterable {
        case merged, closed, reopened
        /// A check of its head has ended.
        case checks
    }

    /// Where.
    public let repository: RepositoryName
    /// The provider's own name of this delivery, the same when it is sent again.
    public let delivery: String
    /// What has happened.
    public let action: Action
    /// The pull requests that it may be about.
    public let numbers: [Int]
    /// The commit that it may be about, where the provider names no pull request.
    public let commit: String?
    /// The job that the body names. It only chooses between jobs that have this pull request: a body can say anything.
    public let marker: UUID?
    /// What the event says beside the action and the number, a JSON object.
    public let details: JSONObject

    /// Tells of something.
    public init(
        _ action: Action, in repository: RepositoryName, delivery: String, numbers: [Int], commit: String? = nil,
        marker: UUID? = nil, details: JSONObject
    ) {
        self.action = action
        self.repository = repository
        self.delivery = delivery
        self.numbers = numbers
        self.commit = commit
        self.marker = marker
        self.details = details
    }
}

extension JobStore {
    /// Makes news an event of the job whose pull request it is about, once for each delivery; of several jobs the one that the body names, else the
    /// newest. The job may have ended long ago: its status stays, and so does all else of it.
    ///
    /// - Returns: the job; nil where no job has such a pull request, or the delivery has come before.
    public func note(_ news: ForgeNews) async throws -> UUID? {
        let repository = news.repository
        var details = news.details
        details["action"] = .string(news.action.rawValue)
        let rows = try await commit([
            """
            WITH found AS (
                SELECT job_id, number FROM pull_requests
                WHERE provider = \(repository.provider) AND host = \(repository.host) AND repository = \(repository.name)
                    AND (number = ANY(\(news.numbers.map { Int64($0) })) OR commit = \(news.commit as String?))
                ORDER BY origin IS NOT DISTINCT FROM \(news.marker as UUID?) DESC, job_id DESC LIMIT 1
            ), job AS (
                -- An event's number is taken under its job's lock, so that numbers are in the order of commits.
                SELECT j.id, j.type, j.status, j.attempt, f.number FROM found f JOIN jobs j ON j.id = f.job_id
                FOR NO KEY UPDATE OF j
            ), fresh AS (
                INSERT INTO hook_deliveries (provider, id) SELECT \(repository.provider), \(news.delivery) FROM job
                ON CONFLICT DO NOTHING RETURNING id
            )
            INSERT INTO events (job_id, type, kind, status, attempt, data)
            SELECT j.id, j.type, \(ForgeNews.kind), j.status, j.attempt,
                \(JSONText(replacingNUL: JSON.object(details).serialized())) || jsonb_build_object('number', j.number)
            FROM job j, fresh
            RETURNING job_id
            """
        ])
        return try rows[0].first?.decode("job_id")
    }

    /// Forgets which deliveries have come, after so long; at most `limit`, the oldest first.
    public func forgetHookDeliveries(after time: Duration, limit: Int) async throws {
        try await database.query(
            """
            DELETE FROM hook_deliveries WHERE (provider, id) IN (
                SELECT provider, id FROM hook_deliveries WHERE received_at < now() - \(time.seconds) * interval '1 second'
                ORDER BY received_at LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
    }
}
