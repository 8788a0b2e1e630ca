import Foundation
import Markup

/// Reads a file line by line, as long as no line is longer than any of sense.
struct LineReader {
    /// Of a line, in bytes.
    static let longest = 1 << 20
    private static let pieceLength = 64 << 10

    private let file: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    init(_ file: Int32) { self.file = file }

    /// The next line without its end; nil at the end of the file.
    mutating func next() throws(ExtractionError) -> ArraySlice<UInt8>? {
        while true {
            if let end = buffer[start...].firstIndex(of: 0x0A) {
                defer { start = end + 1 }
                return buffer[start..<end]
            }
            guard !isAtEnd else { return nil }
            guard buffer.count - start < Self.longest else { throw .tooLarge("a word is", limit: Self.longest) }
            buffer.removeFirst(start)
            start = 0
            let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceLength) { piece, count in
                repeat { count = read(file, piece.baseAddress, piece.count) } while count < 0 && errno == EINTR
                count = max(count, 0)
            }
            isAtEnd = piece.isEmpty
            buffer += piece
        }
    }
}
