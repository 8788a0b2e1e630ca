import Crypto
import Foundation

extension Cursor {
    static func text(name: String) -> String { Base64URL.encode(Array("w\(name)".utf8)) }

    /// A moment, to the microsecond, and what came then.
    static func text(at time: Date, id: UUID) -> String {
        Base64URL.encode(Array("t\(Int64((time.timeIntervalSince1970 * 1e6).rounded())).\(id.text)".utf8))
    }

    static func name(_ text: String) throws -> String {
        guard let bytes = Base64URL.decode(text), bytes.first == UInt8(ascii: "w"), !bytes.contains(0),
            let name = String(validating: bytes.dropFirst(), as: UTF8.self)
        else { throw Problem.invalidCursor }
        return name
    }

    static func moment(_ text: String) throws -> (receivedAt: Date, id: UUID) {
        guard let bytes = Base64URL.decode(text), bytes.first == UInt8(ascii: "t") else { throw Problem.invalidCursor }
        let parts = String(decoding: bytes.dropFirst(), as: UTF8.self).split(separator: ".")
        // A time that a date can hold and the database too: year 9999 at the latest.
        guard parts.count == 2, let time = Int64(parts[0]), (0...253_402_300_799_000_000).contains(time),
            let id = UUID(text: String(parts[1]))
        else { throw Problem.invalidCursor }
        return (Date(timeIntervalSince1970: Double(time) / 1e6), id)
    }
}
