import Testing

@testable import CrawlingWorker

@Suite struct PageEncodingTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let page: [UInt8]
        var contentType: String?
        let encoding: String
        let text: String
        var testDescription: String { "\(encoding) \(contentType ?? "") \(text)" }
    }

    private static func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }

    static let samples = [
        Sample(
            page: [0xEF, 0xBB, 0xBF] + ascii("<p>gr\u{FC}n"), contentType: "text/html; charset=latin1",
            encoding: "UTF-8", text: "gr\u{FC}n"),
        Sample(
            page: [0xFE, 0xFF] + "<p>a\u{416}".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] },
            encoding: "UTF-16BE", text: "a\u{416}"),
        Sample(
            page: [0xFF, 0xFE] + "<p>a\u{416}".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] },
            encoding: "UTF-16LE", text: "a\u{416}"),
        // ISO 8859-1 is what pages say and windows-1252 what they mean.
        Sample(
            page: ascii("<p>") + [0x93, 0xFC, 0x94], contentType: "text/html; charset=ISO-8859-1",
            encoding: "windows-1252", text: "\u{201C}\u{FC}\u{201D}"),
        Sample(
            page: ascii("<p>") + [0xE6], contentType: "text/html;charset=\"koi8-r\"", encoding: "KOI8-R",
            text: "\u{424}"),
        Sample(page: ascii("<meta charset=windows-1251><p>") + [0xC6], encoding: "windows-1251", text: "\u{416}"),
        Sample(
            page: ascii(
                "<!-- <meta charset=koi8-r> --><meta http-equiv=Content-Type content='text/html; charset=windows-1251'><p>"
            ) + [0xC6], encoding: "windows-1251", text: "\u{416}"),
        Sample(
            page: ascii("<META NAME=x CONTENT='charset=koi8-r'><title>a</title><meta charset='Shift_JIS'/><p>") + [
                0x82, 0xA0,
            ], encoding: "Shift_JIS", text: "\u{3042}"),
        Sample(page: ascii("<meta charset=gb2312><p>") + [0xC4, 0xE3], encoding: "GBK", text: "\u{4F60}"),
        Sample(
            page: ascii("<?xml version='1.0' encoding='iso-8859-2'?><p>") + [0xB1], encoding: "ISO-8859-2",
            text: "\u{105}"),
        // What stands in ASCII is not in UTF-16.
        Sample(page: ascii("<meta charset=utf-16><p>gr\u{FC}n"), encoding: "UTF-8", text: "gr\u{FC}n"),
        Sample(page: ascii("<a title='<meta charset=koi8-r>'></a><p>gr\u{FC}n"), encoding: "UTF-8", text: "gr\u{FC}n"),
        Sample(
            page: ascii("<p>gr\u{FC}n"), contentType: "text/html; charset=no-such", encoding: "UTF-8", text: "gr\u{FC}n"
        ),
        Sample(page: ascii("<meta charset=>\u{3C}p>gr\u{FC}n"), encoding: "UTF-8", text: "gr\u{FC}n"),
        Sample(page: ascii("<p>plain"), encoding: "UTF-8", text: "plain"),
        Sample(page: [], encoding: "UTF-8", text: ""),
    ]

    @Test("A page is read in the encoding that browsers would take", arguments: samples)
    func declared(sample: Sample) throws {
        let page = try PageExtractor().read(sample.page, contentType: sample.contentType)
        #expect(page.encoding == sample.encoding)
        #expect(page.text == sample.text)
    }

    @Test("What nothing declares is told by its look")
    func detected() throws {
        let words =
            "\u{41F}\u{440}\u{438}\u{432}\u{435}\u{442}, \u{44D}\u{442}\u{43E} \u{43E}\u{431}\u{44B}\u{447}\u{43D}\u{44B}\u{439} \u{440}\u{443}\u{441}\u{441}\u{43A}\u{438}\u{439} \u{442}\u{435}\u{43A}\u{441}\u{442}. "
        let text = String(repeating: words, count: 20)
        let bytes = text.unicodeScalars.map { scalar in
            // Windows-1251 has the capital letters from C0 and the small ones from E0.
            scalar.value < 0x80 ? UInt8(scalar.value) : UInt8(scalar.value - 0x410 + 0xC0)
        }
        let page = try PageExtractor().read(Array("<p>".utf8) + bytes, contentType: "text/html")
        #expect(page.encoding == "windows-1251" && page.text.hasPrefix("\u{41F}\u{440}\u{438}\u{432}\u{435}\u{442}"))
        #expect(page.facts.language == "ru" || page.facts.language == nil)
    }

    @Test("A declaration is looked for in the first 1,024 bytes only")
    func prescanEnds() throws {
        let late = String(repeating: " ", count: 1024) + "<meta charset=koi8-r><p>x"
        #expect(try PageExtractor().read(Array(late.utf8), contentType: nil).encoding == "UTF-8")
    }
}
