import Foundation
import JSON

/// The numbers of a job as clients see them. Latencies are in milliseconds, shares between 0 and 1; what was not measured is null.
extension JobMetrics {
    /// Appends everything: totals, and each operator.
    public func write(to json: inout JSONWriter) {
        let total = total
        json.beginObject()
        total.writeCounts(to: &json)
        json.member("throughput", throughput(total.recordsOut))
        json.key("latency_ms")
        total.endToEnd.write(to: &json)
        total.writeShares(to: &json)
        json.member("attempts", attempts)
        json.member("elapsed_seconds", (elapsed * 1000).rounded() / 1000)
        json.member("updated_at", updatedAt)
        json.member("partial", isPartial)
        json.key("operators")
        json.beginArray()
        for entry in operators {
            json.beginObject()
            writeMembers(of: entry, to: &json)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    /// Appends one operator with its subtasks.
    public func write(_ entry: Operator, to json: inout JSONWriter) {
        json.beginObject()
        writeMembers(of: entry, to: &json)
        json.key("subtask_metrics")
        json.beginArray()
        for (index, counters) in entry.subtasks.sorted(by: { $0.key < $1.key }) {
            json.beginObject()
            json.member("task_index", Int(index))
            counters.writeCounts(to: &json)
            json.key("latency_ms")
            counters.latency.write(to: &json)
            counters.writeShares(to: &json)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    /// Appends the sums of sources, transforms and sinks. `total_records` is what a group gave on.
    public func writeGroups(to json: inout JSONWriter) {
        json.beginObject()
        for kind in OperatorKind.allCases {
            let group = operators(kind)
            var sum = OperatorCounters()
            for entry in group { sum.add(entry.counters) }
            json.key(dynamic: kind.rawValue + "s")
            json.beginObject()
            json.member("total_records", sum.recordsOut)
            json.member("throughput", throughput(sum.recordsOut))
            sum.writeCounts(to: &json)
            json.member("operators", group.map(\.name))
            json.endObject()
        }
        json.endObject()
    }

    private func writeMembers(of entry: Operator, to json: inout JSONWriter) {
        json.member("operator", entry.name)
        json.member("kind", entry.kind.rawValue)
        json.member("subtasks", entry.subtasks.count)
        entry.counters.writeCounts(to: &json)
        json.member("throughput", throughput(entry.counters.recordsOut))
        json.key("latency_ms")
        entry.counters.latency.write(to: &json)
        entry.counters.writeShares(to: &json)
    }
}

extension OperatorCounters {
    fileprivate func writeCounts(to json: inout JSONWriter) {
        json.member("records_in", recordsIn)
        json.member("records_out", recordsOut)
        json.member("bytes_in", bytesIn)
        json.member("bytes_out", bytesOut)
        json.member("errors", errors)
        json.member("warnings", warnings)
    }

    fileprivate func writeShares(to json: inout JSONWriter) {
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
