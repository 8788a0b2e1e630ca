import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs

/// The parameters by which what a job has told is filtered.
extension Call {
    /// A time as RFC 3339.
    func time(_ name: String) throws -> Date? {
        guard let text = request.query(name) else { return nil }
        guard let time = Date(rfc3339: text) else {
            throw Problem.invalidParameter(name, "a time such as 2026-01-31T12:00:00Z")
        }
        return time
    }

    func number(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = request.query(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw Problem.invalidParameter(name, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func flag(_ name: String) throws -> Bool { try choice(name, of: ["true", "false"]) == "true" }

    func attempt() throws -> Int32? { try number("attempt", 0...Int(Int32.max)).map { Int32($0) } }

    func logFilter() throws -> LogFilter {
        LogFilter(
            minimum: try choice("level", of: LogLevel.allCases.map(\.word) + ["warn"]).flatMap(LogLevel.init(word:))
                ?? .debug,
            since: try time("since"), until: try time("until"), operatorName: request.query("operator"),
            taskIndex: try number("task_index", 0...Int(Int32.max)).map { Int32($0) }, attempt: try attempt())
    }

    func eventFilter() throws -> EventFilter {
        let level = try choice("level", of: EventFilter.Level.allCases.map(\.rawValue) + ["all"])
        return EventFilter(
            kinds: request.query("event").map { $0.split(separator: ",").prefix(20).map(String.init) } ?? [],
            level: level.flatMap(EventFilter.Level.init(rawValue:)), attempt: try attempt(), since: try time("since"),
            until: try time("until"))
    }
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
