/// A regular expression of JSON Schema that is matched in linear time, so that no text can make it run away.
///
/// The expression becomes a small program whose threads all advance together over the text (Thompson's construction), one code point
/// at a time; only whether there is a match anywhere is asked.
struct Pattern: Sendable {
    enum Instruction: Sendable {
        case scalar(UInt32)
        case set(ScalarSet)
        case split(Int, Int)
        case jump(Int)
        case textStart
        case textEnd
        case match
    }

    /// The most instructions, which bounds the work for each character of the text.
    static let programLimit = 2000

    let text: String
    private let program: [Instruction]

    init(_ text: String) throws(PatternError) {
        self.text = text
        var parser = PatternParser(text)
        var compiler = PatternCompiler()
        program = try compiler.program(of: parser.parse())
    }

    func matches(_ text: String) -> Bool {
        var current = PatternThreads(capacity: program.count)
        var next = PatternThreads(capacity: program.count)
        let scalars = text.unicodeScalars
        var position = scalars.startIndex
        while true {
            let isStart = position == scalars.startIndex
            let isEnd = position == scalars.endIndex
            if follow(0, into: &current, isStart: isStart, isEnd: isEnd) { return true }
            if isEnd { return false }
            let scalar = scalars[position].value
            scalars.formIndex(after: &position)
            next.removeAll()
            for index in current.list where accepts(index, scalar) {
                let atEnd = position == scalars.endIndex
                if follow(index + 1, into: &next, isStart: false, isEnd: atEnd) { return true }
            }
            swap(&current, &next)
        }
    }

    private func accepts(_ index: Int, _ scalar: UInt32) -> Bool {
        switch program[index] {
        case .scalar(let wanted): wanted == scalar
        case .set(let set): set.contains(scalar)
        default: false
        }
    }

    /// Adds every instruction that is reached without reading a character; answers whether the match is among them.
    private func follow(_ start: Int, into threads: inout PatternThreads, isStart: Bool, isEnd: Bool) -> Bool {
        var pending = [start]
        while let index = pending.popLast() {
            guard threads.visit(index) else { continue }
            switch program[index] {
            case .match: return true
            case .jump(let target): pending.append(target)
            case .split(let first, let second):
                pending.append(second)
                pending.append(first)
            case .textStart: if isStart { pending.append(index + 1) }
            case .textEnd: if isEnd { pending.append(index + 1) }
            case .scalar, .set: threads.list.append(index)
            }
        }
        return false
    }
}

/// The instructions that wait for the next character.
private struct PatternThreads {
    var list: [Int] = []
    private var visited: [Bool]

    init(capacity: Int) { visited = Array(repeating: false, count: capacity) }

    /// Whether the instruction is reached for the first time at this position.
    mutating func visit(_ index: Int) -> Bool {
        defer { visited[index] = true }
        return !visited[index]
    }

    mutating func removeAll() {
        list.removeAll(keepingCapacity: true)
        for index in visited.indices { visited[index] = false }
    }
}

/// A set of code points, as ranges.
struct ScalarSet: Sendable {
    var ranges: [ClosedRange<UInt32>] = []
    var isNegated = false

    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } != isNegated }

    static let digits = ScalarSet(ranges: [0x30...0x39])
    static let word = ScalarSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let space = ScalarSet(ranges: [
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
        0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
    ])
    static let notLineEnd = ScalarSet(ranges: [0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029], isNegated: true)

    /// The ranges of everything that is not in the set.
    var complement: [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var start: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if start < range.lowerBound { result.append(start...(range.lowerBound - 1)) }
            start = max(start, range.upperBound + 1)
        }
        if start <= 0x10FFFF { result.append(start...0x10FFFF) }
        return result
    }
}

/// Why a pattern cannot be used.
struct PatternError: Error {
    let message: String
}
