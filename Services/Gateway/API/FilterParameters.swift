import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs

/// The parameters by which what a job has told is filtered.
extension Call {
    var attempt: Int32? { integer("attempt").map { Int32(clamping: $0) } }

    var logFilter: LogFilter {
        LogFilter(
            minimum: text("level").flatMap(LogLevel.init(word:)) ?? .debug, since: time("since"), until: time("until"),
            operatorName: text("operator"), taskIndex: integer("task_index").map { Int32(clamping: $0) },
            attempt: attempt)
    }

    var eventFilter: EventFilter {
        EventFilter(
            kinds: text("event").map { $0.split(separator: ",").map(String.init) } ?? [],
            level: text("level").flatMap(EventFilter.Level.init(rawValue:)), attempt: attempt, since: time("since"),
            until: time("until"))
    }
}

extension QueryParameter {
    static let since = QueryParameter("since", .time, "Only what happened from this time on.")
    static let until = QueryParameter("until", .time, "Only what happened before this time.")
    static let attempt = QueryParameter("attempt", .integer(0...Int(Int32.max)), "Only this attempt.")
    static let operatorName = QueryParameter("operator", .text(max: 100), "Only this operator.")
}

extension Cursor {
    static func text(file id: UUID) -> String { Base64URL.encode(Array("f\(id.text)".utf8)) }

    static func text(after sample: OutputSample) -> String {
        Base64URL.encode(Array("s\(sample.attempt).\(sample.number).\(sample.operatorName)".utf8))
    }

    static func file(_ text: String) throws -> UUID {
        guard let bytes = Base64URL.decode(text), bytes.first == UInt8(ascii: "f"),
            let id = UUID(text: String(decoding: bytes.dropFirst(), as: UTF8.self))
        else { throw Problem.invalidCursor }
        return id
    }

    static func sample(_ text: String) throws -> (operatorName: String, attempt: Int32, number: Int32) {
        guard let bytes = Base64URL.decode(text), bytes.first == UInt8(ascii: "s"), !bytes.contains(0) else {
            throw Problem.invalidCursor
        }
        let parts = String(decoding: bytes.dropFirst(), as: UTF8.self).split(
            separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let attempt = Int32(parts[0]), let number = Int32(parts[1]) else {
            throw Problem.invalidCursor
        }
        return (String(parts[2]), attempt, number)
    }
}
