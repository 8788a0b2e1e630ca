import Crypto
import Foundation
import HTTPServer
import TestKit
import Testing

@testable import Gateway

@Suite struct DownloadTests {
    private static let tag = "\"abc\""

    private func download(_ headers: [(String, String)], size: Int = 1000, method: String = "GET") -> Download {
        Download(HTTPHeaders(headers), method: method, tag: Self.tag, size: size)
    }

    @Test(arguments: [
        ("bytes=0-0", Download.part(0..<1)), ("bytes=0-499", .part(0..<500)), ("bytes=500-", .part(500..<1000)),
        ("bytes=-1", .part(999..<1000)), ("bytes=-5000", .part(0..<1000)), ("bytes=990-5000", .part(990..<1000)),
        ("BYTES=1-2", .part(1..<3)), ("bytes=999-99999999999999999999999", .part(999..<1000)),
        ("bytes=1000-", .outside), ("bytes=1000-2000", .outside), ("bytes=-0", .outside),
        ("bytes=99999999999999999999999-", .outside),
        ("bytes=5-4", .whole), ("bytes=0-1,5-6", .whole), ("lines=0-1", .whole), ("bytes", .whole), ("bytes=", .whole),
        ("bytes=-", .whole), ("bytes=a-b", .whole), ("bytes=+1-2", .whole), ("bytes=1--2", .whole), ("", .whole),
    ])
    func readsRanges(_ range: String, _ expected: Download) {
        #expect(download([("Range", range)]) == expected)
        #expect(download([("Range", range)], method: "HEAD") == .whole)
    }

    @Test func anEmptyFileHasNoRange() {
        #expect(download([("Range", "bytes=0-")], size: 0) == .outside)
        #expect(download([("Range", "bytes=-1")], size: 0) == .outside)
        #expect(download([], size: 0) == .whole)
    }

    @Test func heedsTags() {
        let range = ("Range", "bytes=0-1")
        #expect(download([range, ("If-Range", Self.tag)]) == .part(0..<2))
        #expect(download([range, ("If-Range", "\"other\"")]) == .whole)
        #expect(download([range, ("If-Range", "W/\(Self.tag)")]) == .whole)
        #expect(download([range, ("If-Range", "Sat, 29 Oct 1994 19:43:31 GMT")]) == .whole)
        for list in [Self.tag, "W/\(Self.tag)", "\"x\", \(Self.tag)", "*"] {
            #expect(download([range, ("If-None-Match", list)]) == .unchanged)
            #expect(download([("If-None-Match", list)], method: "HEAD") == .unchanged)
        }
        #expect(download([("If-None-Match", "\"x\"")]) == .whole)
    }

    @Test func aSignatureHoldsForItsFileAndTime() throws {
        let urls = SignedURLs(try #require(SecretBox(key: [UInt8](repeating: 1, count: 32))))
        let others = SignedURLs(try #require(SecretBox(key: [UInt8](repeating: 2, count: 32))))
        let id = UUIDv7.generate()
        let path = urls.path(of: id, expires: 2000)
        let signature = try #require(path.split(separator: "=").last.map(String.init))
        #expect(path == "/api/v1/artifacts/\(id.text)?expires=2000&signature=\(signature)")
        let before = Date(timeIntervalSince1970: 1999.9)
        func code(_ id: UUID, _ expires: Int, _ signature: String, _ urls: SignedURLs, _ now: Date) -> Problem.Code? {
            do throws(Problem) {
                try urls.check(id, expires: expires, signature: signature, now: now)
                return nil
            } catch { return error.code }
        }
        #expect(code(id, 2000, signature, urls, before) == nil)
        #expect(code(id, 2000, signature, urls, Date(timeIntervalSince1970: 2000)) == .urlExpired)
        #expect(code(id, 2001, signature, urls, before) == .badSignature)
        #expect(code(UUIDv7.generate(), 2000, signature, urls, before) == .badSignature)
        #expect(code(id, 2000, signature, others, before) == .badSignature)
        for wrong in ["", "A", signature + "A", String(signature.dropLast()), "!!!"] {
            #expect(code(id, 2000, wrong, urls, before) == .badSignature)
        }
    }
}
