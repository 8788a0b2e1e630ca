/// A rule's path in its normal form, ready to be matched: octets, of which `*` stands for any others.
///
/// A pattern is pieces between stars. The leftmost place of each piece leaves the most for the rest, so no place is tried twice, and
/// within a piece the search never goes back (Knuth, Morris and Pratt): the time is linear in pattern and target.
struct RobotsPattern: Sendable, Equatable, CustomStringConvertible {
    /// No two stars are side by side.
    private let bytes: [UInt8]
    /// Whether it must match to the end of the target.
    private let isAnchored: Bool
    /// For each octet of a piece, how many octets that end there also begin the piece; empty where there is no star.
    private let borders: [Int32]

    private static let star = UInt8(ascii: "*")

    init(_ form: [UInt8], isAnchored: Bool) {
        var bytes: [UInt8] = []
        for byte in form where byte != Self.star || bytes.last != Self.star { bytes.append(byte) }
        self.bytes = bytes
        self.isAnchored = isAnchored
        borders = bytes.contains(Self.star) ? Self.borders(of: bytes) : []
    }

    var description: String { String(decoding: bytes, as: UTF8.self) + (isAnchored ? "$" : "") }

    func matches(_ target: [UInt8]) -> Bool {
        var piece = piece(from: 0)
        guard target.starts(with: bytes[piece]) else { return false }
        var position = piece.count
        while piece.upperBound < bytes.count {
            piece = self.piece(from: piece.upperBound + 1)
            if isAnchored && piece.upperBound == bytes.count {
                let rest = target[position...]
                return rest.count >= piece.count && rest.suffix(piece.count).elementsEqual(bytes[piece])
            }
            guard let end = end(of: piece, in: target, from: position) else { return false }
            position = end
        }
        return !isAnchored || position == target.count
    }

    private func piece(from start: Int) -> Range<Int> {
        start..<(bytes[start...].firstIndex(of: Self.star) ?? bytes.count)
    }

    /// Where the first occurrence of a piece at or after a position ends.
    private func end(of piece: Range<Int>, in target: [UInt8], from position: Int) -> Int? {
        var matched = 0
        var position = position
        while matched < piece.count {
            guard position < target.count else { return nil }
            matched = extend(matched, of: piece, with: target[position])
            position += 1
        }
        return position
    }

    private func extend(_ matched: Int, of piece: Range<Int>, with byte: UInt8) -> Int {
        var matched = matched
        while matched > 0 && bytes[piece.lowerBound + matched] != byte {
            matched = Int(borders[piece.lowerBound + matched - 1])
        }
        return bytes[piece.lowerBound + matched] == byte ? matched + 1 : 0
    }

    private static func borders(of bytes: [UInt8]) -> [Int32] {
        var borders = [Int32](repeating: 0, count: bytes.count)
        var start = 0
        for index in bytes.indices where bytes[index] != star {
            if index == 0 || bytes[index - 1] == star {
                start = index
                continue
            }
            var length = Int(borders[index - 1])
            while length > 0 && bytes[start + length] != bytes[index] { length = Int(borders[start + length - 1]) }
            borders[index] = bytes[start + length] == bytes[index] ? Int32(length + 1) : 0
        }
        return borders
    }
}
