import Markup

/// In which encoding a text is, and how that is known.
public struct TextEncoding: Sendable, Hashable, Codable {
    /// How an encoding is known.
    public enum Evidence: String, Sendable, Codable {
        /// The settings say so.
        case told
        /// The byte order mark says so.
        case mark
        /// The bytes are valid in it, and hardly could be by chance.
        case valid
        /// It is the most likely of those in which such bytes are a text.
        case guessed
    }

    /// The name, as iconv and IANA know it.
    public let name: String
    /// How it is known.
    public let evidence: Evidence
    /// How many bytes the byte order mark at the start has; 0 for none.
    public let markLength: Int

    /// How many bytes a character has at least.
    var unitLength: Int { name.hasPrefix("UTF-16") ? 2 : name.hasPrefix("UTF-32") ? 4 : 1 }

    /// Whether the bytes are UTF-8 already.
    var isUTF8: Bool { name == "UTF-8" }

    /// Finds the encoding by what is told, by byte order mark, as UTF-8 if valid, or by detection.
    ///
    /// - Parameters:
    ///   - sample: the first bytes of the text; a MiB tells enough.
    ///   - told: an encoding that wins; a mark of the same encoding is not taken for text.
    ///   - isWhole: whether the sample is all there is, so that its last character is not cut.
    /// - Throws: `TableError` of the kind `unsupported` for a name that nobody knows.
    init(of sample: [UInt8], told: String?, isWhole: Bool) throws(TableError) {
        let mark = DecodedText.byteOrderMark(sample)
        if let told {
            let name = Self.canonical(told)
            guard CharacterConverter(from: name) != nil else {
                throw TableError(
                    .unsupported, "no encoding is called '\(told)': use a name such as UTF-8 or WINDOWS-1252")
            }
            // UTF-16 without an order of bytes has it in the mark.
            let fits = mark.map { $0.0 == name || $0.0.dropLast(2) == name } ?? false
            self.init(
                name: fits ? mark?.0 ?? name : name, evidence: .told, markLength: fits ? mark?.1 ?? 0 : 0)
        } else if let mark {
            self.init(name: mark.0, evidence: .mark, markLength: mark.1)
        } else if let wide = DecodedText.wideWithoutMark(sample), sample.count(where: { $0 == 0 }) > sample.count / 10 {
            // A NUL or two are damage, not half of all characters.
            self.init(name: wide, evidence: .guessed, markLength: 0)
        } else if Self.isMostlyUTF8(sample, isWhole: isWhole) {
            self.init(name: "UTF-8", evidence: .valid, markLength: 0)
        } else {
            self.init(name: DecodedText.detected(sample), evidence: .guessed, markLength: 0)
        }
    }

    private init(name: String, evidence: Evidence, markLength: Int) {
        self.name = name
        self.evidence = evidence
        self.markLength = markLength
    }

    private static func canonical(_ name: String) -> String {
        switch name.uppercased() {
        case "UTF8", "UTF-8", "ASCII", "US-ASCII": "UTF-8"
        case "UTF16": "UTF-16"
        case "LATIN1", "LATIN-1": "ISO-8859-1"
        case let name: name
        }
    }

    /// A few damaged characters among many sound ones are still UTF-8: in another encoding all of the sound ones would be rubbish.
    private static func isMostlyUTF8(_ sample: [UInt8], isWhole: Bool) -> Bool {
        let tally = sample.withUnsafeBufferPointer { UTF8Tally($0, isWhole: isWhole) }
        return tally.bad == 0 || tally.bad * 10 <= tally.sound
    }
}

/// How many characters beyond ASCII are sound, and how many bytes belong to none.
struct UTF8Tally {
    private(set) var sound = 0
    private(set) var bad = 0

    /// - Parameter isWhole: whether a character that the end cuts is a bad one.
    init(_ bytes: UnsafeBufferPointer<UInt8>, isWhole: Bool) {
        var position = 0
        while position < bytes.count {
            if bytes[position] < 0x80 {
                position += 1
                continue
            }
            let length = UTF8Form.length(at: position, in: bytes)
            if length > 0 {
                sound += 1
                position += length
            } else {
                let isCut = !isWhole && bytes.count - position < 4 && bytes[position] >= 0xC2
                if !isCut { bad += 1 }
                position += 1
            }
        }
    }
}

/// The well-formed sequences of UTF-8 (Unicode 15, table 3-7).
enum UTF8Form {
    /// The length of the character beyond ASCII that begins at `position`; 0 when none does.
    static func length(at position: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        func isNext(_ distance: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            position + distance < bytes.count && range.contains(bytes[position + distance])
        }
        switch bytes[position] {
        case 0xC2...0xDF: return isNext(1) ? 2 : 0
        case 0xE0: return isNext(1, 0xA0...0xBF) && isNext(2) ? 3 : 0
        case 0xED: return isNext(1, 0x80...0x9F) && isNext(2) ? 3 : 0
        case 0xE1...0xEF: return isNext(1) && isNext(2) ? 3 : 0
        case 0xF0: return isNext(1, 0x90...0xBF) && isNext(2) && isNext(3) ? 4 : 0
        case 0xF1...0xF3: return isNext(1) && isNext(2) && isNext(3) ? 4 : 0
        case 0xF4: return isNext(1, 0x80...0x8F) && isNext(2) && isNext(3) ? 4 : 0
        default: return 0
        }
    }

    /// Where the first byte stands that belongs to no character; nil when all do.
    static func firstBad(in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var position = 0
        while position < bytes.count {
            if bytes[position] < 0x80 {
                position += 1
            } else {
                let length = length(at: position, in: bytes)
                if length == 0 { return position }
                position += length
            }
        }
        return nil
    }
}
