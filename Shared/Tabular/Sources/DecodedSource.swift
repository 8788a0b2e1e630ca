import Markup

/// A text in UTF-8, made of one in another encoding.
///
/// Whatever is no character becomes `badByte`, which UTF-8 never has: the reader of records finds it as it finds damage in
/// a text that was UTF-8 from the start, tells its line, and reports or replaces it.
final class DecodedSource: ByteSource {
    static let badByte: UInt8 = 0xFF
    /// Some encodings have signs that are several characters in Unicode.
    private static let mostPerCharacter = 16

    private let converter: CharacterConverter
    private let unitLength: Int
    private var piece: InputPiece
    /// Of a character for which the last buffer had no room.
    private var rest: [UInt8] = []

    init(_ source: any ByteSource, from encoding: TextEncoding) throws(TableError) {
        guard let converter = CharacterConverter(from: encoding.name) else {
            throw TableError(.unsupported, "the encoding \(encoding.name) is not known: convert the file to UTF-8")
        }
        self.converter = converter
        unitLength = encoding.unitLength
        piece = InputPiece(source)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TableError) -> Int {
        if rest.isEmpty && buffer.count >= Self.mostPerCharacter { return try convert(into: buffer) }
        if rest.isEmpty {
            let small = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.mostPerCharacter, alignment: 1)
            defer { small.deallocate() }
            rest = Array(small[..<(try convert(into: small))])
        }
        let count = min(rest.count, buffer.count)
        buffer.copyBytes(from: rest[..<count])
        rest.removeFirst(count)
        return count
    }

    private func convert(into buffer: UnsafeMutableRawBufferPointer) throws(TableError) -> Int {
        while true {
            if piece.bytes.isEmpty, try !piece.refill() { return 0 }
            let step = converter.convert(piece.bytes, into: buffer)
            piece.consume(step.taken)
            if step.made > 0 { return step.made }
            if step.stop == .incomplete, try piece.refill() { continue }
            if step.stop == .bad || step.stop == .incomplete {
                piece.consume(min(unitLength, piece.bytes.count))
                buffer[0] = Self.badByte
                return 1
            }
        }
    }
}
