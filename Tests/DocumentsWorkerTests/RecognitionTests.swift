import DocumentsWorker
import Foundation
import Markup
import Synchronization
import TestKit
import Testing

/// Words in pictures. The pictures are made here, from PDFs by poppler, as a scanner would.
struct RecognitionTests {
    private let extractor = Fixture.extractor
    private let wagons = "Every wagon has a destination"
    private let trains = "The night train leaves at ten"

    private func extract(
        _ data: Data, mode: Recognition.Mode = .auto, languages: [String] = ["eng"],
        limits: ExtractionLimits = ExtractionLimits(), onPage: @escaping @Sendable (Int, Int?) -> Void = { _, _ in }
    ) async throws(ExtractionError) -> Extracted {
        let file: ScratchFile
        do { file = try ScratchFile(data) } catch { throw ExtractionError(.unreadable, "\(error)") }
        return try await extractor.extract(
            path: file.path, name: "", recognition: Recognition(mode: mode, languages: languages), limits: limits,
            onPage: onPage)
    }

    @Test(arguments: ["png", "jpeg", "tiff"]) func pictures(format: String) async throws {
        let document = try await extract(try picture(of: [page(wagons)], format: format)[0])
        #expect(document.text == wagons)
        #expect(document.metadata.mediaType == "image/" + format && document.metadata.pages == 1)
        #expect(document.pages == [Page(number: 1, start: 0, end: wagons.count, isRecognized: true)])
    }

    @Test func scannedPagesAreReadAndTheOthersAreLeftAlone() async throws {
        let scan = try picture(of: [page(wagons), page(trains)], format: "jpeg")
        let data = makeScan([.picture(scan[0]), .text("A page with a text layer of its own"), .picture(scan[1])])
        let calls = Calls()
        let document = try await extract(data) { done, _ in calls.add(done) }
        #expect(document.text == "\(wagons)\n\nA page with a text layer of its own\n\n\(trains)")
        #expect(document.pages.map(\.isRecognized) == [true, false, true])
        #expect(document.pages.allSatisfy { $0.error == nil })
        #expect(calls.all == calls.all.sorted() && calls.all.last == 3, "progress never falls: \(calls.all)")

        let never = try await extract(data, mode: .never)
        #expect(never.text == "A page with a text layer of its own" && never.pages.count == 3)
        let always = try await extract(data, mode: .always)
        #expect(always.pages.allSatisfy(\.isRecognized) && always.text == document.text)
    }

    @Test func aTextLayerWithoutSenseIsNotBelieved() async throws {
        // What a font without a map to Unicode gives: signs for letters.
        let document = try await extract(makePDF([page("!##$ %&&* *++,-")]))
        #expect(document.pages.map(\.isRecognized) == [true])
        let sound = try await extract(makePDF([page("1.5 2.5 | 3.5 --- 4")]))
        #expect(sound.pages.map(\.isRecognized) == [false])
    }

    @Test func limitsAndLanguages() async throws {
        let scan = try picture(of: [page(wagons), page(trains)], format: "jpeg")
        let data = makeScan(scan.map { .picture($0) })
        var limits = ExtractionLimits()
        limits.maxRecognizedPages = 1
        let document = try await extract(data, limits: limits)
        #expect(document.text == wagons)
        #expect(document.pages[1].error?.contains("limit of 1 pages") == true)
        let missing = await #expect(throws: ExtractionError.self) {
            try await extract(data, languages: ["eng", "xyz"])
        }
        #expect(missing?.code == .unsupported && missing?.message.contains("install tesseract-ocr-xyz") == true)
        let never = await #expect(throws: ExtractionError.self) { try await extract(data, mode: .never) }
        #expect(never?.code == .empty)
    }

    @Test func scansHaveStructure() async throws {
        let left = [
            "The yard lies where the canal", "meets the river, and every", "night wagons are taken apart",
            "there and put together again", "in an order that nobody could", "tell from the street outside.",
        ]
        let right = [
            "Some of them carry grain and", "some carry letters, and a few", "carry nothing at all but the",
            "dust of long roads. In winter", "the lamps are lit before four", "and the whistles sound later.",
        ]
        let between = "All tracks of the yard, with their lengths and what is known of their state, are listed here:"
        let rows = [
            ["Track", "Length", "State", "Keeper"], ["North", "400 m", "free", "Miller"],
            ["South", "650 m", "locked", "Baker"],
        ]
        var content = line(72, 770, "The handbook of the yard", size: 24)
        let columns = [left, right].map { Array(repeating: $0, count: 3).flatMap { $0 } }
        for (x, lines) in zip([72.0, 320], columns) {
            for (index, text) in lines.enumerated() {
                content += line(x, 720 - Double(index) * 15, text, size: 12)
            }
        }
        content += line(72, 420, between, size: 11)
        for (row, cells) in rows.enumerated() {
            for (column, cell) in cells.enumerated() {
                content += line([72, 182, 340, 450][column], 380 - Double(row) * 24, cell, size: 12)
            }
        }
        let scan = try picture(of: [content], format: "jpeg")
        let document = try await extract(makeScan([.picture(scan[0])]))
        #expect(document.headings == [Heading(level: 1, title: "The handbook of the yard", start: 0)])
        #expect(document.cells == [rows])
        let inOrder = (columns.joined() + [between]).joined(separator: " ")
        #expect(document.text.split { $0.isWhitespace }.joined(separator: " ").contains(inOrder))
        // In points of the page, which is 842 of them high.
        let place = try #require(document.places.first)
        #expect(abs(place.box.left - 72) < 4 && place.box.top > 40 && place.box.bottom < 90)
        #expect(try Chunker(size: 1000, overlap: 0).chunks(of: document).allSatisfy { $0.box != nil })
    }

    /// Four lines on a page that lies on its side.
    private var sideways: (lines: [String], content: String) {
        let lines = [
            "The quick brown fox jumps over the lazy dog near the river bank today.",
            "Some of the wagons carry grain and some of them carry letters home.",
            "In winter the lamps of the yard are lit before four in the afternoon.",
            "The night train leaves at ten, and nobody has ever seen it come back.",
        ]
        let drawn = lines.enumerated().map { line(100, 400 - Double($0) * 22, $1, size: 14) }.joined()
        return (lines, drawn)
    }

    @Test(arguments: ["0 -1 1 0 0 842 cm ", "0 1 -1 0 595 0 cm ", "-1 0 0 -1 595 842 cm ", ""])
    func scansThatLieOtherwise(turn: String) async throws {
        let scan = try picture(of: [turn + sideways.content], format: "jpeg")
        let document = try await extract(makeScan([.picture(scan[0])]))
        #expect(document.text.split { $0.isWhitespace }.joined(separator: " ") == sideways.lines.joined(separator: " "))
    }

    @Test func boxesOfPagesThatAreShownTurned() async throws {
        // It stands upright when it is shown, 842 points wide.
        let text = String(decoding: makePDF(["0 1 -1 0 595 0 cm " + sideways.content]), as: UTF8.self)
        let data = Data(text.replacing("/MediaBox", with: "/Rotate 90 /MediaBox").utf8)
        let document = try await extract(data, mode: .always)
        #expect(document.text.split { $0.isWhitespace }.joined(separator: " ") == sideways.lines.joined(separator: " "))
        let box = try #require(document.places.first).box
        #expect(abs(box.left - 100) < 6 && (500...620).contains(box.right), "\(box)")
    }

    @Test func scansHaveHeadersAndFooters() async throws {
        let scans = try picture(
            of: (1...3).map { number in
                line(72, 810, "The handbook of the yard", size: 12) + line(72, 500, wagons, size: 12)
                    + line(280, 30, "Page \(number) of 3", size: 12)
            }, format: "jpeg")
        let file = try ScratchFile(makeScan(scans.map { .picture($0) }))
        let document = try await extractor.extract(path: file.path, name: "", furniture: .drop)
        #expect(document.text == Array(repeating: wagons, count: 3).joined(separator: "\n\n"))
        #expect(document.headings.isEmpty)
    }

    /// Poppler rounds the size of a picture up.
    @Test(arguments: [(792, 792), (1, 1), (14_400, 14_400), (20_000, 10)]) func pagesOfAnySize(size: (Int, Int))
        async throws
    {
        let text = String(decoding: makePDF([page("!!!")]), as: UTF8.self)
        let data = Data(text.replacing("0 0 595 842", with: "0 0 \(size.0) \(size.1)").utf8)
        do { _ = try await extract(data, mode: .always) } catch {
            #expect([.empty, .corrupt].contains(error.code), "\(error)")
        }
    }

    @Test func manyAtOnceWaitForEachOther() async throws {
        let scan = try picture(of: [page(wagons)], format: "jpeg")[0]
        let data = makeScan(Array(repeating: .picture(scan), count: 3))
        try await withThrowingTaskGroup(of: Extracted.self) { group in
            for _ in 0..<4 { group.addTask { try await extract(data) } }
            for try await document in group {
                #expect(document.text == Array(repeating: wagons, count: 3).joined(separator: "\n\n"))
            }
        }
    }

    @Test func hostilePictures() async throws {
        let scan = try picture(of: [page(wagons)], format: "png")[0]
        var limits = ExtractionLimits()
        limits.wallTime = .seconds(20)
        let beyond = tiff(width: 2_000_000_000, height: 2_000_000_000)
        for (data, name) in [
            (scan.prefix(scan.count / 2), "half"), (scan.prefix(40), "a head"), (beyond, "beyond all measure"),
            (tiff(width: 60_000, height: 60_000), "a bomb"), (Data([0xFF, 0xD8, 0xFF, 0xE0]), "a start"),
        ] {
            do {
                _ = try await extract(data, limits: limits)
                #expect(name == "half", "a program may read what there is of a half: \(name)")
            } catch {
                #expect([.corrupt, .outOfMemory, .empty, .crashed].contains(error.code), "\(name): \(error)")
            }
        }
        let damaged = try await extract(makeScan([.picture(Data(count: 2000)), .text("whole")]))
        #expect(damaged.text == "whole")
    }

    /// Pictures of pages that show these contents.
    private func picture(of contents: [String], format: String) throws -> [Data] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "documents-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { unlinkAll(folder) }
        let source = folder.appending(path: "source.pdf")
        try makePDF(contents).write(to: source)
        let program = Process()
        program.executableURL = URL(filePath: "/usr/bin/pdftoppm")
        program.arguments = [
            "-" + format, "-scale-to-x", "\(Scan.width)", "-scale-to-y", "\(Scan.height)", source.path,
            folder.appending(path: "page").path,
        ]
        try program.run()
        program.waitUntilExit()
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("page") }
        try #require(program.terminationStatus == 0 && files.count == contents.count)
        return try files.sorted().map { try Data(contentsOf: folder.appending(path: $0)) }
    }

    private func unlinkAll(_ folder: URL) {
        do { try FileManager.default.removeItem(at: folder) } catch { Issue.record("\(error)") }
    }

    /// A TIFF that says to be this large, and has one byte (TIFF 6.0).
    private func tiff(width: Int, height: Int) -> Data {
        func number(_ value: Int, _ bytes: Int) -> [UInt8] {
            (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let fields = [
            (256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 1),
        ]
        let entries = fields.flatMap { number($0, 2) + number(4, 2) + number(1, 4) + number($1, 4) }
        return Data(Array("II*\0".utf8) + number(9, 4) + [0] + number(fields.count, 2) + entries + number(0, 4))
    }
}

/// Numbers from another thread.
private final class Calls: Sendable {
    private let numbers = Mutex<[Int]>([])

    func add(_ number: Int) { numbers.withLock { $0.append(number) } }
    var all: [Int] { numbers.withLock { $0 } }
}

/// A page of a scanned PDF.
private enum Scan {
    static let width = 1240
    static let height = 1754

    /// A JPEG of the size above.
    case picture(Data)
    case text(String)
}

/// A PDF as scanners make it: a picture for each page (ISO 32000-1, 7.4.8).
private func makeScan(_ scans: [Scan]) -> Data {
    var objects = [
        Data("<< /Type /Catalog /Pages 2 0 R >>".utf8), Data(),
        Data("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".utf8),
    ]
    var kids: [Int] = []
    func stream(_ content: Data, _ dictionary: String = "") -> Data {
        Data("<< /Length \(content.count) \(dictionary) >>\nstream\n".utf8) + content + Data("\nendstream".utf8)
    }
    for scan in scans {
        let content: String
        var resources = "/Font << /F 3 0 R >>"
        switch scan {
        case .picture(let jpeg):
            objects.append(
                stream(
                    jpeg,
                    "/Type /XObject /Subtype /Image /Width \(Scan.width) /Height \(Scan.height) /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
                ))
            resources = "/XObject << /I \(objects.count) 0 R >>"
            content = "q 595 0 0 842 0 0 cm /I Do Q"
        case .text(let words): content = "BT /F 12 Tf 72 700 Td (\(words)) Tj ET"
        }
        objects.append(stream(Data(content.utf8)))
        objects.append(
            Data(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents \(objects.count) 0 R /Resources << \(resources) >> >>"
                    .utf8))
        kids.append(objects.count)
    }
    objects[1] = Data(
        "<< /Type /Pages /Count \(kids.count) /Kids [\(kids.map { "\($0) 0 R" }.joined(separator: " "))] >>".utf8)
    var file = Data("%PDF-1.4\n".utf8)
    var offsets: [Int] = []
    for (index, object) in objects.enumerated() {
        offsets.append(file.count)
        file += Data("\(index + 1) 0 obj\n".utf8) + object + Data("\nendobj\n".utf8)
    }
    let table = offsets.map { offset in String(repeating: "0", count: 10 - "\(offset)".count) + "\(offset) 00000 n \n" }
    let start = file.count
    file += Data(
        "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n\(table.joined())trailer << /Size \(objects.count + 1) /Root 1 0 R >>\nstartxref\n\(start)\n%%EOF\n"
            .utf8)
    return file
}
