import Foundation
import Markup

/// What `pdftoppm` makes of a page.
enum PictureFormat: Int, Sendable {
    /// Grey without compression, for who reads it at once.
    case grey
    case png, jpeg

    /// The program's word for it.
    var option: String {
        switch self {
        case .grey: "-gray"
        case .png: "-png"
        case .jpeg: "-jpeg"
        }
    }

    /// The most bytes of a picture with a longer side of so many pixels. Poppler rounds up, and noise does not compress.
    func mostBytes(pixels: Int) -> Int {
        let raw = (pixels + 2) * (pixels + 2) * (self == .grey ? 1 : 3)
        return raw + raw / 8 + (64 << 10)
    }
}

/// Makes pictures of the pages of a PDF with `pdftoppm`, each in a limited child.
struct PagePainter: Sendable {
    /// Of a child: a page takes a second or two, to be drawn or to be read.
    static let pageTime = Duration.seconds(60)

    let job: ExtractionJob

    /// A picture of a page, in a file that `file` makes.
    func picture(
        ofPage number: Int, _ format: PictureFormat, pixels: Int, in file: () throws(ExtractionError) -> UnnamedFile
    ) async throws(ExtractionError) -> OutputFile {
        var request = ChildRequest(.pdfPicture, limits: job.limits)
        request.firstPage = number
        request.lastPage = number
        request.pixels = pixels
        request.format = format
        let ready = request
        let (end, picture) = try await job.trying(with: "page") { () async throws(ExtractionError) in
            let picture = OutputFile(try file(), limit: format.mostBytes(pixels: pixels))
            return (try await job.child(ready, deadline: .now + Self.pageTime) { picture.append($0) }, picture)
        }
        if picture.isBroken { throw .unavailable("there is no room for the picture of a page") }
        if end.cause == .stopped { throw ExtractionError(.tooLarge, "the picture of the page is too large") }
        if let failure = PopplerDiagnostics(end: end).documentFailure { throw failure }
        guard picture.size > 0 else { throw ExtractionError(.corrupt, "the page gives no picture") }
        return picture
    }
}
