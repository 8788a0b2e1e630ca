import Crypto
import Foundation

/// One answer, for a WARC file.
struct WARCCapture: Sendable {
    /// The URL that was asked for.
    var url: String
    /// When the request was sent.
    var date: Date
    /// The address that was connected to, when it is known.
    var address: String?
    /// The status line and headers as received, with the empty line behind them.
    var responseHead: [UInt8]
    /// The body without chunks and compression. The headers that tell of them are set aside under `X-Archive-Orig-`, and a Content-Length is given that
    /// is true.
    var body: [UInt8]
    var truncation: WARCRecord.Truncation?

    /// The record of the answer. Its id follows from the namespace, the URL and the time, so that a capture which is written again has the same one.
    func record(namespace: UUID) -> WARCRecord {
        let head = WARCHead.describing(bodyOf: body.count, responseHead)
        var record = WARCRecord(
            kind: .response, id: UUID(name: "warc/\(date.timeIntervalSince1970)/\(url)", namespace: namespace),
            date: date, contentType: "application/http;msgtype=response", block: head + body)
        record.targetURI = url
        record.payloadStart = head.count
        record.address = address
        record.truncation = truncation
        return record
    }
}

extension WARCRecord {
    /// The record that opens a file and says what made it.
    static func warcinfo(id: UUID, date: Date, fields: [(name: String, value: String)]) -> WARCRecord {
        var block = WARCFields()
        block.add("format", "WARC File Format 1.1")
        block.add("conformsTo", "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/")
        for (name, value) in fields { block.add(name, value) }
        return WARCRecord(
            kind: .warcinfo, id: id, date: date, contentType: "application/warc-fields", block: block.bytes)
    }
}
