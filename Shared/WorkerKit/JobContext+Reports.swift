import JSON
import Jobs
import Postgres

/// What a worker's code tells about a job beyond its progress.
extension JobContext {
    /// The operator of this name: a stage inside the job, whose counters clients read. The same name and subtask are the same
    /// operator; the first call decides its kind. At most 256 operators and subtasks of an attempt are kept.
    ///
    /// - Parameter subtask: which of its parallel parts, from 0.
    public func `operator`(_ name: String, kind: OperatorKind, subtask: Int = 0) -> Operator {
        journal.operator(name.cut(to: Self.maxNameBytes), kind: kind, subtask: max(0, subtask))
    }

    private static let maxNameBytes = 100
    private static let maxStringOfSample = 2048

    /// Writes a line to the job's log, which clients read. At most 10,000 lines of 8 KiB an attempt.
    public func log(_ level: LogLevel, _ message: String, operatorName: String? = nil, details: JSON? = nil) {
        journal.log(level, message, operatorName: operatorName, details: details?.serialized())
    }

    /// Writes a line of an operator to the job's log.
    public func log(_ level: LogLevel, in part: Operator, _ message: String, details: JSON? = nil) {
        journal.log(
            level, message, operatorName: part.name, taskIndex: part.subtask, details: details?.serialized())
    }

    /// Tells of a record that an operator could not take, or took with reservations, and counts it there. The first 1,000 of an
    /// attempt are kept, the others only counted.
    ///
    /// - Parameters:
    ///   - level: `error` for what was lost; anything else is a warning.
    ///   - record: the offending record, of which the first 4 KiB are kept.
    public func error(
        _ level: LogLevel = .error, in part: Operator, _ message: String, details: JSON? = nil, record: String? = nil
    ) {
        part.countError(level)
        journal.error(level, message, in: part, details: details?.serialized(), record: record)
    }

    /// Offers a record of an operator's output to be looked at. The first 100 of each operator are kept, 256 KiB at most, with their
    /// strings cut at 2 KiB; records that are over 16 KiB even so are not. Call it for every record: it also counts how many there are,
    /// and makes the JSON only when there is room.
    public func sample(_ part: Operator, _ record: @autoclosure () -> JSON) {
        part.countOffered()
        guard journal.takesSamples(of: part) else { return }
        journal.sample(record().withStringsCut(to: Self.maxStringOfSample).serialized(), of: part)
    }
}
