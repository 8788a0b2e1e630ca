import Foundation
import JSON

/// The parts of the bench that need nothing but no-op jobs.
struct Measurements: Sendable {
    let target: BenchTarget
    let ledger: JobLedger
    let isQuick: Bool

    private var stepTime: Duration { isQuick ? .seconds(1) : .seconds(4) }

    /// Single durable submissions for some seconds; returns once all of their jobs have ended.
    func submits(connections: Int) async throws -> LoadOutcome {
        note("submits over \(connections) connections …")
        let load = Load(
            requests: [target.submission(#"{"type":"noop"}"#)], connections: connections, extent: .time(stepTime))
        let outcome = try await LoadGenerator.run(load, on: target)
        _ = try await ledger.waitUntilEnded(from: try Self.first(outcome.ids), every: .milliseconds(100))
        try await ledger.checkCompletedOnce(outcome.ids)
        return outcome
    }

    /// What the end-to-end run found.
    struct EndToEnd: Sendable {
        let jobs: Int
        /// From the first POST to the last answer.
        let submitSeconds: Double
        /// From the first POST until the database showed the last job as ended.
        let seconds: Double
        /// Jobs per second of that time.
        var rate: Double { Double(jobs) / seconds }
    }

    /// 20,000 single POSTs over 64 connections until all of them have ended, each completed exactly once.
    ///
    /// The end is the moment at which another connection to the database saw the last result row, by the bench's own monotonic clock:
    /// `finished_at` is taken before its commit and would flatter. The database is not asked before the last POST is
    /// answered, and then every 20 ms, so the time may be up to 20 ms too long.
    func endToEnd() async throws -> EndToEnd {
        let count = isQuick ? 2000 : 20_000
        note("\(count) jobs end to end over 64 connections …")
        let name = "bench-\(UInt32.random(in: .min ... .max))"
        let request = target.submission(#"{"type":"noop","name":"\#(name)"}"#)
        let outcome = try await LoadGenerator.run(
            Load(requests: [request], connections: 64, extent: .requests(count)), on: target)
        let first = try Self.first(outcome.ids)
        let end = try await ledger.waitUntilEnded(from: first)
        try await ledger.checkCompletedOnce(outcome.ids)
        try await ledger.checkNamed(name, from: first, count: count)
        return EndToEnd(
            jobs: count, submitSeconds: seconds(from: outcome.start, to: outcome.end),
            seconds: seconds(from: outcome.start, to: end))
    }

    /// One job after the other on an idle stack: from sending the POST to the answer that says completed.
    func idleLatency() async throws -> Percentiles {
        let count = isQuick ? 20 : 200
        note("\(count) jobs one after the other …")
        let target = target
        let submission = target.submission(#"{"type":"noop"}"#)
        return try await onThread("latency") {
            let connection = try WireConnection(host: target.host, port: target.port)
            var microseconds: [UInt32] = []
            for _ in 0..<count {
                let start = monotonicNanoseconds()
                let id = try connection.exchange(submission).createdID()
                let answer = try connection.exchange(target.waiting(for: id))
                microseconds.append(UInt32(clamping: (monotonicNanoseconds() - start) / 1000))
                try answer.requireCompleted()
            }
            return Percentiles(microseconds: microseconds)
        }
    }

    /// `GET /jobs/{id}` over 64 connections, 1,000 ended jobs in turn.
    func reads() async throws -> LoadOutcome {
        note("status reads over 64 connections …")
        let jobs = try await LoadGenerator.run(
            Load(requests: [target.submission(#"{"type":"noop"}"#)], connections: 16, extent: .requests(1000)),
            on: target)
        _ = try await ledger.waitUntilEnded(from: try Self.first(jobs.ids))
        let requests = jobs.ids.map { target.request("GET", "/api/v1/jobs/\($0.text)", id: $0) }
        return try await LoadGenerator.run(
            Load(requests: requests, connections: 64, extent: .time(stepTime)), on: target)
    }

    /// The smallest id: ids grow with time, so every job of the load is at or after it.
    private static func first(_ ids: [UUID]) throws(BenchError) -> UUID {
        guard let first = ids.min() else { throw BenchError("no job was accepted") }
        return first
    }
}

extension BenchTarget {
    /// A read of the job that is answered when it has ended, or after 10 s.
    func waiting(for id: UUID) -> WireRequest {
        request("GET", "/api/v1/jobs/\(id.text)?wait=10s&until=ended", id: id)
    }
}

extension WireResponse {
    /// The id of the created object.
    func createdID() throws(BenchError) -> UUID {
        guard let id = leadingID else { throw BenchError("an answer without an id: \(text)") }
        return id
    }

    /// The job's result; throws the answer if the job is not completed.
    @discardableResult
    func requireCompleted() throws -> JSON {
        let job = try JSON.parse(body)
        guard job["status"]?.stringValue == "completed" else { throw BenchError("a job is not completed: \(text)") }
        return job["result"] ?? .null
    }
}
