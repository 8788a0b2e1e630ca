extension JSONSchema {
    /// Whether some of the strings that it describes are secret (`"x-secret": true`). Known since it was compiled.
    public var hasSecrets: Bool { secretPaths.contains(root) }

    /// The value with each of its secret strings replaced.
    ///
    /// A string is secret where any part of the schema that looks at its place says so, also within an alternative that does not fit. The
    /// walk goes only where secrets can be, and as deep as the value, which parsing has bounded.
    ///
    /// - Parameters:
    ///   - reachesBelow: whether all strings inside an array or object in the place of a secret are secret too; for values that were not
    ///     validated.
    ///   - transform: gets the string and its place, as a JSON pointer.
    public func mapSecrets<Failure: Error>(
        in value: JSON, reachesBelow: Bool = false, _ transform: (String, String) throws(Failure) -> String
    ) throws(Failure) -> JSON {
        guard hasSecrets else { return value }
        let walk = SecretWalk(schema: self, reachesBelow: reachesBelow)
        return try walk.map(value, described: [root], at: "", transform)
    }

    /// Goes back from the secrets to all that leads to them.
    static func secretPaths(_ nodes: [SchemaNode]) -> Set<Int> {
        var open = nodes.indices.filter { nodes[$0].isSecret }
        guard !open.isEmpty else { return [] }
        var parents = [[Int]](repeating: [], count: nodes.count)
        for index in nodes.indices { for child in nodes[index].children { parents[child].append(index) } }
        var found = Set(open)
        while let index = open.popLast() {
            for parent in parents[index] where found.insert(parent).inserted { open.append(parent) }
        }
        return found
    }
}

private struct SecretWalk {
    let schema: JSONSchema
    let reachesBelow: Bool

    func map<Failure: Error>(
        _ value: JSON, described places: [Int], isSecret: Bool = false, at pointer: String,
        _ transform: (String, String) throws(Failure) -> String
    ) throws(Failure) -> JSON {
        let nodes = applying(places)
        let isSecret = isSecret || nodes.contains { schema.nodes[$0].isSecret }
        let isSecretBelow = isSecret && reachesBelow
        guard !nodes.isEmpty || isSecret else { return value }
        switch value {
        case .string(let text): return isSecret ? .string(try transform(text, pointer)) : value
        case .object(var members):
            for (key, member) in members {
                members[key] = try map(
                    member, described: nodes.flatMap { schema.nodes[$0].schemas(ofMember: key) },
                    isSecret: isSecretBelow, at: "\(pointer)/\(JSONPointer.escape(key))", transform)
            }
            return .object(members)
        case .array(var elements):
            for (index, element) in elements.enumerated() {
                elements[index] = try map(
                    element, described: nodes.flatMap { schema.nodes[$0].schemas(ofElement: index) },
                    isSecret: isSecretBelow, at: "\(pointer)/\(index)", transform)
            }
            return .array(elements)
        default: return value
        }
    }

    /// These schemas and all that they apply to the same value, as far as they lead to secrets.
    private func applying(_ places: [Int]) -> [Int] {
        var open = places
        var found: [Int] = []
        while let index = open.popLast() {
            guard schema.secretPaths.contains(index), !found.contains(index) else { continue }
            found.append(index)
            open += schema.nodes[index].sameValueChildren
        }
        return found
    }
}

extension SchemaNode {
    /// All schemas that this one names.
    fileprivate var children: [Int] {
        sameValueChildren
            + rules.flatMap { rule -> [Int] in
                switch rule {
                case .object(let rule):
                    rule.properties.map(\.schema) + rule.patternProperties.map(\.schema) + rule.additional.schemas
                case .array(let rule): rule.prefix + [rule.items, rule.contains].compactMap { $0 }
                default: []
                }
            }
    }

    fileprivate func schemas(ofMember key: String) -> [Int] {
        rules.flatMap { rule -> [Int] in
            guard case .object(let rule) = rule else { return [] }
            let known =
                [rule.schemaOfProperty[key]].compactMap { $0 }
                + rule.patternProperties.filter { $0.pattern.matches(key) }.map(\.schema)
            return known.isEmpty ? rule.additional.schemas : known
        }
    }

    fileprivate func schemas(ofElement index: Int) -> [Int] {
        rules.flatMap { rule -> [Int] in
            guard case .array(let rule) = rule else { return [] }
            return [rule.schema(at: index), rule.contains].compactMap { $0 }
        }
    }
}

extension ObjectRule.Additional {
    fileprivate var schemas: [Int] {
        if case .schema(let schema) = self { [schema] } else { [] }
    }
}
