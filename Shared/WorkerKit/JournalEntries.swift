import Foundation
import JSON
import Jobs
import Postgres

/// What an execution has said and nobody has written yet, with the limits of what one attempt may say.
struct JournalEntries {
    static let maxLines: Int32 = 10_000
    static let maxErrors: Int32 = 1000
    static let maxMessageBytes = 8192
    static let maxDetailBytes = 8192
    static let maxRecordBytes = 4096
    static let maxSampleBytes = 16 << 10
    static let maxSampleBytesPerOperator = 256 << 10

    private struct Room {
        var taken: Int32 = 0
        var bytes = 0
    }

    private let attempt: Int32
    private var lines: [LogLine] = []
    private var errors: [RecordError] = []
    private var samples: [OutputSample] = []
    private var lastLine: Int32 = 0
    private var lastError: Int32 = 0
    private var rooms: [String: Room] = [:]

    init(attempt: Int32) { self.attempt = attempt }

    var isEmpty: Bool { lines.isEmpty && errors.isEmpty && samples.isEmpty }

    mutating func log(
        _ level: LogLevel, _ message: String, operatorName: String?, taskIndex: Int?, details: [UInt8]?
    ) {
        guard lastLine <= Self.maxLines else { return }
        lastLine += 1
        let isLast = lastLine > Self.maxLines
        let text = isLast ? "further lines of this attempt are dropped (limit: \(Self.maxLines))" : message
        lines.append(
            LogLine(
                attempt: attempt, number: lastLine, at: Date(), level: isLast ? .warning : level,
                message: text.cut(to: Self.maxMessageBytes),
                operatorName: operatorName?.cut(to: Self.maxMessageBytes),
                taskIndex: taskIndex.map { Int32(clamping: $0) }, details: isLast ? nil : Self.cut(details)))
    }

    mutating func error(
        _ level: LogLevel, _ message: String, in part: Operator, details: [UInt8]?, record: String?
    ) {
        guard lastError <= Self.maxErrors else { return }
        lastError += 1
        guard lastError <= Self.maxErrors else {
            return log(
                .warning, "further record errors of this attempt are only counted (limit: \(Self.maxErrors))",
                operatorName: part.name, taskIndex: part.subtask, details: nil)
        }
        errors.append(
            RecordError(
                attempt: attempt, number: lastError, at: Date(), level: level == .error ? .error : .warning,
                operatorName: part.name, taskIndex: Int32(part.subtask), message: message.cut(to: Self.maxMessageBytes),
                details: Self.cut(details),
                record: record.map { ($0.cut(to: Self.maxRecordBytes), $0.utf8.count) }))
    }

    /// Whether there is room for another sample of an operator.
    func takesSamples(of name: String) -> Bool {
        let room = rooms[name] ?? Room()
        return room.taken < OutputSample.maxPerOperator && room.bytes < Self.maxSampleBytesPerOperator
    }

    mutating func sample(_ record: [UInt8], of part: Operator) {
        guard takesSamples(of: part.name), record.count <= Self.maxSampleBytes else { return }
        var room = rooms[part.name] ?? Room()
        room.taken += 1
        room.bytes += record.count
        rooms[part.name] = room
        samples.append(
            OutputSample(
                operatorName: part.name, attempt: attempt, number: room.taken, taskIndex: Int32(part.subtask),
                at: Date(),
                record: record))
    }

    /// Half of a JSON text is none, so details that are too long are left out and say so.
    private static func cut(_ details: [UInt8]?) -> [UInt8]? {
        details.map { $0.count <= maxDetailBytes ? $0 : Array(#"{"truncated": true}"#.utf8) }
    }

    /// Takes everything out as records of an attempt.
    mutating func take(_ fence: Fence) -> [Record] {
        var records: [Record] = []
        if !lines.isEmpty { records.append(.logs(fence, lines)) }
        if !errors.isEmpty { records.append(.errors(fence, errors)) }
        if !samples.isEmpty { records.append(.samples(fence, samples)) }
        (lines, errors, samples) = ([], [], [])
        return records
    }
}

extension JSON {
    /// The value with every string cut to a limit, so that one long text does not keep a record from being shown.
    func withStringsCut(to limit: Int) -> JSON {
        switch self {
        case .string(let text) where text.utf8.count > limit: return .string(text.cut(to: limit))
        case .array(let elements): return .array(elements.map { $0.withStringsCut(to: limit) })
        case .object(let members):
            var cut = JSONObject()
            for (key, value) in members { cut[key] = value.withStringsCut(to: limit) }
            return .object(cut)
        default: return self
        }
    }
}
