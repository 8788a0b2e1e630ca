import Crypto
import Foundation

/// One record of a WARC file, version 1.1 (ISO 28500:2017).
struct WARCRecord: Sendable {
    enum Kind: String, Sendable { case warcinfo, response }

    /// Why the archived answer is not whole.
    enum Truncation: String, Sendable {
        /// It was larger than the limit.
        case length
        /// It took longer than the limit.
        case time
        /// The connection ended.
        case disconnect
        case unspecified

        /// Why a failed answer was not read to its end.
        init(_ fault: FetchFault) {
            self =
                switch fault {
                case .tooLarge: .length
                case .timeout: .time
                case .reset, .brokenAnswer: .disconnect
                default: .unspecified
                }
        }
    }

    let kind: Kind
    /// The record's own id.
    let id: UUID
    /// The time of capture.
    let date: Date
    /// The URL that was asked for; nil for a warcinfo record alone.
    var targetURI: String?
    /// The address that was connected to.
    var address: String?
    var truncation: Truncation?
    var contentType: String
    /// The content: a header block and a payload, or fields.
    let block: [UInt8]
    /// Where the payload begins in the block of a response, which is behind the header block; nil for other records.
    var payloadStart: Int?

    /// The record's bytes, to be written as a gzip member of its own.
    func encoded() -> [UInt8] {
        var fields = WARCFields()
        fields.add("WARC-Type", kind.rawValue)
        fields.add("WARC-Record-ID", Self.urn(id))
        fields.add("WARC-Date", Self.text(of: date))
        fields.add("WARC-Target-URI", targetURI)
        fields.add("WARC-IP-Address", address)
        fields.add("WARC-Truncated", truncation?.rawValue)
        fields.add("WARC-Block-Digest", Self.digest(block))
        fields.add("WARC-Payload-Digest", payloadStart.map { Self.digest(Array(block[$0...])) })
        fields.add("Content-Type", contentType)
        fields.add("Content-Length", String(block.count))
        var bytes = Array("WARC/1.1\r\n".utf8)
        bytes.reserveCapacity(block.count + fields.bytes.count + 16)
        return bytes + fields.bytes + WARCFields.lineEnd + block + WARCFields.lineEnd + WARCFields.lineEnd
    }

    private static func urn(_ id: UUID) -> String { "<urn:uuid:\(id.text)>" }

    private static func digest(_ bytes: [UInt8]) -> String { "sha256:\(Hex.encode(sha256(bytes)))" }

    /// UTC with milliseconds.
    private static func text(of date: Date) -> String {
        date.formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
    }
}
