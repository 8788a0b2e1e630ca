import DocumentsWorker
import Foundation
import Markup
import TestKit
import Testing

/// Documents that hold documents. What the samples have in them stands in `compose/samples/holders.py`.
@Suite(.serialized)
struct CollectionTests {
    private let extractor = Fixture.extractor

    @Test func aZip() async throws {
        let leaves = await extractor.tree(Fixture.path("sample.zip"))
        #expect(leaves[0].document?.metadata.mediaType == "application/zip")
        #expect(
            leaves[0].document?.markdown == """
                | Path | Bytes | Note |
                | --- | --- | --- |
                | plan.pdf | 3211 |  |
                | notes/handbook.docx | 3370 |  |
                | mail.eml | \(try Fixture.bytes("sample.eml").count) |  |
                | ../../outside.txt | 138 |  |
                | link.txt |  | symbolic link, not read |
                | locked.txt | 6 | encrypted |
                | broken.pdf | 340 |  |

                """)
        let files = leaves.filter { $0.path.count == 3 }
        #expect(
            files.map(\.name) == [
                "plan.pdf", "notes/handbook.docx", "mail.eml", "../../outside.txt", "locked.txt", "broken.pdf",
            ])
        #expect(files.map(\.path) == (0...5).map { "0/\($0)" })
        #expect(files.map(\.code) == [nil, nil, nil, nil, .encrypted, .corrupt])
        #expect(leaves[0].shortfall == nil)
        for (leaf, sample) in zip(files, ["sample.pdf", "sample.docx"]) {
            #expect(leaf.document == (try await extractor.sample(sample)))
        }
        #expect(files[3].document == (try await extractor.sample("sample.txt")))
    }

    @Test(arguments: ["", ".gz", ".bz2", ".xz", ".zst"])
    func tars(ending: String) async throws {
        let leaves = await extractor.tree(Fixture.path("sample.tar" + ending))
        let types = ["": "x-tar", ".gz": "gzip", ".bz2": "x-bzip2", ".xz": "x-xz", ".zst": "zstd"]
        #expect(leaves[0].document?.metadata.mediaType == types[ending].map { "application/" + $0 })
        let cells = leaves[0].document?.cells.first ?? []
        #expect(
            cells.dropFirst().map { $0[0] }.prefix(4) == [
                "plan.pdf", "notes/handbook.docx", "mail.eml", "notes/Größe.txt",
            ])
        #expect(
            cells.dropFirst(5).map { $0[2] } == [
                "symbolic link, not read", "hard link, not read", "device, not read",
            ])
        let files = leaves.filter { $0.path.count == 3 }
        #expect(files.count == 4 && leaves.allSatisfy { $0.code == nil } && leaves[0].shortfall == nil)
        #expect(files[0].document == (try await extractor.sample("sample.pdf")))
        #expect(files[3].document == (try await extractor.sample("sample.txt")))
    }

    @Test func limitsHoldForTheWholeTree() async throws {
        let inner = zip((0..<3).map { ("\($0).txt", "text \($0)") })
        let file = try ScratchFile(zip(files: [("a.zip", inner), ("b.zip", inner), ("c.txt", Data("last".utf8))]))
        var limits = ExtractionLimits()
        #expect(await extractor.tree(file.path, limits: limits).map(\.path).count == 10)
        limits.maxMembers = 8
        var leaves = await extractor.tree(file.path, limits: limits)
        #expect(leaves.map(\.path) == ["0", "0/0", "0/0/0", "0/0/1", "0/0/2", "0/1", "0/1/0", "0/1/1", "0/2"])
        #expect(leaves.map(\.shortfall) == [nil, nil, nil, nil, nil, .tooManyMembers, nil, nil, nil])
        limits.maxMembers = 2
        leaves = await extractor.tree(file.path, limits: limits)
        #expect(leaves.map(\.code) == [nil, .tooManyMembers, .tooManyMembers])
        #expect(leaves[0].document?.contents?.shortfall?.message.contains("limit of 2 documents") == true)
        limits = ExtractionLimits()
        limits.maxDepth = 1
        leaves = await extractor.tree(file.path, limits: limits)
        #expect(leaves.map(\.code) == [nil, .tooDeep, .tooDeep, nil])
        limits.maxDepth = 0
        #expect(await extractor.tree(file.path, limits: limits).map(\.code) == [.tooDeep])
        limits = ExtractionLimits()
        // What is over the limit in the second: its third file.
        limits.memberBytes = 2 * inner.count + 4 + 5 * 6
        leaves = await extractor.tree(file.path, limits: limits)
        #expect(leaves.count == 10 && leaves.map(\.code)[8] == .tooLarge && leaves[9].code == nil)
        #expect(leaves[5].shortfall == nil, "an archive in which one can go on has been read to its end")
    }

    @Test func bombsInAZip() async throws {
        let before = Processes.residentBytes()
        var limits = ExtractionLimits()
        limits.memberBytes = 48 << 20
        let leaves = await extractor.tree(Fixture.path("bomb.zip"), limits: limits)
        #expect(leaves[0].code == nil && leaves[1].document?.text == "Before the storm.\n")
        let honest = leaves.filter { $0.path == "0/1" || $0.path.hasPrefix("0/1/") }
        #expect(honest.map(\.code) == [nil, .tooLarge, nil] && honest[0].shortfall == nil)
        #expect(honest.last?.document?.text == "After the storm.\n")
        // A size that is a lie shows when everything is used up.
        let liar = leaves.filter { $0.path == "0/2" || $0.path.hasPrefix("0/2/") }
        #expect([.tooLarge, .corrupt].contains(liar[1].code))
        #expect(leaves.allSatisfy { $0.code != .crashed && $0.code != .timedOut && $0.code != .outOfMemory })
        #expect(Processes.residentBytes() - before < 16 << 20)
    }

    @Test func archivesInArchives() async throws {
        var data = Data("the kernel".utf8)
        for depth in 0..<20 { data = zip(files: [("\(depth).zip", data), ("beside.txt", Data("beside".utf8))]) }
        let file = try ScratchFile(data)
        let leaves = await extractor.tree(file.path)
        #expect(leaves.count == 11)
        #expect(leaves.filter { $0.code == .tooDeep }.map(\.path) == ["0/0/0/0/0/0"])
        #expect(leaves.count { $0.document?.text == "beside" } == 5)
    }

    @Test func aHundredThousandMembers() async throws {
        let file = try ScratchFile(zip((0..<60_000).map { ("\($0)", "") }))
        let other = try ScratchFile(
            (0..<100_001).reduce(into: Data()) { $0 += tarHeader("\($1)", size: "00000000000") })
        // Both are made before: fifty megabytes of headers are the test's own.
        let before = Processes.residentBytes()
        let document = try await extractor.extract(path: file.path, name: "")
        #expect(document.contents?.members.count == 1000)
        #expect(document.contents?.shortfall?.code == .tooManyMembers)
        #expect(document.cells.first?.count == 1001)
        #expect(try await extractor.extract(path: other.path, name: "").contents?.shortfall?.code == .tooManyMembers)
        #expect(Processes.residentBytes() - before < 64 << 20)
    }

    @Test func sizesThatAreNotThere() async throws {
        let body = Data("words".utf8) + Data(count: 507)
        let sound = tarHeader("sound.txt", size: "00000000005") + body
        for size in ["77777777777", "00000100000"] {
            let file = try ScratchFile(sound + tarHeader("vast.txt", size: size) + body)
            let leaves = await extractor.tree(file.path)
            #expect(leaves.count == 3 && leaves[1].document?.text == "words")
            #expect([.tooLarge, .corrupt].contains(leaves[2].code))
            #expect(leaves[0].shortfall == .corrupt)
        }
    }

    @Test func whatIsNoCollection() async throws {
        let folder = try ScratchFile(zip([("__MACOSX/a", "x"), (".DS_Store", "x")]))
        #expect(await extractor.failure(folder.path)?.code == .empty)
        // A text compressed by stored blocks (RFC 1951, 3.2.4).
        let text = Array("a text, and no archive".utf8)
        let gzip: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, UInt8(text.count), 0, ~UInt8(text.count), 0xFF]
        let file = try ScratchFile(Data(gzip + text + [0, 0, 0, 0, UInt8(text.count), 0, 0, 0]))
        let error = await extractor.failure(file.path)
        #expect(error?.code == .unsupported && error?.message.contains("only TAR") == true)
    }

    @Test func nothingIsLeftBehind() async throws {
        let folder = FileManager.default.temporaryDirectory
        _ = await extractor.tree(Fixture.path("sample.zip"))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.hasPrefix("switchyard-member-") || $0 == "outside.txt" })
    }

    @Test(arguments: ["sample.zip", "sample.tar", "sample.tar.gz", "sample.tar.bz2", "sample.tar.xz", "sample.tar.zst"])
    func damage(name: String) async throws {
        let whole = try Fixture.bytes(name)
        var limits = ExtractionLimits()
        limits.wallTime = .seconds(20)
        func expectSoundEnd(_ bytes: Data, _ what: String) async throws {
            let file = try ScratchFile(bytes)
            for leaf in await extractor.tree(file.path, name: name, limits: limits) {
                let unexpected: [ExtractionError.Code] = [.timedOut, .unavailable, .cancelled, .unreadable, .crashed]
                if let code = leaf.code { #expect(!unexpected.contains(code), "\(what), \(leaf.path)") }
            }
        }
        for part in 1..<8 { try await expectSoundEnd(whole.prefix(whole.count * part / 8), "part \(part)") }
        for seed in 0..<24 {
            var random = Seeded(state: UInt64(seed))
            var bytes = whole
            for _ in 0..<Int.random(in: 1...16, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            try await expectSoundEnd(bytes, "seed \(seed)")
        }
    }
}
