import Foundation
import Postgres
import Testing

@testable import Jobs

/// Runs many interleavings side by side: the next step of each goes into one statement with those of the same kind, and after it the
/// rows are compared with the models.
struct ControlBatch {
    let store: JobStore
    private(set) var lineages: [Lineage]
    private var requests: [(index: Int, request: Lineage.Request, expected: String)] = []
    private var answers: [Int: String] = [:]

    init(_ store: JobStore, _ lineages: [Lineage]) {
        self.store = store
        self.lineages = lineages
    }

    mutating func run(steps: Int) async throws {
        for _ in 0..<steps {
            requests = []
            for index in lineages.indices where !lineages[index].isOver {
                let (request, expected) = lineages[index].advance()
                requests.append((index, request, expected))
            }
            if requests.isEmpty { break }
            try await perform()
            for (index, _, expected) in requests where answers[index, default: ""] != expected {
                fail(index, expected, answers[index, default: ""])
            }
            try await compare(
                requests.flatMap { request in lineages[request.index].touched.map { (request.index, $0) } })
        }
        // And nothing has moved without a step of its own.
        try await compare(lineages.indices.flatMap { index in lineages[index].jobs.indices.map { (index, $0) } })
    }

    private mutating func fail(_ index: Int, _ expected: String, _ found: String) {
        guard lineages[index].failure == nil else { return }
        lineages[index].failure = Lineage.Failure(
            step: lineages[index].steps.count, expected: expected, found: found)
    }

    private mutating func compare(_ places: [(lineage: Int, job: Int)]) async throws {
        let pictures = try await store.pictures(places.map { lineages[$0.lineage].jobs[$0.job].id })
        for (place, picture) in zip(places, pictures) {
            let expected = lineages[place.lineage].jobs[place.job].picture
            if picture != expected { fail(place.lineage, expected, picture) }
        }
    }

    private mutating func perform() async throws {
        answers = [:]
        try await submit()
        try await move()
        try await claim()
        try await write()
        try await stop()
        try await `repeat`()
    }

    private func submit() async throws {
        let jobs = requests.compactMap { entry -> (submission: Submission, grace: Duration)? in
            guard case .submit(let id, let isScheduled) = entry.request else { return nil }
            return (submission(id: id, at: isScheduled ? Date(timeIntervalSinceNow: 3600) : nil), .zero)
        }
        if !jobs.isEmpty { _ = try await store.submit(jobs) }
    }

    private func move() async throws {
        var (due, expired): ([UUID], [UUID]) = ([], [])
        for entry in requests {
            if case .release(let id) = entry.request { due.append(id) }
            if case .expire(let id) = entry.request { expired.append(id) }
        }
        if !due.isEmpty {
            try await store.database.query(
                "UPDATE jobs SET due_at = now() - interval '1 second' WHERE id = ANY(\(due)) AND status = 'scheduled'")
            _ = try await store.release(limit: 10_000)
        }
        if !expired.isEmpty {
            try await store.database.query(
                """
                UPDATE jobs SET lease_until = now() - interval '1 second'
                WHERE id = ANY(\(expired)) AND lease_until IS NOT NULL
                """)
            _ = try await store.reap(limit: 10_000)
        }
    }

    private mutating func claim() async throws {
        var claimed: [UUID: Int] = [:]
        for entry in requests {
            guard case .claim(let id) = entry.request else { continue }
            claimed[id] = entry.index
            answers[entry.index] = "stale"
        }
        guard !claimed.isEmpty else { return }
        for claim in try await store.claim(Array(claimed.keys), type: "probe", worker: "w", lease: .seconds(3600)) {
            guard let index = claimed[claim.id] else { continue }
            let digits = claim.checkpoint?.state.filter { (48...57).contains($0) }.text ?? "0"
            answers[index] = "attempt \(claim.attempt) from \(digits)"
        }
    }

    private mutating func write() async throws {
        let records = requests.compactMap { entry -> (index: Int, record: Record)? in
            if case .write(let record) = entry.request { (entry.index, record) } else { nil }
        }
        guard !records.isEmpty else { return }
        for (entry, answer) in zip(records, try await store.write(records.map(\.record))) {
            answers[entry.index] =
                switch answer {
                case .written: "written"
                case .superseded: "superseded"
                case .wanted(let wanted): "wanted \(wanted.text)"
                }
        }
    }

    private mutating func stop() async throws {
        struct Kind: Hashable {
            let wish: Wish
            let seconds: Int
        }
        var groups: [Kind: [(index: Int, id: UUID)]] = [:]
        for entry in requests {
            guard case .stop(let id, let wish, let seconds) = entry.request else { continue }
            groups[Kind(wish: wish, seconds: seconds), default: []].append((entry.index, id))
        }
        for (kind, group) in groups {
            let results = try await store.stop(
                group.map(\.id), namespace: "default", kind.wish, timeout: .seconds(kind.seconds))
            for (entry, result) in zip(group, results) { answers[entry.index] = result.outcome.text }
        }
    }

    private mutating func `repeat`() async throws {
        for repetition in [Repetition.retry, .rerun] {
            let sources = requests.compactMap { entry -> (index: Int, source: RepeatSource)? in
                guard case .repetition(let source, repetition) = entry.request else { return nil }
                return (entry.index, source)
            }
            guard !sources.isEmpty else { continue }
            let made: Set<UUID> = try await store.repeat(
                sources.map(\.source), namespace: "default", repetition)
            for entry in sources { answers[entry.index] = made.contains(entry.source.newID) ? "created" : "no" }
        }
        try await restart()
    }

    /// Each over a connection of its own, a few at a time, as clients do.
    private mutating func restart() async throws {
        let restarts = requests.compactMap { entry -> (index: Int, source: RepeatSource, repetition: Repetition)? in
            guard case .repetition(let source, let repetition) = entry.request, case .restart = repetition else {
                return nil
            }
            return (entry.index, source, repetition)
        }
        let store = store
        let outcomes = try await withThrowingTaskGroup(of: [(Int, RepeatOutcome)].self) { group in
            for lane in 0..<4 {
                group.addTask {
                    var outcomes: [(Int, RepeatOutcome)] = []
                    for place in stride(from: lane, to: restarts.count, by: 4) {
                        let restart = restarts[place]
                        outcomes.append(
                            (
                                restart.index,
                                try await store.repeat(
                                    restart.source, namespace: "default", restart.repetition)
                            ))
                    }
                    return outcomes
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        for (index, outcome) in outcomes {
            answers[index] =
                switch outcome {
                case .created: "created"
                case .refused(let status): "refused \(status.rawValue)"
                case .unknownCheckpoint: "unknown checkpoint"
                case .existing, .conflict, .unknown: "\(outcome)"
                }
        }
    }
}

extension Wanted {
    /// The wish and its time, rounded up to what was promised.
    fileprivate var text: String { "\(wish.rawValue) \(Int((within.seconds / 100).rounded(.up)) * 100)" }
}

extension StopOutcome {
    fileprivate var text: String {
        switch self {
        case .done(let abandoned): abandoned ? "done abandoned" : "done"
        case .asked(let wanted): "asked \(wanted.text)"
        case .ended(let status): "ended \(status.rawValue)"
        case .unknown: "unknown"
        }
    }
}

extension JobStore {
    /// Everything that can be seen of jobs, in a line each and in the order of the ids.
    func pictures(_ ids: [UUID]) async throws -> [String] {
        try await database.query(
            """
            SELECT concat_ws(' ', j.status, 'attempt', j.attempt, 'failures', j.failures, 'crashes', j.crashes,
                'wanted', coalesce(j.stop_mode, j.wanted, '-'),
                coalesce((ceil(extract(epoch FROM j.stop_deadline - now()) / 100) * 100)::integer::text, '-'),
                'ended', coalesce((SELECT string_agg(attempt || ':' || status, ',' ORDER BY attempt)
                    FROM executions WHERE job_id = i.id), '-'),
                'saved', coalesce((SELECT string_agg(epoch || '=' || (state->>'v'), ',' ORDER BY epoch)
                    FROM checkpoints WHERE job_id = i.id), '-'),
                'events', coalesce((SELECT string_agg(kind || '/' || status || '/' || attempt, ',' ORDER BY seq)
                    FROM events WHERE job_id = i.id), '-')) AS picture
            FROM unnest(\(ids)) WITH ORDINALITY AS i (id, place) LEFT JOIN jobs j ON j.id = i.id ORDER BY i.place
            """
        ).map { try $0.decode("picture") }
    }
}
