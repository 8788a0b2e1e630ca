import Foundation
import Postgres

/// A page or a chunk: a row with text that belongs to a document and has a number in it.
public protocol DocumentPart: Sendable {
    /// The text of the row.
    var text: String { get }
    /// Writes parts of one document; the same again changes nothing.
    static func upsert(_ parts: [Self], of document: DocumentRecord) -> Statement
}

/// Some of a document's parts, in order.
public struct DocumentParts<Part: DocumentPart>: Sendable {
    /// As many as were asked for, or fewer where their text would be too much for one answer; one at least, if there is one.
    public let parts: [Part]
    /// Whether more come after them.
    public let hasMore: Bool
}

/// The parts of a document in batches that are each small enough for a statement: so many rows and bytes of text at most, and one row
/// at least.
public struct DocumentBatches<Base: Sequence>: Sequence, IteratorProtocol where Base.Element: DocumentPart {
    private static var maxRows: Int { 500 }
    /// In bytes; a transaction of so many takes some tens of milliseconds, for which the job's heartbeat waits.
    public static var maxBytes: Int { 1 << 20 }

    private var base: Base.Iterator
    private var upcoming: Base.Element?

    /// Cuts a sequence, which is walked through once.
    public init(_ base: Base) {
        self.base = base.makeIterator()
        upcoming = self.base.next()
    }

    /// The next batch and the bytes of its text; nil at the end.
    public mutating func next() -> (parts: [Base.Element], bytes: Int)? {
        var parts: [Base.Element] = []
        var bytes = 0
        while let part = upcoming,
            parts.isEmpty || parts.count < Self.maxRows && bytes + part.text.utf8.count <= Self.maxBytes
        {
            parts.append(part)
            bytes += part.text.utf8.count
            upcoming = base.next()
        }
        return parts.isEmpty ? nil : (parts, bytes)
    }
}

extension JobStore {
    /// What the texts of one answer may have together, in bytes: an answer must have a bound whatever `limit` asks for.
    public static let maxTextBytes: Int64 = 4 << 20

    /// Some parts of a document: as many as are asked for and as an answer has room for.
    ///
    /// - Parameter rows: a query for one row more than `limit`, in the order of `number`.
    func parts<Part: DocumentPart>(
        _ rows: Statement, limit: Int, _ decode: (Row) throws -> Part
    ) async throws -> DocumentParts<Part> {
        // PostgreSQL knows the length of a text without reading it.
        let (found, hasMore) = try await cut(rows, size: "octet_length(text)", limit: limit)
        return DocumentParts(parts: try found.map(decode), hasMore: hasMore)
    }

    /// Cuts rows off where their texts become too many bytes; one is answered at least, if there is one.
    ///
    /// - Parameters:
    ///   - rows: a query for one row more than `limit`, in the order of `number`.
    ///   - size: the bytes of a row's texts.
    func cut(_ rows: Statement, size: StaticString, limit: Int) async throws -> (rows: Rows, hasMore: Bool) {
        let found = try await database.query(
            """
            SELECT * FROM (
                SELECT *, sum(\(raw: size)) OVER (ORDER BY number) - \(raw: size) AS bytes_before, count(*) OVER () AS found
                FROM (\(rows)) r
            ) s
            WHERE bytes_before < \(Self.maxTextBytes) ORDER BY number LIMIT \(limit)
            """)
        let count = try found.first?.decode("found", as: Int64.self) ?? 0
        return (found, count > found.count)
    }
}
