import JSON

/// Where in a JSON object the values of a column go: `limits.pages` is a member of a member, `seeds[]` one more element of a list, `inputs[0].url` a
/// member of a list's first element.
struct MemberPath: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        case member(String)
        case element(Int)
        /// Behind the elements that are there.
        case next
    }

    private static let mostElements = 100
    private static let mostSteps = 16

    /// As it was written.
    let text: String
    let steps: [Step]

    /// Nil for what is no path.
    init?(_ text: String) {
        var steps: [Step] = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            let name = part.prefix { $0 != "[" }
            guard !name.isEmpty else { return nil }
            steps.append(.member(String(name)))
            var rest = part[name.endIndex...]
            while !rest.isEmpty {
                guard rest.first == "[", let end = rest.firstIndex(of: "]") else { return nil }
                let index = rest[rest.index(after: rest.startIndex)..<end]
                guard let step = Self.step(index) else { return nil }
                steps.append(step)
                rest = rest[rest.index(after: end)...]
            }
        }
        guard steps.count <= Self.mostSteps, !steps.dropLast().contains(.next) else { return nil }
        (self.text, self.steps) = (text, steps)
    }

    private static func step(_ index: Substring) -> Step? {
        if index.isEmpty { return .next }
        guard let number = Int(index), (0..<mostElements).contains(number) else { return nil }
        return .element(number)
    }

    /// A path below another one.
    init(_ path: MemberPath, below prefix: [Step]) {
        (text, steps) = (path.text, prefix + path.steps)
    }

    /// The place as a schema knows it.
    var place: [JSONStep] {
        steps.map { step in
            switch step {
            case .member(let name): .member(name)
            case .element(let index): .element(index)
            case .next: .element(0)
            }
        }
    }

    /// The JSON pointer (RFC 6901) of what it is a member or an element of.
    var parent: String {
        steps.dropLast().reduce(into: "") { pointer, step in
            switch step {
            case .member(let name): pointer += Self.pointer(name)
            case .element(let index): pointer += "/\(index)"
            case .next: pointer += "/0"
            }
        }
    }

    private static func pointer(_ name: String) -> String {
        "/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    /// Whether values of both cannot be in one object.
    func collides(with other: MemberPath) -> Bool {
        let (short, long) = steps.count <= other.steps.count ? (steps, other.steps) : (other.steps, steps)
        return long.starts(with: short) && short.last != .next
    }

    /// Puts a value there; what is on the way and no object or list becomes one.
    ///
    /// - Returns: the place as a JSON pointer (RFC 6901).
    func put(_ value: JSON, in object: inout JSON) -> String { Self.put(value, steps[...], in: &object) }

    private static func put(_ value: JSON, _ steps: ArraySlice<Step>, in target: inout JSON) -> String {
        guard let step = steps.first else {
            target = value
            return ""
        }
        switch step {
        case .member(let name):
            var members = target.objectValue ?? [:]
            var inner = members[name] ?? .null
            let rest = put(value, steps.dropFirst(), in: &inner)
            members[name] = inner
            target = .object(members)
            return pointer(name) + rest
        case .element, .next:
            var elements = target.arrayValue ?? []
            let index = if case .element(let index) = step { index } else { elements.count }
            while elements.count <= index { elements.append(.null) }
            let rest = put(value, steps.dropFirst(), in: &elements[index])
            target = .array(elements)
            return "/\(index)" + rest
        }
    }
}
