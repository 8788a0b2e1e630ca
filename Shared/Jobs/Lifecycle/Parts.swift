import Crypto
import Foundation
import Postgres

extension JobStore {
    /// Submits jobs of the same type that take part in the work of a running one, as its children; those that it has submitted before stay
    /// as they are.
    ///
    /// - Parameter specs: their inputs, which must fulfil the type's schema.
    public func submitParts(_ specs: [[UInt8]], of claim: Claim, type: String) async throws {
        let parts = specs.enumerated().map { index, spec in
            Submission(
                id: UUIDv7.named("part/\(index)", beside: claim.id), namespace: claim.namespace, type: type, spec: spec,
                name: nil, labels: [:], priority: .normal, scheduledAt: nil, timeoutSeconds: claim.timeoutSeconds,
                maxAttempts: claim.maxAttempts, parentID: claim.id, traceID: claim.traceID, idempotency: nil)
        }
        _ = try await submit(parts.map { ($0, Duration.zero) })
    }

    /// How many jobs of a type belong to another one, and the ids of the first of them in their order.
    public func children(
        of parent: UUID, type: String, namespace: String, limit: Int
    ) async throws -> (count: Int, ids: [UUID]) {
        let rows = try await database.query(
            """
            SELECT count(*) AS n, coalesce((array_agg(id ORDER BY id))[1:\(Int32(limit))], '{}') AS ids FROM jobs
            WHERE parent_id = \(parent) AND namespace = \(namespace) AND type = \(type)
            """)
        return (try rows[0].decode("n"), try rows[0].decode("ids"))
    }
}
