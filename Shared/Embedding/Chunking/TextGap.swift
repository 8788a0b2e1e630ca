/// A place between two words where a text may be cut; the blanks there belong to neither side.
struct TextGap {
    /// What ends at a gap, from weak to strong.
    enum Rank: UInt8, Comparable {
        case word, line, sentence, paragraph, section, page

        static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }
    }

    /// Where the text before it ends, in bytes.
    let end: Int
    /// Where the text after it begins; the same where there are no blanks.
    let start: Int
    var rank: Rank
    /// Where the table or code that begins here ends; 0 for anything else.
    var unitEnd = 0
    /// How many tokens begin before `start`.
    var tokens = 0
    /// Whether both sides have the same tokens alone as together.
    var isClean = true
}

/// A heading of a text.
struct TextHeading {
    /// Where its line begins, in bytes.
    let start: Int
    /// 1 is the outermost.
    let level: Int
    let title: String
    /// The place of the heading that it stands under in the list of all; nil for an outermost one.
    let parent: Int?
}
