import Crypto
import Foundation
import Testing

@testable import CrawlingWorker

@Suite struct WARCTests {
    private static let id = UUID(uuidString: "01234567-89AB-CDEF-0123-456789ABCDEF") ?? UUID()
    private static let date = Date(timeIntervalSince1970: 1_700_000_000.25)
    private static let head = Array("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n".utf8)

    private func capture(_ change: (inout WARCCapture) -> Void = { _ in }) -> WARCCapture {
        var capture = WARCCapture(
            url: "https://h/a?b", date: Self.date, responseHead: Self.head, body: Array("<p>".utf8), isDecoded: false)
        change(&capture)
        return capture
    }

    /// The header lines and the block of an encoded record.
    private func parts(_ record: WARCRecord) throws -> (lines: [String], block: String) {
        let text = String(decoding: record.encoded(), as: UTF8.self)
        let end = try #require(text.range(of: "\r\n\r\n"))
        return (text[..<end.lowerBound].components(separatedBy: "\r\n"), String(text[end.upperBound...]))
    }

    @Test func aResponseIsWrittenAsItCame() throws {
        let record = capture { $0.address = "192.0.2.7" }.records(warcinfo: Self.id, namespace: Self.id)[0]
        let block = Self.head + Array("<p>".utf8)
        let parts = try parts(record)
        #expect(
            parts.lines == [
                "WARC/1.1", "WARC-Type: response", "WARC-Record-ID: <urn:uuid:\(record.id.text)>",
                "WARC-Date: 2023-11-14T22:13:20.250Z", "WARC-Target-URI: https://h/a?b", "WARC-IP-Address: 192.0.2.7",
                "WARC-Warcinfo-ID: <urn:uuid:01234567-89ab-cdef-0123-456789abcdef>",
                "WARC-Block-Digest: sha256:\(Hex.encode(sha256(block)))",
                "WARC-Payload-Digest: sha256:\(Hex.encode(sha256("<p>")))",
                "Content-Type: application/http;msgtype=response", "Content-Length: \(block.count)",
            ])
        #expect(parts.block == String(decoding: block, as: UTF8.self) + "\r\n\r\n")
    }

    @Test func requestAndMetadataGoWithTheResponse() throws {
        let request = Array("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
        let records = capture {
            $0.requestHead = request
            $0.metadata = [("via", "https://h/"), ("fetchTimeMs", "12")]
        }.records(warcinfo: nil, namespace: Self.id)
        #expect(records.map(\.kind) == [.response, .request, .metadata])
        #expect(Set(records.map(\.id)).count == 3)
        for record in records.dropFirst() {
            #expect(try parts(record).lines.contains("WARC-Concurrent-To: <urn:uuid:\(records[0].id.text)>"))
        }
        #expect(try parts(records[1]).lines.contains("Content-Type: application/http;msgtype=request"))
        #expect(try parts(records[2]).block == "via: https://h/\r\nfetchTimeMs: 12\r\n\r\n\r\n")
        #expect(try parts(records[2]).lines.contains { $0.hasPrefix("WARC-Payload") } == false)
    }

    @Test func aRepeatedCaptureHasTheSameIds() {
        func id(_ namespace: UUID, _ url: String) -> UUID {
            capture { $0.url = url }.records(warcinfo: nil, namespace: namespace)[0].id
        }
        #expect(id(Self.id, "https://h/") == id(Self.id, "https://h/"))
        #expect(id(Self.id, "https://h/") != id(Self.id, "https://h/2"))
        #expect(id(Self.id, "https://h/") != id(UUID(), "https://h/"))
    }

    @Test func aDecodedBodyHasHeadersThatAreTrue() throws {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-ENCODING: gzip\r\nServer: x\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n"
        let records = capture {
            $0.responseHead = Array(head.utf8)
            $0.isDecoded = true
            $0.truncation = .length
        }.records(warcinfo: nil, namespace: Self.id)
        let parts = try parts(records[0])
        #expect(
            parts.block
                == "HTTP/1.1 200 OK\r\nX-Archive-Orig-content-ENCODING: gzip\r\nServer: x\r\n"
                + "X-Archive-Orig-Transfer-Encoding: chunked\r\nX-Archive-Orig-Content-Length: 9\r\n"
                + "Content-Length: 3\r\n\r\n<p>\r\n\r\n")
        #expect(parts.lines.contains("WARC-Truncated: length"))
    }

    @Test func noValueEndsItsLine() throws {
        let record = capture { $0.url = "https://h/\r\nWARC-Type: warcinfo\u{0}" }.records(
            warcinfo: nil, namespace: Self.id)[0]
        #expect(try parts(record).lines.contains("WARC-Target-URI: https://h/  WARC-Type: warcinfo "))
    }

    @Test func aFileBeginsWithWhatMadeIt() throws {
        let record = WARCRecord.warcinfo(id: Self.id, date: Self.date, fields: [("software", "Switchyard")])
        let parts = try parts(record)
        #expect(
            parts.lines.contains("WARC-Type: warcinfo") && parts.lines.contains("Content-Type: application/warc-fields")
        )
        #expect(parts.block.hasPrefix("format: WARC File Format 1.1\r\n"))
        #expect(parts.block.hasSuffix("software: Switchyard\r\n\r\n\r\n"))
        #expect(!parts.lines.contains { $0.hasPrefix("WARC-Target-URI") })
    }
}
