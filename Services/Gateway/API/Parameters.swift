import Config
import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs

/// Reading of query parameters. The route has held each to its form before (`QueryParameter`).
extension Call {
    func text(_ name: String) -> String? { request.query(name) }

    func integer(_ name: String) -> Int? { text(name).flatMap { Int($0) } }

    func limit() -> Int { integer("limit") ?? Limits.defaultPage }

    func duration(_ name: String, upTo limit: Duration) -> Duration? {
        text(name).flatMap(QueryParameter.duration).map { min($0, limit) }
    }

    func time(_ name: String) -> Date? { text(name).flatMap { Date(rfc3339: $0) } }

    func uuid(_ name: String) -> UUID? { text(name).flatMap(UUID.init(text:)) }

    func flag(_ name: String) -> Bool { text(name) == "true" }

    /// Every word of a parameter that takes several.
    func words(_ name: String) -> [String] {
        request.query.filter { $0.name == name }.flatMap { $0.value.split(separator: ",").map(String.init) }
    }

    /// `label=key:value`, as often as wanted; a job must have all of them.
    func labels() -> [(key: String, value: String)] {
        request.query.filter { $0.name == "label" }.map { pair in
            let parts = pair.value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), String(parts[1]))
        }
    }

    /// The client's name for the request, by which a repeated one is known.
    func idempotencyKey() throws -> String? {
        guard let key = request.headers["Idempotency-Key"] else { return nil }
        guard (1...200).contains(key.utf8.count) else {
            throw Problem.invalidParameter("The header Idempotency-Key", "1 to 200 bytes long")
        }
        return key
    }
}

/// Where a page ended, as opaque text.
enum Cursor {
    static func text(_ id: UUID) -> String { Base64URL.encode(Array("j\(id.text)".utf8)) }
    static func text(_ sequence: Int64) -> String { Base64URL.encode(Array("e\(sequence)".utf8)) }
    static func text(number: Int32) -> String { Base64URL.encode(Array("n\(number)".utf8)) }
    static func text(attempt: Int32, number: Int32) -> String { Base64URL.encode(Array("l\(attempt).\(number)".utf8)) }

    static func job(_ text: String) throws -> UUID {
        guard let bytes = Base64URL.decode(text), bytes.first == UInt8(ascii: "j"),
            let id = UUID(text: String(decoding: bytes.dropFirst(), as: UTF8.self))
        else { throw Problem.invalidCursor }
        return id
    }

    static func event(_ text: String) throws -> Int64 {
        guard let bytes = Base64URL.decode(text), bytes.first == UInt8(ascii: "e"),
            let sequence = Int64(String(decoding: bytes.dropFirst(), as: UTF8.self))
        else { throw Problem.invalidCursor }
        return sequence
    }

    static func number(_ text: String) throws -> Int32 {
        guard let bytes = Base64URL.decode(text), bytes.first == UInt8(ascii: "n"),
            let number = Int32(String(decoding: bytes.dropFirst(), as: UTF8.self))
        else { throw Problem.invalidCursor }
        return number
    }

    static func logLine(_ text: String) throws -> (attempt: Int32, number: Int32) {
        guard let bytes = Base64URL.decode(text), bytes.first == UInt8(ascii: "l") else { throw Problem.invalidCursor }
        let parts = String(decoding: bytes.dropFirst(), as: UTF8.self).split(separator: ".").map { Int32($0) }
        guard parts.count == 2, let attempt = parts[0], let number = parts[1] else { throw Problem.invalidCursor }
        return (attempt, number)
    }
}

/// The start of a job's id, as people type it.
enum ShortID {
    /// The ids that begin with these hexadecimal digits (8 to 32, dashes anywhere).
    static func range(_ text: String) -> (first: UUID, last: UUID)? {
        let digits = text.filter { $0 != "-" }
        guard text.utf8.count <= 36, (8...32).contains(digits.utf8.count), digits.allSatisfy(\.isHexDigit) else {
            return nil
        }
        func id(filledWith digit: Character) -> UUID? {
            var hex = Substring(digits + String(repeating: digit, count: 32 - digits.count))
            let groups = [8, 4, 4, 4, 12].map { length in
                defer { hex = hex.dropFirst(length) }
                return String(hex.prefix(length))
            }
            return UUID(text: groups.joined(separator: "-"))
        }
        guard let first = id(filledWith: "0"), let last = id(filledWith: "f") else { return nil }
        return (first, last)
    }
}
