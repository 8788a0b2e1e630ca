import DocumentsWorker
import Foundation
import Markup
import TestKit
import Testing

/// Every hostile document costs itself only, and says why by a code of its own.
@Suite(.serialized)
struct HostileTests {
    private let extractor = Fixture.extractor

    @Test(arguments: [
        ("encrypted.pdf", ExtractionError.Code.encrypted), ("broken.pdf", .corrupt), ("bomb.docx", .tooLarge),
    ])
    func samples(name: String, code: ExtractionError.Code) async throws {
        let before = Processes.residentBytes()
        var limits = ExtractionLimits()
        limits.inflatedBytes = 32 << 20
        let error = await extractor.failure(Fixture.path(name), name: name, limits: limits)
        #expect(error?.code == code)
        #expect(Processes.residentBytes() - before < 16 << 20)
    }

    @Test func formatsThatAreNotReadAreNamed() async throws {
        let wide = Data("EncryptedPackage".utf8.flatMap { [$0, 0] })
        let ole = Data([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1])
        let cases: [(Data, ExtractionError.Code, String)] = [
            (Data("GIF89a".utf8 + [1, 0, 1, 0, 0, 0, 0]), .unsupported, "image/gif"),
            (Data(#"{\rtf1\ansi words}"#.utf8), .unsupported, "application/rtf"),
            (Data([0x00, 0x01, 0x02, 0x03] + Array(repeating: 0x00, count: 64)), .unsupported, "octet-stream"),
            (ole, .unsupported, "msword"), (ole + wide, .encrypted, "password"), (Data(), .empty, "no text"),
            (Data("  \n\n".utf8), .empty, "no text"),
            (makePDF([""]), .empty, "no text"),
        ]
        for (bytes, code, word) in cases {
            let file = try ScratchFile(bytes)
            let error = await extractor.failure(file.path)
            #expect(error?.code == code)
            #expect(error?.message.contains(word) == true)
        }
    }

    @Test func whatIsNoRegularFileIsUnreadable() async {
        let fifo = FileManager.default.temporaryDirectory.appending(path: "documents-\(UUID().uuidString)").path
        mkfifo(fifo, 0o600)
        defer { unlink(fifo) }
        for path in [fifo, "/", "/nonexistent"] {
            #expect(await extractor.failure(path)?.code == .unreadable)
        }
    }

    @Test func outputLimit() async throws {
        var limits = ExtractionLimits()
        limits.outputBytes = 60
        let holders = ["sample.zip", "sample.tar.gz", "sample.eml", "sample.msg"]
        for name in ["sample.pdf", "sample.html", "sample.md", "sample.txt"] + Self.archives + holders {
            let error = await extractor.failure(Fixture.path(name), name: name, limits: limits)
            #expect(error?.code == .tooLarge, "\(name)")
        }
    }

    @Test func pageLimit() async {
        var limits = ExtractionLimits()
        limits.maxPages = 2
        #expect(await extractor.failure(Fixture.path("sample.pdf"), limits: limits)?.code == .tooManyPages)
    }

    @Test func cpuLimit() async throws {
        let file = try ScratchFile(makePDF([slowPage, page("second")]))
        var limits = ExtractionLimits()
        limits.cpuSeconds = 1
        let error = await extractor.failure(file.path, limits: limits)
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("processor") == true)
    }

    @Test func memoryLimitOfOurOwnParsers() async throws {
        let file = try ScratchFile(Data(String(repeating: "<p>word</p>", count: 1_000_000).utf8))
        var limits = ExtractionLimits()
        limits.memoryBytes = 256 << 20
        let error = await extractor.failure(file.path, name: "x.html", limits: limits)
        #expect(error?.code == .outOfMemory)
    }

    @Test func memoryLimitOnOnePageKeepsTheOthers() async throws {
        let file = try ScratchFile(makePDF([page("first"), slowPage, page("third")], leaf: page("word word")))
        var limits = ExtractionLimits()
        limits.memoryBytes = 160 << 20
        let document = try await extractor.extract(path: file.path, name: "", limits: limits)
        #expect(document.text == "first\n\nthird")
        #expect(document.pages.map { $0.error == nil } == [true, false, true])
        #expect(document.pages[1].error?.contains("out_of_memory") == true)
    }

    @Test func cpuLimitOfOurOwnParsers() async throws {
        // Deep enough that gumbo, which compares each element with all open ones, is busy until the limit.
        let file = try ScratchFile(Data((String(repeating: "<b>", count: 200_000) + "x").utf8))
        var limits = ExtractionLimits()
        limits.cpuSeconds = 1
        #expect(await extractor.failure(file.path, name: "x.html", limits: limits)?.code == .timedOut)
    }

    @Test(arguments: ["<div>", "<ul><li>", "<table><tr><td>", "<b>", "<blockquote>"])
    func deepHTML(element: String) async throws {
        let file = try ScratchFile(Data((String(repeating: element, count: 20_000) + "deep inside").utf8))
        let document = try await extractor.extract(path: file.path, name: "x.html")
        #expect(document.text.hasSuffix("deep inside"))
    }

    @Test(arguments: ["> ", "- ", "[", "*a "])
    func deepMarkdown(mark: String) async throws {
        let file = try ScratchFile(Data((String(repeating: mark, count: 5_000) + "deep inside").utf8))
        let document = try await extractor.extract(path: file.path, name: "x.md")
        #expect(document.text.hasSuffix("deep inside"))
    }

    private static let archives = ["docx", "pptx", "xlsx", "odt", "ods", "odp", "epub"].map { "sample." + $0 }

    @Test(arguments: ["sample.pdf", "sample.html", "sample.md", "sample.txt", "utf16.txt"] + archives)
    func truncatedFiles(name: String) async throws {
        let whole = try Fixture.bytes(name)
        for part in 1..<8 {
            let file = try ScratchFile(whole.prefix(whole.count * part / 8))
            // Text formats may well be readable; whole is what matters: an end within the limits, one way or the other.
            let error = await extractor.failure(file.path, name: name)
            if Self.archives.contains(name) { #expect(error?.code == .corrupt) }
            if let error { #expect([.corrupt, .empty, .unsupported].contains(error.code), "\(error)") }
        }
    }

    @Test func flippedBits() async throws {
        let names =
            ["sample.pdf", "sample.html", "sample.md", "sample.txt", "utf16.txt", "encrypted.pdf"] + Self.archives
        var limits = ExtractionLimits()
        limits.wallTime = .seconds(20)
        for seed in 0..<400 {
            var random = Seeded(state: UInt64(seed))
            let name = names[seed % names.count]
            var bytes = try Fixture.bytes(name)
            for _ in 0..<Int.random(in: 1...16, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            let file = try ScratchFile(bytes)
            let error = await extractor.failure(file.path, name: name, limits: limits)
            let unexpected: [ExtractionError.Code] = [.timedOut, .unavailable, .cancelled, .unreadable, .crashed]
            if let error { #expect(!unexpected.contains(error.code), "seed \(seed): \(error)") }
        }
        _ = try await extractor.sample("sample.pdf")
    }
}
