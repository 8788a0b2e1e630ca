import Foundation
import JSON

/// How long a job takes: what was measured, and what that and the history of its type let expect.
public struct JobTiming: Sendable, Hashable, Representation {
    /// Seconds since the attempt under way began, or that the last one took; nil while the job waits.
    public let elapsed: Double?
    /// Seconds that one unit of progress has taken in this attempt.
    public let averageUnit: Double?
    /// Seconds that the attempt will still run, as far as can be told.
    public let remaining: Double?
    /// Between what and what the rest will lie in eight of ten jobs like it, by the history of the type.
    public let range: ClosedRange<Double>?

    /// The share of jobs below and above the range.
    private static let tail = 0.1

    /// Works out the timing of a job at a moment.
    ///
    /// - Parameter history: of the job's type; an empty one leaves out the range, and the estimate of a job that does not know its
    ///   total.
    public init(of job: Job, history: TypeHistory = TypeHistory(), at now: Date) {
        self.init(
            status: job.status, startedAt: job.startedAt, finishedAt: job.finishedAt, progress: job.progress,
            history: history, at: now)
    }

    init(
        status: JobStatus, startedAt: Date?, finishedAt: Date?, progress: [UInt8]?, history: TypeHistory, at now: Date
    ) {
        let isRunning = status == .running || status == .stopping
        let end = isRunning ? now : finishedAt
        let elapsed = startedAt.flatMap { start in end.map { max(0, $0.timeIntervalSince(start)) } }
        let progress = Progress(progress)
        self.elapsed = elapsed
        averageUnit = elapsed.flatMap { elapsed in progress.flatMap { $0.done > 0 ? elapsed / $0.done : nil } }
        guard isRunning, let elapsed else {
            remaining = nil
            range = nil
            return
        }
        if let progress, let left = progress.left {
            let units = history.units[progress.unit].flatMap { $0.count >= TypeHistory.enough ? $0 : nil }
            remaining = (averageUnit ?? units?.quantile(0.5)).map { $0 * left }
            range = Self.range(around: remaining) { share in units?.quantile(share).map { $0 * left } }
        } else {
            let jobs = history.jobs.count >= TypeHistory.enough ? history.jobs : DurationHistogram()
            remaining = jobs.quantile(0.5, beyond: elapsed).map { $0 - elapsed }
            range = Self.range(around: remaining) { share in jobs.quantile(share, beyond: elapsed).map { $0 - elapsed }
            }
        }
    }

    /// The range of the history, widened to hold the estimate: what the job itself has shown counts more.
    private static func range(around estimate: Double?, _ quantile: (Double) -> Double?) -> ClosedRange<Double>? {
        guard let estimate, let low = quantile(tail), let high = quantile(1 - tail) else { return nil }
        return min(low, estimate)...max(high, estimate)
    }

    /// What `write` writes.
    public static let schema = Schema.answer(
        "How long a job takes, in seconds.",
        [
            "elapsed_seconds": Schema.number.orNull.described(
                "Since the attempt under way began, or what the last one took; null while the job waits."),
            "average_unit_seconds": Schema.number.orNull.described(
                "What one unit of progress has taken in this attempt."),
            "estimated_remaining_seconds": Schema.number.orNull,
            "estimated_remaining_range_seconds": Schema.list(Schema.number, 0...2).orNull.described(
                "Between what and what the rest lies in eight of ten jobs like it."),
        ])

    /// Appends the timing as clients see it, in seconds with milliseconds.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("elapsed_seconds", elapsed.map(Self.rounded))
        json.member("average_unit_seconds", averageUnit.map { ($0 * 1e6).rounded() / 1e6 })
        json.member("estimated_remaining_seconds", remaining.map(Self.rounded))
        json.member(
            "estimated_remaining_range_seconds",
            range.map { [Self.rounded($0.lowerBound), Self.rounded($0.upperBound)] })
        json.endObject()
    }

    private static func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }
}

/// The parts of a job's progress that timing needs.
private struct Progress {
    let unit: String
    /// Units done in this attempt.
    let done: Double
    /// Units that are left, when the total is known.
    let left: Double?

    init?(_ progress: [UInt8]?) {
        // A row of another build may hold what this one does not know; such a job has no estimate.
        guard let progress, let json = try? JSON.parse(progress), let completed = json["completed"]?.doubleValue else {
            return nil
        }
        unit = json["unit"]?.stringValue ?? ""
        done = completed - (json["carried"]?.doubleValue ?? 0)
        left = json["total"]?.doubleValue.map { max(0, $0 - completed) }
    }
}
