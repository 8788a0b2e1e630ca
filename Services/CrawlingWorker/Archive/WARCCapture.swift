import Crypto
import Foundation

/// One HTTP exchange as it went over the wire, for a WARC file.
struct WARCCapture: Sendable {
    /// The URL that was asked for.
    var url: String
    /// When the request was sent.
    var date: Date
    /// The address that was connected to, when it is known.
    var address: String?
    /// The request line and headers as sent, with the empty line behind them; nil when they are not kept.
    var requestHead: [UInt8]?
    /// The status line and headers as received, with the empty line behind them.
    var responseHead: [UInt8]
    /// The body: as it was received where `isDecoded` is false.
    var body: [UInt8]
    /// Whether chunks and compression were already taken off the body. Then the headers that tell of them are set aside under
    /// `X-Archive-Orig-`, and a Content-Length is given that is true.
    var isDecoded = true
    var truncation: WARCRecord.Truncation?
    /// What the crawl knows beside: fields of a metadata record, such as `fetchTimeMs` or `via`; empty for none.
    var metadata: [(name: String, value: String)] = []
}

extension WARCCapture {
    /// The records of the exchange: the response, then the request and the metadata if there are any.
    ///
    /// Their ids follow from the job, the URL and the time, so that a capture which is written again has the same ones.
    func records(warcinfo: UUID?, namespace: UUID) -> [WARCRecord] {
        let ids = (0..<3).map { UUID(name: "warc/\($0)/\(date.timeIntervalSince1970)/\(url)", namespace: namespace) }
        let head = isDecoded ? WARCHead.describing(bodyOf: body.count, responseHead) : responseHead
        var records = [
            record(.response, ids[0], "application/http;msgtype=response", head + body, payloadStart: head.count)
        ]
        records[0].address = address
        records[0].truncation = truncation
        if let requestHead {
            var request = record(
                .request, ids[1], "application/http;msgtype=request", requestHead, payloadStart: requestHead.count)
            request.concurrentTo = [ids[0]]
            request.address = address
            records.append(request)
        }
        if !metadata.isEmpty {
            var fields = WARCFields()
            for (name, value) in metadata { fields.add(name, value) }
            var record = record(.metadata, ids[2], WARCRecord.fieldsType, fields.bytes, payloadStart: nil)
            record.concurrentTo = [ids[0]]
            records.append(record)
        }
        return records.map { record in
            var record = record
            record.warcinfo = warcinfo
            return record
        }
    }

    private func record(
        _ kind: WARCRecord.Kind, _ id: UUID, _ contentType: String, _ block: [UInt8], payloadStart: Int?
    ) -> WARCRecord {
        var record = WARCRecord(kind: kind, id: id, date: date, contentType: contentType, block: block)
        record.targetURI = url
        record.payloadStart = payloadStart
        return record
    }
}

extension WARCRecord {
    static let fieldsType = "application/warc-fields"

    /// The record that opens a file and says what made it.
    static func warcinfo(id: UUID, date: Date, fields: [(name: String, value: String)]) -> WARCRecord {
        var block = WARCFields()
        block.add("format", "WARC File Format 1.1")
        block.add("conformsTo", "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/")
        for (name, value) in fields { block.add(name, value) }
        return WARCRecord(kind: .warcinfo, id: id, date: date, contentType: fieldsType, block: block.bytes)
    }
}
