import Crypto
import Foundation
import HTTPClient
import Testing

@testable import CrawlingWorker

@Suite struct WARCTests {
    private static let id = UUID(uuidString: "01234567-89AB-CDEF-0123-456789ABCDEF") ?? UUID()
    private static let date = Date(timeIntervalSince1970: 1_700_000_000.25)
    private static let head = Array("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n".utf8)

    private func capture(_ change: (inout WARCCapture) -> Void = { _ in }) -> WARCCapture {
        var capture = WARCCapture(
            url: "https://h/a?b", date: Self.date, responseHead: Self.head, body: Array("<p>".utf8))
        change(&capture)
        return capture
    }

    /// The header lines and the block of an encoded record.
    private func parts(_ record: WARCRecord) throws -> (lines: [String], block: String) {
        let text = String(decoding: record.encoded(), as: UTF8.self)
        let end = try #require(text.range(of: "\r\n\r\n"))
        return (text[..<end.lowerBound].components(separatedBy: "\r\n"), String(text[end.upperBound...]))
    }

    @Test func aResponseIsWrittenWithItsHead() throws {
        let record = capture { $0.address = "192.0.2.7" }.record(namespace: Self.id)
        let block = Self.head.dropLast(2) + Array("Content-Length: 3\r\n\r\n<p>".utf8)
        let parts = try parts(record)
        #expect(
            parts.lines == [
                "WARC/1.1", "WARC-Type: response", "WARC-Record-ID: <urn:uuid:\(record.id.text)>",
                "WARC-Date: 2023-11-14T22:13:20.250Z", "WARC-Target-URI: https://h/a?b", "WARC-IP-Address: 192.0.2.7",
                "WARC-Block-Digest: sha256:\(Hex.encode(sha256(Array(block))))",
                "WARC-Payload-Digest: sha256:\(Hex.encode(sha256("<p>")))",
                "Content-Type: application/http;msgtype=response", "Content-Length: \(block.count)",
            ])
        #expect(parts.block == String(decoding: Array(block), as: UTF8.self) + "\r\n\r\n")
    }

    @Test func aRepeatedCaptureHasTheSameIds() {
        func id(_ namespace: UUID, _ url: String) -> UUID {
            capture { $0.url = url }.record(namespace: namespace).id
        }
        #expect(id(Self.id, "https://h/") == id(Self.id, "https://h/"))
        #expect(id(Self.id, "https://h/") != id(Self.id, "https://h/2"))
        #expect(id(Self.id, "https://h/") != id(UUID(), "https://h/"))
    }

    @Test func aDecodedBodyHasHeadersThatAreTrue() throws {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-ENCODING: gzip\r\nServer: x\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n"
        let record = capture {
            $0.responseHead = Array(head.utf8)
            $0.truncation = .length
        }.record(namespace: Self.id)
        let parts = try parts(record)
        #expect(
            parts.block
                == "HTTP/1.1 200 OK\r\nX-Archive-Orig-content-ENCODING: gzip\r\nServer: x\r\n"
                + "X-Archive-Orig-Transfer-Encoding: chunked\r\nX-Archive-Orig-Content-Length: 9\r\n"
                + "Content-Length: 3\r\n\r\n<p>\r\n\r\n")
        #expect(parts.lines.contains("WARC-Truncated: length"))
    }

    @Test func noValueEndsItsLine() throws {
        let record = capture { $0.url = "https://h/\r\nWARC-Type: warcinfo\u{0}" }.record(namespace: Self.id)
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

    @Test func aHeadOfHTTP2IsWrittenAsArchivesKnowIt() {
        let headers = [(name: "content-type", value: "text/html"), (name: "set-cookie", value: "a=1")]
        #expect(
            WARCHead.bytes(of: WebHead(status: 404, headers: headers, statusLine: "HTTP/2 404"))
                == Array("HTTP/1.1 404 \r\ncontent-type: text/html\r\nset-cookie: a=1\r\n\r\n".utf8))
        #expect(
            WARCHead.bytes(of: WebHead(status: 200, headers: [], statusLine: "HTTP/1.0 200 Fine"))
                == Array("HTTP/1.0 200 Fine\r\n\r\n".utf8))
    }
}
