import Crypto
import Foundation
import JSON
import Postgres

/// What kind of thing a text was taken from.
public enum SourceKind: String, Sendable, CaseIterable, PostgresScalar {
    /// A text that the job's spec brought.
    case text
    /// A document that a job has read.
    case document
    /// A page that a crawl has stored.
    case page
    /// A row of an import.
    case row
}

/// A whole text that is cut into chunks: where it is from, and what readers are told of it.
///
/// Sources with the same kind, the same id and the same labels are versions of one: in a space one of them is searched, the one that was
/// finished last, whichever job did it. So an embedding that runs every night takes the place of the night's before, page by page; jobs that
/// are to keep their own say so by a label. What a later job does not come across stays as it is until the job that wrote it is forgotten.
public struct EmbeddingSource: Sendable, Equatable {
    /// The most bytes of an id: it stands in an index.
    public static let maxKeyBytes = 2000

    /// What it is.
    public let kind: SourceKind
    /// By what it is known among its kind, the same from job to job: a URL, a document's id, a row's key.
    public let key: String
    /// What it is filtered by, and told apart by: a JSON object of strings.
    public let labels: JSON
    /// The SHA-256 of its whole text.
    public let hash: [UInt8]
    /// Which version of the chunker cut it, with whatever else its cuts depend on, such as the size of a chunk.
    public let chunker: String
    /// Its title.
    public var title: String?
    /// Where it can be seen.
    public var url: String?

    /// Makes a source.
    public init(kind: SourceKind, key: String, labels: JSON = [:], hash: [UInt8], chunker: String) {
        self.kind = kind
        self.key = key
        self.labels = labels
        self.hash = hash
        self.chunker = chunker
    }

    /// What its versions have in common.
    var identity: [UInt8] {
        var parts = [kind.rawValue, key]
        for (name, value) in (labels.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            parts += [name, value.stringValue ?? ""]
        }
        return sha256(JSON.array(parts.map { .string($0) }).serialized())
    }

    /// Throws `.usage` when it cannot be stored.
    func check() throws(PostgresError) {
        guard (1...Self.maxKeyBytes).contains(key.utf8.count) else {
            throw PostgresError(.usage, "the id of a source has 1 to \(Self.maxKeyBytes) bytes")
        }
        guard hash.count == 32 else { throw PostgresError(.usage, "a SHA-256 has 32 bytes") }
    }
}

/// A source whose chunks are being written. Searches do not see them.
public struct OpenSource: Sendable, Equatable {
    let id: Int64
    let identity: [UInt8]
    /// How many of its chunks are written. Not always the first ones: what had no vector was left out, and may have one now, so a later
    /// attempt writes all of them again, of which those that are there stay.
    public let written: Int
}

/// What is to be done with a source.
public enum SourceStart: Sendable, Equatable {
    /// Its text was embedded before, with the same chunker: its chunks are there, and are searched.
    case unchanged(chunks: Int, tokens: Int)
    /// The same, but this job has done with it before, in an earlier attempt or as one of its sources that came twice.
    case repeated(chunks: Int, tokens: Int)
    /// Its chunks are to be written.
    case open(OpenSource)
}
