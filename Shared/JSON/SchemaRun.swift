/// One validation: the place in the value, and what was found wrong so far.
struct SchemaRun {
    private enum Step {
        case key(String)
        case index(Int)
    }

    let nodes: [SchemaNode]
    let limit: Int
    private(set) var violations: [JSONSchema.Violation] = []
    private var path: [Step] = []

    init(nodes: [SchemaNode], limit: Int) {
        self.nodes = nodes
        self.limit = limit
    }

    mutating func check(_ value: JSON, against index: Int) {
        for rule in nodes[index].rules {
            guard violations.count < limit else { return }
            check(value, rule)
        }
    }

    private mutating func check(_ value: JSON, _ rule: SchemaRule) {
        switch (rule, value) {
        case (.never, _): report("false", "is not allowed")
        case (.kinds(let kinds), _):
            if kinds.isDisjoint(with: JSONKinds(of: value)) { report("type", "must be \(kinds.words)") }
        case (.constant(let constant), _): if value != constant { report("const", "must be \(constant)") }
        case (.enumeration(let known), _):
            if !known.contains(value) {
                report("enum", "must be one of \(known.map(\.description).joined(separator: ", "))")
            }
        case (.object(let rule), .object(let members)): check(members, rule)
        case (.array(let rule), .array(let elements)): check(elements, rule)
        case (.text(let rule), .string(let text)): check(text, rule)
        case (.number(let rule), .int), (.number(let rule), .double): check(number: value, rule)
        case (.reference(let target), _): check(value, against: target)
        case (.allOf(let parts), _): for part in parts { check(value, against: part) }
        case (.anyOf(let parts), _): checkAlternatives(parts, value, keyword: "anyOf", most: .max)
        case (.oneOf(let parts), _): checkAlternatives(parts, value, keyword: "oneOf", most: 1)
        case (.not(let part), _):
            if violations(of: value, part).isEmpty { report("not", "has a form that is excluded") }
        case (.conditional(let condition, let then, let otherwise), _):
            let branch = violations(of: value, condition, limit: 1).isEmpty ? then : otherwise
            if let branch { check(value, against: branch) }
        default: break
        }
    }

    private mutating func check(_ members: JSONObject, _ rule: ObjectRule) {
        for key in rule.required where members[key] == nil {
            report("required", "the field \"\(key)\" is missing")
        }
        checkCount(members.count, rule.minCount, rule.maxCount, "Properties", of: "field")
        for (key, value) in members {
            guard violations.count < limit else { return }
            path.append(.key(key))
            defer { path.removeLast() }
            checkName(key, rule)
            var isKnown = false
            if let property = rule.schemaOfProperty[key] {
                isKnown = true
                check(value, against: property)
            }
            for (pattern, schema) in rule.patternProperties where pattern.matches(key) {
                isKnown = true
                check(value, against: schema)
            }
            if isKnown { continue }
            switch rule.additional {
            case .allowed: break
            case .schema(let schema): check(value, against: schema)
            case .refused: report("additionalProperties", "unknown field; \(rule.knownFields)")
            }
        }
    }

    private mutating func checkName(_ key: String, _ rule: ObjectRule) {
        guard let names = rule.names else { return }
        for violation in violations(of: .string(key), names) {
            report("propertyNames", "the field's name \(violation.message)")
        }
    }

    private mutating func check(_ elements: [JSON], _ rule: ArrayRule) {
        checkCount(elements.count, rule.minCount, rule.maxCount, "Items", of: "element")
        for (index, element) in elements.enumerated() {
            guard violations.count < limit else { return }
            guard let schema = rule.schema(at: index) else { break }
            path.append(.index(index))
            check(element, against: schema)
            path.removeLast()
        }
        if rule.isUnique { checkUnique(elements) }
        guard let schema = rule.contains else { return }
        let count = elements.count { violations(of: $0, schema, limit: 1).isEmpty }
        if count < rule.minContains {
            report("contains", "must contain \(rule.minContains) or more fitting elements, but has \(count)")
        }
        if let most = rule.maxContains, count > most {
            report("maxContains", "must contain at most \(most) fitting elements, but has \(count)")
        }
    }

    private mutating func checkUnique(_ elements: [JSON]) {
        var firstIndex: [JSON: Int] = [:]
        for (index, element) in elements.enumerated() {
            if let first = firstIndex.updateValue(index, forKey: element) {
                return report("uniqueItems", "elements must differ, but \(first) and \(index) are equal")
            }
        }
    }

    private mutating func check(_ text: String, _ rule: TextRule) {
        if rule.minLength != nil || rule.maxLength != nil {
            checkCount(text.unicodeScalars.count, rule.minLength, rule.maxLength, "Length", of: "character")
        }
        if let pattern = rule.pattern, !pattern.matches(text) {
            report("pattern", "must match the pattern \(pattern.text)")
        }
        if let format = rule.format, !format.accepts(text) { report("format", "must be \(format.words)") }
    }

    private mutating func check(number value: JSON, _ rule: NumberRule) {
        if let bound = rule.minimum, value.isLess(than: bound) { report("minimum", "must be at least \(bound)") }
        if let bound = rule.maximum, bound.isLess(than: value) { report("maximum", "must be at most \(bound)") }
        if let bound = rule.above, !bound.isLess(than: value) {
            report("exclusiveMinimum", "must be greater than \(bound)")
        }
        if let bound = rule.below, !value.isLess(than: bound) {
            report("exclusiveMaximum", "must be less than \(bound)")
        }
        if let divisor = rule.divisor, !value.isMultiple(of: divisor) {
            report("multipleOf", "must be a multiple of \(divisor)")
        }
    }

    private mutating func checkCount(_ count: Int, _ least: Int?, _ most: Int?, _ suffix: String, of noun: String) {
        if let least, count < least {
            report("min\(suffix)", "must have at least \(least) \(noun)\(least == 1 ? "" : "s")")
        }
        if let most, count > most {
            report("max\(suffix)", "must have at most \(most) \(noun)\(most == 1 ? "" : "s")")
        }
    }

    /// When no alternative fits, the message tells what the one that came nearest lacks.
    private mutating func checkAlternatives(_ parts: [Int], _ value: JSON, keyword: String, most: Int) {
        var fitting = 0
        var nearest: [JSONSchema.Violation]?
        for part in parts where fitting <= most {
            let found = violations(of: value, part)
            if found.isEmpty {
                fitting += 1
                if most == .max { return }
            } else if found.count < nearest?.count ?? .max {
                nearest = found
            }
        }
        if fitting > most {
            report(keyword, "fits more than one of \(parts.count) alternatives, but must fit exactly one")
        } else if fitting == 0 {
            let lack = nearest?.first.map { "; the nearest needs: \($0)" } ?? ""
            report(keyword, "fits none of \(parts.count) alternatives\(lack)")
        }
    }

    private func violations(
        of value: JSON, _ index: Int, limit: Int = JSONSchema.violationLimit
    ) -> [JSONSchema.Violation] {
        var run = SchemaRun(nodes: nodes, limit: limit)
        run.path = path
        run.check(value, against: index)
        return run.violations
    }

    private mutating func report(_ keyword: String, _ message: String) {
        guard violations.count < limit else { return }
        let pointer = path.reduce(into: "") { pointer, step in
            switch step {
            case .key(let key): pointer += "/" + JSONPointer.escape(key)
            case .index(let index): pointer += "/\(index)"
            }
        }
        violations.append(JSONSchema.Violation(pointer: pointer, keyword: keyword, message: message))
    }
}

extension ObjectRule {
    fileprivate var knownFields: String {
        let names = properties.map(\.key) + patternProperties.map { "those that match \($0.pattern.text)" }
        return names.isEmpty ? "there are none here" : "the known ones are \(names.joined(separator: ", "))"
    }
}

extension JSON {
    fileprivate func isLess(than other: JSON) -> Bool {
        if case .int(let left) = self, case .int(let right) = other { return left < right }
        return (doubleValue ?? .nan) < (other.doubleValue ?? .nan)
    }

    /// Binary fractions are not exact (0.3 is no whole multiple of 0.1), so a quotient very near a whole number counts as one.
    fileprivate func isMultiple(of divisor: JSON) -> Bool {
        if case .int(let value) = self, case .int(let divisor) = divisor { return value.isMultiple(of: divisor) }
        let quotient = (doubleValue ?? .nan) / (divisor.doubleValue ?? .nan)
        return abs(quotient - quotient.rounded()) <= 1e-9 * max(1, abs(quotient)) && abs(quotient) < 1e15
    }
}
