import Foundation
import Jobs
import Synchronization

/// One stage inside a job, or one of its parallel parts, with its own counters. Made by `JobContext.operator`.
///
/// A subtask is one lane of work: whoever measures its times does one thing after another in it. The counters begin at nothing in
/// each attempt; they reach the database about once a second, and at the attempt's end.
public final class Operator: Sendable {
    /// The operator's name within the job.
    public let name: String
    /// The part that it plays.
    public let kind: OperatorKind
    /// Which of the operator's parallel parts, from 0.
    public let subtask: Int

    private let startedAt = Date()
    private let onChange: @Sendable () -> Void
    private let state = Mutex((counters: OperatorCounters(), hasNews: true))

    init(name: String, kind: OperatorKind, subtask: Int, onChange: @escaping @Sendable () -> Void) {
        self.name = name
        self.kind = kind
        self.subtask = subtask
        self.onChange = onChange
    }

    /// Counts records that it took, and their bytes.
    public func took(records: Int = 1, bytes: Int = 0) {
        change { counters in
            counters.recordsIn += records
            counters.bytesIn += bytes
        }
    }

    /// Counts records that it gave on, and their bytes.
    public func gave(records: Int = 1, bytes: Int = 0) {
        change { counters in
            counters.recordsOut += records
            counters.bytesOut += bytes
        }
    }

    /// Adds time that it worked.
    public func wasBusy(_ time: Duration) { change { $0.busy += time.microseconds } }

    /// Adds time that it waited for records.
    public func wasIdle(_ time: Duration) { change { $0.idle += time.microseconds } }

    /// Adds time that it waited for the operators behind it.
    public func wasHeldUp(_ time: Duration) { change { $0.backpressure += time.microseconds } }

    /// Notes how long one record took in this operator.
    public func took(_ time: Duration) { change { $0.latency.add(time) } }

    /// Notes how long one record took from its source to the end of this operator; what the job shows as its latency.
    public func finishedRecord(after time: Duration) { change { $0.endToEnd.add(time) } }

    /// Does one record's work and measures it: busy time and latency.
    public func measure<Output: Sendable>(_ body: () async throws -> Output) async rethrows -> Output {
        let start = ContinuousClock.now
        defer {
            let time = ContinuousClock.now - start
            change { counters in
                counters.busy += time.microseconds
                counters.latency.add(time)
            }
        }
        return try await body()
    }

    func countError(_ level: LogLevel) {
        change { if level == .error { $0.errors += 1 } else { $0.warnings += 1 } }
    }

    func countOffered() { change { $0.offered += 1 } }

    /// The numbers, unless nothing has changed since they were last taken.
    func takeNews(attempt: Int32) -> OperatorReport? {
        state.withLock { state in
            guard state.hasNews else { return nil }
            state.hasNews = false
            return report(state.counters, attempt)
        }
    }

    /// The numbers as they are now.
    func report(attempt: Int32) -> OperatorReport { report(state.withLock(\.counters), attempt) }

    private func report(_ counters: OperatorCounters, _ attempt: Int32) -> OperatorReport {
        OperatorReport(
            attempt: attempt, name: name, taskIndex: Int32(subtask), kind: kind, counters: counters,
            startedAt: startedAt, updatedAt: Date())
    }

    private func change(_ body: (inout OperatorCounters) -> Void) {
        let isFirst = state.withLock { state in
            body(&state.counters)
            defer { state.hasNews = true }
            return !state.hasNews
        }
        if isFirst { onChange() }
    }
}

extension Duration {
    fileprivate var microseconds: Int {
        Int(max(0, components.seconds)) * 1_000_000 + Int(max(0, components.attoseconds) / 1_000_000_000_000)
    }
}

/// Operators through which one lane passes its records, one record at a time: while one of them works, those before it are held up
/// and those behind it wait for records.
public struct OperatorChain: Sendable {
    private let operators: [Operator]

    /// Makes a chain, from the source to the sink.
    public init(_ operators: [Operator]) { self.operators = operators }

    /// Does one record's work in an operator of the chain, and measures it for all of them.
    public func run<Output: Sendable>(
        _ current: Operator, _ body: () async throws -> Output
    ) async rethrows -> Output {
        let start = ContinuousClock.now
        defer {
            let time = ContinuousClock.now - start
            var isBehind = false
            for other in operators {
                if other === current {
                    isBehind = true
                } else if isBehind {
                    other.wasIdle(time)
                } else {
                    other.wasHeldUp(time)
                }
            }
        }
        return try await current.measure(body)
    }
}

/// The operators of one execution, by name and subtask.
final class Operators: Sendable {
    private struct Key: Hashable {
        let name: String
        let subtask: Int
    }

    /// How many operators and subtasks of one attempt are kept; the others count for nobody.
    static let limit = 256

    private let known = Mutex<[Key: Operator]>([:])

    /// The operator of this name and subtask, made when there is none; nil when there are too many.
    func find(_ name: String, subtask: Int, make: () -> Operator) -> Operator? {
        known.withLock { known in
            let key = Key(name: name, subtask: subtask)
            if let found = known[key] { return found }
            guard known.count < Self.limit else { return nil }
            let made = make()
            known[key] = made
            return made
        }
    }

    /// The numbers that have changed since they were last taken.
    func takeNews(attempt: Int32) -> [OperatorReport] { all.compactMap { $0.takeNews(attempt: attempt) } }

    /// All numbers as they are now.
    func reports(attempt: Int32) -> [OperatorReport] { all.map { $0.report(attempt: attempt) } }

    private var all: [Operator] { known.withLock { Array($0.values) } }
}
