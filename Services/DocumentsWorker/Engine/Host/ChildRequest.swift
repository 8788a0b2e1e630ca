import Foundation
import Sandbox

/// What a child is to do.
enum ChildMode: UInt64, Sendable {
    /// Become `pdftotext`, from a page on, and write where each word stands.
    case pdfText
    /// Read in this program what `pdftotext` writes, and write frames.
    case pdfLayout
    /// Become `pdfinfo`.
    case pdfInfo
    /// Become `pdftoppm`, for a picture of one page.
    case pdfPicture
    /// Become `tesseract`, and write where each word stands.
    case recognise
    /// Read in this program what `tesseract` writes, and write frames.
    case pictureLayout
    /// Read the document on standard input in this program and write frames.
    case parse
    /// Try what the sandbox must refuse, and report.
    case probe
}

/// One order to the helper, as fixed 64-bit words on the socket: both ends are the same executable.
struct ChildRequest: Sendable {
    var id: UInt64 = 0
    var mode: ChildMode
    var hint: FormatHint = .none
    var firstPage = 1
    /// 0 for all pages to the end.
    var lastPage = 0
    /// The longer side of a page's picture, in pixels, and what the picture is.
    var pixels = 0
    var format = PictureFormat.grey
    /// Names of Tesseract's packs, of at most 16 ASCII characters; at most four.
    var languages: [String] = []
    /// The longer side of the page that a picture shows, in thousandths of a point; 0 where the picture is all there is.
    var pageSide = 0
    static let pointParts = 1000
    /// Whether Tesseract finds out how the page lies.
    var findsOrientation = false
    var memoryBytes: Int
    var cpuSeconds: Int
    var openFiles: Int
    var writtenBytes: Int
    var outputBytes: Int
    var inflatedBytes: Int
    /// How many members may still come, and of how many bytes.
    var members = 0
    var memberBytes = 0

    init(_ mode: ChildMode, limits: ExtractionLimits) {
        self.mode = mode
        memoryBytes = limits.memoryBytes
        cpuSeconds = limits.cpuSeconds
        openFiles = limits.openFiles
        writtenBytes = limits.writtenBytes
        outputBytes = limits.outputBytes
        inflatedBytes = limits.inflatedBytes
    }

    var words: [UInt64] {
        let numbers = [
            firstPage, lastPage, memoryBytes, cpuSeconds, openFiles, writtenBytes, outputBytes, inflatedBytes,
            members, memberBytes, pixels, format.rawValue, pageSide, findsOrientation ? 1 : 0,
        ]
        return [HelperOrder.run.rawValue, id, mode.rawValue, hint.rawValue] + numbers.map { UInt64(clamping: $0) }
            + (0..<Self.mostLanguages).flatMap { languages.indices.contains($0) ? Self.packed(languages[$0]) : [0, 0] }
    }

    var sandboxLimits: SandboxLimits {
        SandboxLimits(
            memoryBytes: memoryBytes, cpuSeconds: cpuSeconds, openFiles: openFiles, writtenBytes: writtenBytes)
    }

    static let mostLanguages = 4
    private static let numbers = 4..<18

    /// A name as two words.
    private static func packed(_ name: String) -> [UInt64] {
        let bytes = Array(name.utf8.prefix(16)) + Array(repeating: 0, count: max(0, 16 - name.utf8.count))
        return [bytes[..<8], bytes[8...]].map { $0.reduce(0) { $0 << 8 | UInt64($1) } }
    }

    private static func unpacked(_ words: ArraySlice<UInt64>) -> String {
        let bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    init?(words: [UInt64]) {
        guard words.count == Self.numbers.upperBound + 2 * Self.mostLanguages, let mode = ChildMode(rawValue: words[2]),
            let hint = FormatHint(rawValue: words[3])
        else { return nil }
        let numbers = words[Self.numbers].map { Int(clamping: $0) }
        guard let format = PictureFormat(rawValue: numbers[11]) else { return nil }
        languages = stride(from: Self.numbers.upperBound, to: words.count, by: 2).map {
            Self.unpacked(words[$0..<$0 + 2])
        }
        .filter { !$0.isEmpty }
        self.id = words[1]
        self.mode = mode
        self.hint = hint
        firstPage = numbers[0]
        lastPage = numbers[1]
        memoryBytes = numbers[2]
        cpuSeconds = numbers[3]
        openFiles = numbers[4]
        writtenBytes = numbers[5]
        outputBytes = numbers[6]
        inflatedBytes = numbers[7]
        members = numbers[8]
        memberBytes = numbers[9]
        pixels = numbers[10]
        self.format = format
        pageSide = numbers[12]
        findsOrientation = numbers[13] == 1
    }
}

/// The first word of a packet to the helper.
enum HelperOrder: UInt64 {
    /// Followed by a request; the packet carries the document, standard output and standard error.
    case run
    /// Followed by the id of a run to kill.
    case kill
}

/// What the helper says about a child that ended.
struct ChildReport: Sendable {
    var id: UInt64
    var waitStatus: Int32
    var peakMemoryBytes: Int
    var cpuMicroseconds: Int

    var words: [UInt64] {
        [id, UInt64(UInt32(bitPattern: waitStatus)), UInt64(peakMemoryBytes), UInt64(cpuMicroseconds)]
    }

    init(id: UInt64, waitStatus: Int32, usage: rusage) {
        self.id = id
        self.waitStatus = waitStatus
        peakMemoryBytes = usage.ru_maxrss * 1024
        cpuMicroseconds =
            (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000
            + Int(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    }

    init?(words: [UInt64]) {
        guard words.count == 4 else { return nil }
        id = words[0]
        waitStatus = Int32(bitPattern: UInt32(truncatingIfNeeded: words[1]))
        peakMemoryBytes = Int(clamping: words[2])
        cpuMicroseconds = Int(clamping: words[3])
    }
}
