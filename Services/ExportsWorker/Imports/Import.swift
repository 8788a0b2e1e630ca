import Fetching
import Foundation
import JSON
import Jobs
import Tabular
import WorkerKit

/// The job type `import`: what goes in.
struct Import: Decodable, Sendable {
    struct Source: Decodable, Sendable {
        /// An uploaded file or an artifact.
        let fileID: UUID?
        /// A `file://` URL below one of the operator's roots, or one to fetch by `http://` or `https://`.
        let url: String?
        /// An object in a bucket.
        let s3: BucketPlace?

        /// The URL, when it is one to fetch.
        var webURL: String? { url.flatMap { $0.hasPrefix("http") ? $0 : nil } }

        enum CodingKeys: String, CodingKey {
            case fileID = "file_id"
            case url, s3
        }
    }

    /// What the rows go into: exactly one of these is there.
    struct Target: Decodable, Sendable {
        /// A table that the operator has allowed.
        let dataset: String?
        /// A submission whose spec the rows fill in.
        let jobs: JSON?
        /// How the rows are embedded as texts: members of the spec of `batch_embedding`.
        let texts: JSON?
        /// Documents of the import.
        let documents: Documents?
    }

    struct Documents: Decodable, Sendable {
        struct Chunking: Decodable, Sendable {
            /// The most Unicode scalars of a chunk, and how many it shares with the one before.
            let size: Int
            let overlap: Int
        }

        let chunking: Chunking
    }

    enum ConflictAction: String, Decodable, CaseIterable { case update, ignore }
    enum ErrorAction: String, Decodable, CaseIterable { case stop, skip }

    struct Values: Decodable, Sendable {
        let trim: Bool
        let null: [String]
        let decimalComma: Bool
        let dateOrder: DateOrder

        enum CodingKeys: String, CodingKey {
            case trim, null
            case decimalComma = "decimal_comma"
            case dateOrder = "date_order"
        }
    }

    /// What a file that is fetched may take; of an object, its bytes.
    struct Limits: Decodable, Sendable {
        let downloadBytes: Int
        let downloadSeconds: Int

        enum CodingKeys: String, CodingKey {
            case downloadBytes = "download_bytes"
            case downloadSeconds = "download_seconds"
        }

        var download: FileFetcher.Limits { FileFetcher.Limits(time: .seconds(downloadSeconds), bytes: downloadBytes) }
    }

    let source: Source
    let target: Target
    let format: TableFormat?
    let encoding: String?
    let delimiter: String?
    let quote: String?
    let header: Bool?
    let sheet: String?
    /// Columns of the target by columns of the source; by their names when empty.
    let mapping: [String: String]
    let key: [String]
    let onConflict: ConflictAction
    let onError: ErrorAction
    let maxErrors: Int
    let values: Values
    let badBytes: BadBytes
    let fillShortRows: Bool
    let limits: Limits
    let dryRun: Bool

    enum CodingKeys: String, CodingKey {
        case source, target, format, encoding, delimiter, quote, header, sheet, mapping, key, values, limits
        case onConflict = "on_conflict"
        case onError = "on_error"
        case maxErrors = "max_errors"
        case badBytes = "bad_bytes"
        case fillShortRows = "fill_short_rows"
        case dryRun = "dry_run"
    }

    /// How many rows may be rejected before the import ends.
    var mostErrors: Int { onError == .stop ? 0 : maxErrors }

    var settings: TableSettings {
        TableSettings(
            format: format, encoding: encoding, delimiter: delimiter, quote: quote, hasHeader: header, sheet: sheet,
            rules: RowRules(badBytes: badBytes, fillsShortRows: fillShortRows), values: rules)
    }

    var rules: ValueRules {
        ValueRules(
            trims: values.trim, nullTexts: values.null, decimalComma: values.decimalComma, dateOrder: values.dateOrder)
    }
}
