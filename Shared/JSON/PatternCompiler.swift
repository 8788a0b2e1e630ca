/// The parts of a regular expression.
indirect enum PatternNode {
    case empty
    case scalar(UInt32)
    case set(ScalarSet)
    case textStart
    case textEnd
    case sequence([PatternNode])
    case alternatives([PatternNode])
    case repetition(PatternNode, least: Int, most: Int?)
}

/// Lays a regular expression out as a program.
struct PatternCompiler {
    private var code: [Pattern.Instruction] = []
    private var steps = 0

    mutating func program(of node: PatternNode) throws(PatternError) -> [Pattern.Instruction] {
        try emit(node)
        code.append(.match)
        return code
    }

    private mutating func emit(_ node: PatternNode) throws(PatternError) {
        // Repeated empty groups take steps without making code, so both are limited.
        steps += 1
        guard code.count < Pattern.programLimit, steps < Pattern.programLimit * 4 else {
            throw PatternError(message: "it is too large once its repetitions are written out")
        }
        switch node {
        case .empty: break
        case .scalar(let scalar): code.append(.scalar(scalar))
        case .set(let set): code.append(.set(set))
        case .textStart: code.append(.textStart)
        case .textEnd: code.append(.textEnd)
        case .sequence(let parts): for part in parts { try emit(part) }
        case .alternatives(let parts): try emit(alternatives: parts)
        case .repetition(let part, let least, let most): try emit(part, least: least, most: most)
        }
    }

    private mutating func emit(alternatives parts: [PatternNode]) throws(PatternError) {
        var ends: [Int] = []
        for (index, part) in parts.enumerated() {
            guard index < parts.count - 1 else {
                try emit(part)
                break
            }
            let split = reserve()
            try emit(part)
            ends.append(reserve())
            code[split] = .split(split + 1, code.count)
        }
        for end in ends { code[end] = .jump(code.count) }
    }

    private mutating func emit(_ part: PatternNode, least: Int, most: Int?) throws(PatternError) {
        for _ in 0..<least { try emit(part) }
        guard let most else {
            let split = reserve()
            try emit(part)
            code.append(.jump(split))
            code[split] = .split(split + 1, code.count)
            return
        }
        var splits: [Int] = []
        for _ in least..<most {
            splits.append(reserve())
            try emit(part)
        }
        for split in splits { code[split] = .split(split + 1, code.count) }
    }

    /// A place whose instruction is known later.
    private mutating func reserve() -> Int {
        code.append(.match)
        return code.count - 1
    }
}
