import Compression

/// The text of a table in UTF-8, whatever it is compressed by and encoded in.
struct TextInput {
    /// What is looked at to find out the encoding and all that follows from it.
    static let sampleLength = 1 << 20

    let source: any ByteSource
    let encoding: TextEncoding
    let isCompressed: Bool

    /// Finds out all of it; the source has every byte of the text behind the mark still to come.
    init(_ source: any ByteSource, encoding told: String?, inflation: InflationLimits) throws(TableError) {
        let (inflated, isCompressed) = try Self.inflated(source, inflation)
        let sample = try Self.prefix(of: inflated, Self.sampleLength)
        let encoding = try TextEncoding(of: sample, told: told, isWhole: sample.count < Self.sampleLength)
        try self.init(sample, then: inflated, encoding, isCompressed: isCompressed)
    }

    /// Opens a file of which all is known, so that its text begins at `offset`.
    init(path: String, _ layout: TableLayout, at offset: Int, inflation: InflationLimits) throws(TableError) {
        guard let encoding = layout.encoding else {
            throw TableError(.unsupported, "the layout has no encoding: find it out anew")
        }
        if encoding.isUTF8 && !layout.isCompressed {
            let source = try FileSource(path: path, at: encoding.markLength + offset)
            self.init(source: source, encoding: encoding, isCompressed: false)
            return
        }
        let (inflated, isCompressed) = try Self.inflated(try FileSource(path: path), inflation)
        let mark = try Self.prefix(of: inflated, encoding.markLength)
        try self.init(mark, then: inflated, encoding, isCompressed: isCompressed)
        // What was decoded before is decoded again: an offset into a compressed file, or into one of an encoding with states, leads nowhere.
        try source.skip(offset)
    }

    private init(
        _ prefix: [UInt8], then rest: any ByteSource, _ encoding: TextEncoding, isCompressed: Bool
    ) throws(TableError) {
        let whole = PrefixedSource(Array(prefix.dropFirst(encoding.markLength)), then: rest)
        let source: any ByteSource = encoding.isUTF8 ? whole : try DecodedSource(whole, from: encoding)
        self.init(source: source, encoding: encoding, isCompressed: isCompressed)
    }

    private init(source: any ByteSource, encoding: TextEncoding, isCompressed: Bool) {
        self.source = source
        self.encoding = encoding
        self.isCompressed = isCompressed
    }

    private static func inflated(
        _ source: any ByteSource, _ limits: InflationLimits
    ) throws(TableError) -> (source: any ByteSource, isCompressed: Bool) {
        let magic = try prefix(of: source, 4)
        let whole = PrefixedSource(magic, then: source)
        if let inflated = try InflatedSource(whole, prefix: magic, limits: limits) { return (inflated, true) }
        return (whole, false)
    }

    static func prefix(of source: any ByteSource, _ count: Int) throws(TableError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { buffer.deallocate() }
        let read = try source.fill(buffer)
        return Array(buffer[..<read])
    }
}
