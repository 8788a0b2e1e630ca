import Foundation
import Postgres

extension RecordBatch {
    /// A few earlier checkpoints are kept to go back to. Entries are kept as long as their job: every later checkpoint needs them.
    private static let keptCheckpoints: Int32 = 10

    /// State and entries of a checkpoint are one statement: there is never one without the others.
    var checkpoints: Statement? {
        var fences: [Fence] = []
        var epochs: [Int32] = []
        var states: [JSONText] = []
        var extras: [CheckpointExtras] = []
        for case .checkpoint(let fence, let epoch, let state, let more) in records {
            fences.append(fence)
            epochs.append(epoch)
            states.append(JSONText(replacingNUL: state))
            extras.append(more)
        }
        guard !fences.isEmpty else { return nil }
        var entries: [(job: UUID, epoch: Int32, number: Int32, entry: JSONText)] = []
        for ((fence, epoch), more) in zip(zip(fences, epochs), extras) {
            for (number, entry) in more.entries.enumerated() {
                entries.append((fence.job, epoch, Int32(number + 1), JSONText(replacingNUL: entry)))
            }
        }
        return """
            WITH i AS (
                SELECT i.*, j.type, j.status FROM unnest(\(fences.map(\.job)), \(fences.map(\.attempt)), \(epochs), \(states),
                    \(extras.map { $0.operators.map(JSONText.init(replacingNUL:)) }), \(extras.map(\.startedAt)))
                    AS i (id, attempt, epoch, state, operators, started_at)
                JOIN jobs j ON j.id = i.id AND j.attempt = i.attempt AND j.status = ANY(\(Self.running))
                FOR UPDATE OF j
            ), added AS (
                INSERT INTO checkpoints (job_id, epoch, attempt, state, operators, started_at)
                SELECT id, epoch, attempt, state, operators, started_at FROM i
                ON CONFLICT DO NOTHING
                RETURNING job_id, epoch, attempt, octet_length(state::text) AS size
            ), entered AS (
                INSERT INTO checkpoint_entries (job_id, epoch, number, entry)
                SELECT e.job_id, e.epoch, e.number, e.entry
                FROM unnest(\(entries.map(\.job)), \(entries.map(\.epoch)), \(entries.map(\.number)), \(entries.map(\.entry)))
                    AS e (job_id, epoch, number, entry)
                JOIN added a ON a.job_id = e.job_id AND a.epoch = e.epoch
                ON CONFLICT DO NOTHING
                RETURNING job_id, epoch, octet_length(entry::text) AS size
            ), pruned AS (
                DELETE FROM checkpoints c USING i WHERE c.job_id = i.id AND c.epoch <= i.epoch - \(Self.keptCheckpoints)
            ), announced AS (
                INSERT INTO events (job_id, type, kind, status, attempt, data)
                SELECT a.job_id, i.type, 'checkpoint', i.status, a.attempt, jsonb_build_object('epoch', a.epoch, 'size_bytes',
                    a.size + coalesce((SELECT sum(e.size) FROM entered e WHERE e.job_id = a.job_id AND e.epoch = a.epoch), 0))
                FROM added a JOIN i ON i.id = a.job_id AND i.epoch = a.epoch
            )
            SELECT DISTINCT id, attempt FROM i
            """
    }
}
