/// What a picture says of its size, in pixels.
public struct PictureSize: Equatable, Sendable {
    /// From the left to the right.
    public let width: Int
    /// From the top to the bottom.
    public let height: Int

    /// Makes a size.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// Of a PNG, from its header chunk (ISO/IEC 15948, 11.2.2); nil for what is none.
    public init?(png: [UInt8]) {
        guard png.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), png.count > 24,
            Array(png[12..<16]) == Array("IHDR".utf8)
        else { return nil }
        self.init(width: Self.number(png[16..<20]), height: Self.number(png[20..<24]))
    }

    /// Of a JPEG, from its frame header (ITU-T T.81, B.2.2); nil for what is none.
    public init?(jpeg: [UInt8]) {
        guard jpeg.starts(with: [0xFF, 0xD8]) else { return nil }
        var place = 2
        while place + 9 < jpeg.count, jpeg[place] == 0xFF {
            if [0xC0, 0xC1, 0xC2].contains(jpeg[place + 1]) {
                self.init(
                    width: Self.number(jpeg[place + 7..<place + 9]), height: Self.number(jpeg[place + 5..<place + 7]))
                return
            }
            place += 2 + Self.number(jpeg[place + 2..<place + 4])
        }
        return nil
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
}
