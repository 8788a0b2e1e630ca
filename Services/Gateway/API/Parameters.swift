import Config
import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs

/// Reading of query parameters and small bodies, each with its own clear error.
extension Call {
    func limit() throws -> Int {
        guard let text = request.query("limit") else { return Limits.defaultPage }
        guard let limit = Int(text), (1...Limits.page).contains(limit) else {
            throw Problem.invalidParameter("limit", "a number from 1 to \(Limits.page)")
        }
        return limit
    }

    func duration(_ name: String, upTo limit: Duration) throws -> Duration? {
        guard let text = request.query(name) else { return nil }
        guard let duration = Duration(text: text), duration >= .zero else {
            throw Problem.invalidParameter(name, "a duration such as 30s or 500ms")
        }
        return min(duration, limit)
    }

    func choice(_ name: String, of words: [String]) throws -> String? {
        guard let word = request.query(name) else { return nil }
        guard words.contains(word) else { throw Problem.invalidParameter(name, words.joined(separator: " or ")) }
        return word
    }

    /// `label=key:value`, as often as wanted; a job must have all of them.
    func labels() throws -> [UInt8]? {
        var labels: JSONObject = [:]
        for (name, value) in request.query where name == "label" {
            let parts = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { throw Problem.invalidParameter("label", "key:value") }
            labels[String(parts[0])] = .string(String(parts[1]))
        }
        return labels.isEmpty ? nil : JSON.object(labels).serialized()
    }

    /// The client's name for the request, by which a repeated one is known.
    func idempotencyKey() throws -> String? {
        guard let key = request.headers["Idempotency-Key"] else { return nil }
        guard (1...200).contains(key.utf8.count) else {
            throw Problem.invalidParameter("The header Idempotency-Key", "1 to 200 bytes long")
        }
        return key
    }

    /// The body of a control request, which may be empty.
    func control(_ schema: JSONSchema) throws -> JSON {
        let body = request.collectedBody
        guard !body.isEmpty else { return [:] }
        let json: JSON
        do { json = try JSON.parse(body) } catch { throw Problem.malformedJSON(error) }
        let violations = schema.validate(json)
        guard violations.isEmpty else { throw Problem.invalidFields(violations) }
        return schema.applyingDefaults(to: json)
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
