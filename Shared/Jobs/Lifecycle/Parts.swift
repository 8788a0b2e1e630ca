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
}
