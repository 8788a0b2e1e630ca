import Foundation
import Markup

/// An open regular file that is read as a document; closed with the last reference.
public final class OpenDocument: Sendable {
    /// Where the marker of a PDF may begin, by the habit of all readers.
    private static let headerLength = 1024
    private static let pictures: [(start: [UInt8], type: String)] = [
        ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "image/png"), ([0xFF, 0xD8, 0xFF], "image/jpeg"),
        (Array("II*\0".utf8), "image/tiff"), (Array("MM\0*".utf8), "image/tiff"),
    ]

    let descriptor: Int32
    let isPDF: Bool
    /// The media type of a picture whose words can be read; nil for what is none.
    let pictureType: String?
    /// Where in another document it lies; nil for one that was given in by itself.
    let place: TreePlace?
    /// What the descriptor belongs to, if not to this.
    private let file: UnnamedFile?

    /// Opens a file; throws `unreadable` for what is no regular file.
    public convenience init(path: String) throws(ExtractionError) {
        // Without O_NONBLOCK a named pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw ExtractionError(.unreadable, "cannot open the file: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw ExtractionError(.unreadable, "not a regular file")
        }
        self.init(descriptor, nil, place: nil)
    }

    /// A document that lies in another one, or was fetched.
    convenience init(_ file: UnnamedFile, place: TreePlace? = nil) { self.init(file.descriptor, file, place: place) }

    private init(_ descriptor: Int32, _ file: UnnamedFile?, place: TreePlace?) {
        self.descriptor = descriptor
        self.file = file
        self.place = place
        var header = [UInt8](repeating: 0, count: Self.headerLength)
        let count = pread(descriptor, &header, header.count, 0)
        // What holds documents may begin with one.
        isPDF = !Magic.isContainer(header) && header.prefix(max(count, 0)).contains(sequence: Array("%PDF-".utf8))
        pictureType = Self.pictures.first { header.starts(with: $0.start) }?.type
    }

    deinit { if file == nil { close(descriptor) } }
}

extension Collection<UInt8> {
    /// Whether `sequence` occurs; for short needles.
    func contains(sequence: [UInt8]) -> Bool {
        var rest = self[...]
        while let start = rest.firstIndex(of: sequence[0]) {
            if rest[start...].starts(with: sequence) { return true }
            rest = rest[index(after: start)...]
        }
        return false
    }
}
