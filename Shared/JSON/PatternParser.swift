/// Reads the syntax of ECMA-262 regular expressions, as far as `JSONSchema` says.
struct PatternParser {
    private static let maxGroups = 50
    private let scalars: [UnicodeScalar]
    private var position = 0
    private var depth = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(PatternError) -> PatternNode {
        let node = try alternatives()
        guard position == scalars.count else { throw PatternError(message: "a ) closes nothing") }
        return node
    }

    private mutating func alternatives() throws(PatternError) -> PatternNode {
        var parts = [try sequence()]
        while take("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .alternatives(parts)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var parts: [PatternNode] = []
        while let next = peek, next != "|", next != ")" {
            let part = try atom()
            parts.append(try repeated(part))
        }
        return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func atom() throws(PatternError) -> PatternNode {
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case "^": return .textStart
        case "$": return .textEnd
        case ".": return .set(.notLineEnd)
        case "(": return try group()
        case "[": return .set(try set())
        case "\\": return try escape()
        case "*", "+", "?", "{", "}", "]": throw PatternError(message: "a \(scalar) must be escaped here")
        default: return .scalar(scalar.value)
        }
    }

    private mutating func group() throws(PatternError) -> PatternNode {
        if take("?"), !take(":") {
            throw PatternError(message: "of the groups that begin with (? only (?: is supported")
        }
        depth += 1
        guard depth <= Self.maxGroups else { throw PatternError(message: "its groups lie too deep") }
        let node = try alternatives()
        guard take(")") else { throw PatternError(message: "a ( is not closed") }
        depth -= 1
        return node
    }

    private mutating func repeated(_ node: PatternNode) throws(PatternError) -> PatternNode {
        let bounds: (least: Int, most: Int?)
        if take("*") {
            bounds = (0, nil)
        } else if take("+") {
            bounds = (1, nil)
        } else if take("?") {
            bounds = (0, 1)
        } else if take("{") {
            bounds = try counts()
        } else {
            return node
        }
        switch node {
        case .textStart, .textEnd: throw PatternError(message: "an anchor cannot be repeated")
        default: break
        }
        // Whether as little or as much as possible is taken does not change whether there is a match.
        _ = take("?")
        return .repetition(node, least: bounds.least, most: bounds.most)
    }

    private mutating func counts() throws(PatternError) -> (least: Int, most: Int?) {
        guard let least = number() else { throw PatternError(message: "a number must follow {") }
        var most: Int? = least
        if take(",") { most = number() }
        guard take("}") else { throw PatternError(message: "a { is not closed") }
        guard least <= most ?? least else { throw PatternError(message: "the numbers in { } are in the wrong order") }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = peek.flatMap({ $0.isASCII ? Int(String($0)) : nil }) {
            // Beyond the limit of any program the exact number does not matter.
            value = min((value ?? 0) * 10 + digit, Pattern.programLimit * 10)
            position += 1
        }
        return value
    }

    private mutating func set() throws(PatternError) -> ScalarSet {
        var set = ScalarSet(isNegated: take("^"))
        while !take("]") {
            let first = try setMember()
            guard case .scalar(let low) = first, peek == "-", position + 1 < scalars.count, scalars[position + 1] != "]"
            else {
                set.ranges += first.ranges
                continue
            }
            position += 1
            guard case .scalar(let high) = try setMember(), low <= high else {
                throw PatternError(message: "a range in [ ] is in the wrong order")
            }
            set.ranges.append(low...high)
        }
        return set
    }

    private mutating func setMember() throws(PatternError) -> PatternNode {
        guard let scalar = peek else { throw PatternError(message: "a [ is not closed") }
        position += 1
        return scalar == "\\" ? try escape(inSet: true) : .scalar(scalar.value)
    }

    private mutating func escape(inSet: Bool = false) throws(PatternError) -> PatternNode {
        guard let scalar = peek else { throw PatternError(message: "a \\ must be followed by something") }
        position += 1
        switch scalar {
        case "d": return .set(.digits)
        case "w": return .set(.word)
        case "s": return .set(.space)
        case "D": return .set(ScalarSet(ranges: ScalarSet.digits.complement))
        case "W": return .set(ScalarSet(ranges: ScalarSet.word.complement))
        case "S": return .set(ScalarSet(ranges: ScalarSet.space.complement))
        case "t": return .scalar(0x09)
        case "n": return .scalar(0x0A)
        case "v": return .scalar(0x0B)
        case "f": return .scalar(0x0C)
        case "r": return .scalar(0x0D)
        case "b" where inSet: return .scalar(0x08)
        case "x": return .scalar(try hexadecimal(digits: 2))
        case "u": return .scalar(try hexadecimal(digits: 4))
        case "a"..."z", "A"..."Z", "0"..."9":
            throw PatternError(message: "\\\(scalar) is not supported")
        default: return .scalar(scalar.value)
        }
    }

    private mutating func hexadecimal(digits: Int) throws(PatternError) -> UInt32 {
        let end = position + digits
        guard end <= scalars.count, scalars[position..<end].allSatisfy({ $0.properties.isASCIIHexDigit }),
            let value = UInt32(String(String.UnicodeScalarView(scalars[position..<end])), radix: 16)
        else { throw PatternError(message: "\(digits) hexadecimal digits must follow \\x or \\u") }
        position = end
        return value
    }

    private var peek: UnicodeScalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: UnicodeScalar) -> Bool {
        guard peek == scalar else { return false }
        position += 1
        return true
    }
}

extension PatternNode {
    /// The code points of a member of a set.
    fileprivate var ranges: [ClosedRange<UInt32>] {
        switch self {
        case .scalar(let scalar): [scalar...scalar]
        case .set(let set): set.ranges
        default: []
        }
    }
}
