import Foundation
import Markup

/// The lines of a page as Tesseract gives them, in points.
///
/// Its boxes are those of the ink: a word without tall letters is lower than its neighbours, and a picture that lies askew lifts one end
/// of a line. Here each word gets the height of its line's type instead, on a line that is level.
struct PictureLines {
    private struct Line {
        var words: [PageWords.Word] = []
        /// By the letters in it, of each word.
        var sizes: [Double] = []
        /// Where it stands at the left edge of the page, once straight.
        var base = 0.0
        /// Whether it is upside down: Tesseract says so, and nothing of where it stands.
        let isUpsideDown: Bool
        /// What Tesseract takes for its size.
        let claimed: Double
        let slope: Double
        var box: Box
        /// Whether it runs from left to right; Tesseract gives one that runs up or down no base, or an absurd one.
        var isUpright: Bool
    }

    /// How far type reaches over and under the line it stands on, as parts of its size.
    private static let (rise, fall) = (0.89, 0.22)
    /// Words have so much space between them at least.
    private static let leastSpace = 0.15
    /// Words further apart, in sizes, are not of one line.
    private static let mostSpace = 1.0
    /// What is read for a bullet, where it stands further from the next word than words do; some of it only where it stands as marks do.
    private static let bullets: Set<String> = ["°", "©", "®", "¢", "•"]
    private static let likeBullets: Set<String> = [".", "*", "+", "«", "»", "e", "o"]
    private static let allBullets = bullets.union(likeBullets)
    private static let bulletSpace = 0.4
    /// Lines that begin nearer to each other than this, in sizes, begin below each other.
    private static let sameEdge = 0.3
    /// Of a page that lies askew a line leans less than this.
    private static let mostSlope = 0.2
    /// A picture with more lines is no page of text, and its sizes stay as measured.
    private static let mostLines = 5000
    /// From line to line of one block, in sizes.
    private static let mostPitch = 1.5
    /// Sizes nearer to each other than this are one, as measured.
    private static let sizeTolerance = 0.07
    /// Of a line of one word more is guessed.
    private static let titleTolerance = 0.12

    private let scale: Double
    private let width: Double
    private let height: Double
    /// Its blocks, as places among the lines.
    var blocks: [[Int]] = []
    private var lines: [Line] = []
    /// The sum of what Tesseract says of each word, to a hundred.
    private var confidence = 0.0

    init(scale: Double, width: Double, height: Double) {
        (self.scale, self.width, self.height) = (scale, width, height)
    }

    mutating func beginLine(_ element: String) {
        guard !blocks.isEmpty else { return }
        let sides = PictureWords.numbers(element, after: "bbox ", 4).map { $0 * scale }
        let baseline = PictureWords.numbers(element, after: "baseline ", 2)
        var line = Line(
            isUpsideDown: PictureWords.numbers(element, after: "textangle ", 1)[0] == 180,
            claimed: PictureWords.numbers(element, after: "x_size ", 1)[0] * scale, slope: baseline[0],
            box: Box(left: sides[0], top: sides[1], right: sides[2], bottom: sides[3]),
            isUpright: element.contains("baseline ") && abs(baseline[0]) < Self.mostSlope)
        // Given from the lower left corner of the line.
        line.base = sides[3] + baseline[1] * scale
        blocks[blocks.count - 1].append(lines.count)
        lines.append(line)
    }

    mutating func addWord(_ element: String) {
        guard !lines.isEmpty, let start = element.firstIndex(of: ">"),
            let end = element.range(of: "</span>", options: .backwards)
        else { return }
        let inner = element[element.index(after: start)..<end.lowerBound]
        let bare = inner.replacing("<strong>", with: "").replacing("</strong>", with: "").replacing("<em>", with: "")
            .replacing("</em>", with: "").replacing("&#39;", with: "'")
        var text = String(PopplerHead.unescaped(bare[...]).droppingControls().drop { $0 == "|" })
        while text.last == "|" { text.removeLast() }
        text = text.trimmingBlanks()
        // The lines of a table are read as strokes beside its words.
        guard text.contains(where: { $0 != "|" && $0 != "_" }) else { return }
        // Words go on as poppler gives them: from left to right, whatever their script.
        if text.hasRightToLeft { text = text.turned }
        let sides = PictureWords.numbers(element, after: "bbox ", 4).map { $0 * scale }
        let box = Box(left: sides[0], top: sides[1], right: sides[2], bottom: sides[3])
        lines[lines.count - 1].words.append(PageWords.Word(text: text, box: box))
        confidence += PictureWords.numbers(element, after: "x_wconf ", 1)[0]
        if lines[lines.count - 1].isUpright || lines[lines.count - 1].isUpsideDown, let share = text.inkHeight {
            lines[lines.count - 1].sizes.append(box.height / share)
        }
    }

    /// The page with all lines level, and not upside down.
    var straight: StraightPage {
        guard 2 * lines.count(where: \.isUpsideDown) > lines.count else { return levelled }
        var turned = self
        for index in lines.indices { turned.turn(index) }
        var page = turned.levelled
        page.isUpsideDown = true
        return page
    }

    /// Turns a line as the page is turned that lies upside down.
    private mutating func turn(_ index: Int) {
        var line = lines[index]
        line.box = line.box.turnedOver(width: width, height: height)
        for word in line.words.indices {
            line.words[word].box = line.words[word].box.turnedOver(width: width, height: height)
        }
        line.isUpright = line.isUpsideDown
        let reachesBelow = line.words.contains { $0.text.contains { "gjpqy".contains($0) } }
        line.base = line.box.bottom - (reachesBelow ? Self.fall * (line.sizes.median ?? line.claimed) : 0)
        lines[index] = line
    }

    private var levelled: StraightPage {
        var page = StraightPage()
        let count = lines.reduce(0) { $0 + $1.words.count }
        if count > 0 { page.words.confidence = confidence / Double(count) }
        (page.words.width, page.words.height) = (width, height)
        // Of short lines the slope is a guess.
        page.slope = lines.filter { $0.isUpright && $0.words.count > 4 }.map(\.slope).median ?? 0
        let sizes = commonSizes
        let blocks = joined(sizes)
        let straight = lines.indices.map { index in
            lines[index].isUpright ? level(lines[index], size: sizes[index], slope: page.slope) : lines[index].words
        }
        let marks = bullets(blocks, straight, sizes)
        page.words.blocks = blocks.map { block in
            let whole = block.map { index in
                var words = straight[index]
                if marks.contains(index) { words[0].text = "•" }
                return words
            }
            let parts = zip(block, whole).map { index, words in
                lines[index].isUpright ? Self.parts(words, space: Self.mostSpace * sizes[index]) : [words]
            }
            // Where most lines have none, a wide space is only one of a line that is drawn out to the edge.
            return 2 * parts.count { $0.count > 1 } < block.count ? whole : parts.flatMap { $0 }
        }
        return page
    }

    private func weight(_ lines: [Int]) -> Int { lines.reduce(0) { $0 + self.lines[$1].words.count } }

    /// The blocks, with those as one that are lines of about the same size close below each other, as those of a title.
    private func joined(_ sizes: [Double]) -> [[Int]] {
        var result: [[Int]] = []
        for block in blocks {
            if let above = result.last?.last, let below = block.first, lines[above].isUpright, lines[below].isUpright,
                abs(sizes[above] - sizes[below]) < Self.titleTolerance * sizes[above],
                abs(lines[above].box.left - lines[below].box.left) < sizes[above] / 2,
                lines[below].base >= lines[above].base,
                lines[below].base - lines[above].base <= Self.mostPitch * sizes[above]
            {
                result[result.count - 1] += block
            } else {
                result.append(block)
            }
        }
        return result
    }

    /// The size of each line, where near ones are one.
    private var commonSizes: [Double] {
        let usual = lines.flatMap(\.sizes).median
        let measured = lines.map { line in
            if let size = line.sizes.median { return size }
            // Of a letter or two nobody can tell.
            let isShort = line.words.count < 2 && line.words.allSatisfy { $0.text.utf8.count < 4 }
            return (isShort ? usual : nil) ?? line.claimed
        }
        guard lines.count <= Self.mostLines else { return measured }
        var result = measured
        var rest = lines.indices.filter { measured[$0] > 0 && lines[$0].isUpright }
        while !rest.isEmpty {
            // The one that most words are near to, so that running text has one size.
            let centres = Set(rest.map { (measured[$0] * 10).rounded() / 10 }).sorted()
            func near(_ centre: Double) -> [Int] {
                rest.filter { abs(measured[$0] - centre) <= Self.sizeTolerance * centre }
            }
            let weighed = centres.prefix(500).map { ($0, weight(near($0))) }
            guard let centre = weighed.max(by: { $0.1 < $1.1 })?.0 else { break }
            let members = near(centre)
            guard let size = members.map({ measured[$0] }).median else { break }
            for index in members { result[index] = size }
            rest.removeAll(where: Set(members).contains)
        }
        return result
    }

    /// The words of a line as they would stand on a page that is not askew, from left to right.
    private func level(_ line: Line, size: Double, slope: Double) -> [PageWords.Word] {
        // The line may lean otherwise than the page does, where it is short.
        let middle = (line.box.left + line.box.right) / 2
        let base = line.base + line.slope * (middle - line.box.left) - slope * middle
        var words: [PageWords.Word] = []
        for var word in line.words.sorted(by: { $0.box.left < $1.box.left }) {
            (word.box.top, word.box.bottom) = (base - Self.rise * size, base + Self.fall * size)
            // Scripts without blanks come sign by sign.
            if let last = words.last, word.box.left - last.box.right < size / 2,
                last.text.unicodeScalars.last?.isWide == true, word.text.unicodeScalars.first?.isWide == true
            {
                words[words.count - 1].text += word.text
                words[words.count - 1].box = last.box.union(word.box)
            } else {
                // What are two words for Tesseract stay two, however near their ink is.
                if let last = words.last {
                    words[words.count - 1].box.right = min(last.box.right, word.box.left - Self.leastSpace * size)
                }
                words.append(word)
            }
        }
        return words
    }

    /// The lines that begin with a bullet, or with what is read for one where no other line of the block begins: a short word may stand
    /// anywhere.
    private func bullets(_ blocks: [[Int]], _ levelled: [[PageWords.Word]], _ sizes: [Double]) -> Set<Int> {
        func hasMark(_ index: Int, _ marks: Set<String>) -> Bool {
            let words = levelled[index]
            return lines[index].isUpright && words.count > 1 && marks.contains(words[0].text)
                && words[1].box.left - words[0].box.right > Self.bulletSpace * sizes[index]
        }
        func left(_ index: Int) -> Double? { levelled[index].first?.box.left }
        var found: Set<Int> = []
        for block in blocks {
            let marked = block.filter { hasMark($0, Self.allBullets) }
            let others = Set(block).subtracting(marked)
            for index in marked {
                let (start, words) = (levelled[index][0].box.left, levelled[index][1].box.left)
                func isNear(_ other: Int, _ edge: Double) -> Bool {
                    left(other).map { abs($0 - edge) < Self.sameEdge * sizes[index] } ?? false
                }
                let hangs = marked.count > 1 || others.contains { isNear($0, words) }
                if hasMark(index, Self.bullets) || (hangs && !others.contains { isNear($0, start) }) {
                    found.insert(index)
                }
            }
        }
        return found
    }

    /// A line as the pieces between which there is more than this space.
    private static func parts(_ words: [PageWords.Word], space: Double) -> [[PageWords.Word]] {
        var parts: [[PageWords.Word]] = []
        for word in words {
            if let last = parts.last?.last, word.box.left - last.box.right < space {
                parts[parts.count - 1].append(word)
            } else {
                parts.append([word])
            }
        }
        return parts
    }
}

extension String {
    /// How high the ink of these letters is, as a part of the size of common type; nil where a letter says nothing of it.
    fileprivate var inkHeight: Double? {
        guard utf8.count > 1 else { return nil }
        var (above, below) = (0.0, 0.0)
        for scalar in unicodeScalars {
            switch scalar {
            case "A"..."Z", "b", "d", "f", "h", "k", "l", "i", "0"..."9": above = max(above, 0.68)
            case "t": above = max(above, 0.58)
            case "a", "c", "e", "m", "n", "o", "r", "s", "u", "v", "w", "x", "z": above = max(above, 0.46)
            case "g", "p", "q", "y": (above, below) = (max(above, 0.46), 0.22)
            case ".", "-": continue
            default: return nil
            }
        }
        return above > 0 ? above + below : nil
    }
}
