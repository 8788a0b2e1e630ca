import Foundation
import JSON

/// What the operators of a job have counted, added up.
public struct JobMetrics: Sendable {
    /// The numbers of one operator, over subtasks and attempts.
    public struct Operator: Sendable {
        /// Its name within the job.
        public let name: String
        /// The part that it plays.
        public let kind: OperatorKind
        /// What it has counted.
        public fileprivate(set) var counters = OperatorCounters()
        /// The same by subtask.
        public fileprivate(set) var subtasks: [Int32: OperatorCounters] = [:]
    }

    /// The operators in the order of sources, transforms, sinks, each by when it began.
    public let operators: [Operator]
    /// The attempts that have reported.
    public let attempts: Int
    /// Seconds that those attempts have run, from their first report on.
    public let elapsed: Double
    /// When the newest numbers were read.
    public let updatedAt: Date?
    /// Whether there are more rows than one answer adds up, so that the oldest attempts are missing.
    public let isPartial: Bool

    /// Adds up reports.
    ///
    /// - Parameter running: the attempt that runs now, if one does: its time goes on although nothing new is reported.
    public init(_ reports: [OperatorReport], running: Int32? = nil, at now: Date) {
        var operators: [String: Operator] = [:]
        var order: [String: Date] = [:]
        var spans: [Int32: (start: Date, end: Date)] = [:]
        for report in reports {
            var entry = operators[report.name] ?? Operator(name: report.name, kind: report.kind)
            entry.counters.add(report.counters)
            entry.subtasks[report.taskIndex, default: OperatorCounters()].add(report.counters)
            operators[report.name] = entry
            order[report.name] = min(order[report.name] ?? .distantFuture, report.startedAt)
            let end = report.attempt == running ? max(now, report.updatedAt) : report.updatedAt
            let span = spans[report.attempt] ?? (report.startedAt, end)
            spans[report.attempt] = (min(span.start, report.startedAt), max(span.end, end))
        }
        func place(_ entry: Operator) -> (Int, Date, String) {
            (OperatorKind.allCases.firstIndex(of: entry.kind) ?? 0, order[entry.name] ?? .distantPast, entry.name)
        }
        self.operators = operators.values.sorted { place($0) < place($1) }
        attempts = spans.count
        elapsed = spans.values.reduce(0) { $0 + max(0, $1.end.timeIntervalSince($1.start)) }
        updatedAt = reports.map(\.updatedAt).max()
        isPartial = reports.count >= JobStore.maxOperatorRows
    }

    /// The operators of a kind.
    public func operators(_ kind: OperatorKind) -> [Operator] { operators.filter { $0.kind == kind } }

    /// Everything together: what the sources took in, what the sinks put out, and errors and times of all.
    var total: OperatorCounters {
        var total = OperatorCounters()
        for entry in operators {
            var part = entry.counters
            if entry.kind != .source { (part.recordsIn, part.bytesIn) = (0, 0) }
            if entry.kind != .sink { (part.recordsOut, part.bytesOut) = (0, 0) }
            total.add(part)
        }
        return total
    }

    /// Records a second over the time that the attempts have run; nil before any time has passed.
    func throughput(_ records: Int) -> Double? {
        elapsed > 0 ? ((Double(records) / elapsed) * 1000).rounded() / 1000 : nil
    }
}

extension OperatorCounters {
    /// This time as a share of all that was measured; nil when none was.
    func share(_ time: Int) -> Double? {
        let whole = busy + idle + backpressure
        return whole > 0 ? (Double(time) / Double(whole) * 10_000).rounded() / 10_000 : nil
    }
}
