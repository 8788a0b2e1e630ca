import Foundation
import JSON

/// The numbers of a job as clients see them. Latencies are in milliseconds, shares between 0 and 1; what was not measured is null.
extension JobMetrics: Representation {
    /// What `write` writes.
    public static let schema = Schema.answer(
        "What a job's operators have counted, over all its attempts: what the sources took in, what the sinks put out, errors of all.",
        OperatorCounters.members([
            "attempts": Schema.count.described("The attempts that have counted."),
            "elapsed_seconds": Schema.number.described("How long those have run."),
            "updated_at": Schema.time.orNull, "throughput": throughputSchema,
            "partial": Schema.bool.described("Whether the oldest attempts are left out, because there are too many."),
            "operators": Schema.list(OperatorMetrics.reference),
        ]))

    static let throughputSchema = Schema.number.orNull.described("Records given on in a second.")

    /// Appends everything: totals, and each operator.
    public func write(to json: inout JSONWriter) {
        let total = total
        json.beginObject()
        total.write(latency: total.endToEnd, to: &json)
        json.member("throughput", throughput(total.recordsOut))
        json.member("attempts", attempts)
        json.member("elapsed_seconds", (elapsed * 1000).rounded() / 1000)
        json.member("updated_at", updatedAt)
        json.member("partial", isPartial)
        json.member("operators", operators.map { OperatorMetrics($0, in: self) })
        json.endObject()
    }
}

/// One operator with its subtasks.
public struct OperatorMetrics: Representation {
    private let entry: JobMetrics.Operator
    private let throughput: Double?

    /// Takes an operator of a job.
    public init(_ entry: JobMetrics.Operator, in metrics: JobMetrics) {
        self.entry = entry
        throughput = metrics.throughput(entry.counters.recordsOut)
    }

    /// What `write` writes.
    public static let schema = Schema.answer(
        "What one operator has counted, over all attempts.",
        OperatorCounters.members([
            "operator": Schema.text, "kind": Schema.word(OperatorKind.allCases.map(\.rawValue)),
            "subtasks": Schema.count,
            "throughput": JobMetrics.throughputSchema,
            "subtask_metrics": Schema.list(
                Schema.answer("One of its parallel parts.", OperatorCounters.members(["task_index": Schema.count]))),
        ]))

    /// Appends the operator.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("operator", entry.name)
        json.member("kind", entry.kind.rawValue)
        json.member("subtasks", entry.subtasks.count)
        entry.counters.write(latency: entry.counters.latency, to: &json)
        json.member("throughput", throughput)
        json.key("subtask_metrics")
        json.beginArray()
        for (index, counters) in entry.subtasks.sorted(by: { $0.key < $1.key }) {
            json.beginObject()
            json.member("task_index", Int(index))
            counters.write(latency: counters.latency, to: &json)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }
}

/// The sums of sources, transforms and sinks.
public struct MetricGroups: Representation {
    private let metrics: JobMetrics

    /// Takes the numbers of a job.
    public init(_ metrics: JobMetrics) { self.metrics = metrics }

    /// What `write` writes.
    public static let schema = Schema.answer(
        "What the operators of each kind have counted together.",
        ["sources": group, "transforms": group, "sinks": group])

    private static let group = Schema.answer(
        "Operators of one kind.",
        OperatorCounters.members([
            "total_records": Schema.count.described("Records that they gave on."),
            "throughput": JobMetrics.throughputSchema, "operators": Schema.list(Schema.text),
        ]))

    /// Appends the groups.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        for kind in OperatorKind.allCases {
            let group = metrics.operators(kind)
            var sum = OperatorCounters()
            for entry in group { sum.add(entry.counters) }
            json.key(dynamic: kind.rawValue + "s")
            json.beginObject()
            json.member("total_records", sum.recordsOut)
            json.member("throughput", metrics.throughput(sum.recordsOut))
            sum.write(latency: sum.latency, to: &json)
            json.member("operators", group.map(\.name))
            json.endObject()
        }
        json.endObject()
    }
}

extension OperatorCounters {
    private static let share = Schema.number.orNull

    private static let counts: [(String, JSON)] = [
        ("records_in", Schema.count), ("records_out", Schema.count), ("bytes_in", Schema.count),
        ("bytes_out", Schema.count), ("errors", Schema.count), ("warnings", Schema.count),
        (
            "latency_ms",
            Schema.answer(
                "How long single records took, in milliseconds.",
                ["count": Schema.count, "p50": share, "p95": share, "p99": share])
        ),
        ("busy", share.described("The share of the measured time that it worked.")),
        ("idle", share.described("… that it waited for records.")),
        ("backpressure", share.described("… that it waited for the operators behind it.")),
    ]

    /// The members that all numbers have, and more.
    fileprivate static func members(_ more: KeyValuePairs<String, JSON>) -> JSON {
        var members = JSONObject()
        for (name, schema) in counts { members[name] = schema }
        for (name, schema) in more { members[name] = schema }
        return .object(members)
    }

    fileprivate func write(latency: DurationHistogram, to json: inout JSONWriter) {
        json.member("records_in", recordsIn)
        json.member("records_out", recordsOut)
        json.member("bytes_in", bytesIn)
        json.member("bytes_out", bytesOut)
        json.member("errors", errors)
        json.member("warnings", warnings)
        json.key("latency_ms")
        latency.write(to: &json)
        json.member("busy", share(busy))
        json.member("idle", share(idle))
        json.member("backpressure", share(backpressure))
    }
}

extension DurationHistogram {
    fileprivate func write(to json: inout JSONWriter) {
        func milliseconds(_ share: Double) -> Double? { quantile(share).map { ($0 * 1e6).rounded() / 1000 } }
        json.beginObject()
        json.member("count", count)
        json.member("p50", milliseconds(0.5))
        json.member("p95", milliseconds(0.95))
        json.member("p99", milliseconds(0.99))
        json.endObject()
    }
}
