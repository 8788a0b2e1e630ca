/// A step from a value to one inside of it.
public enum JSONStep: Sendable, Hashable {
    /// To the member of this name.
    case member(String)
    /// To the element at this index, from 0.
    case element(Int)
}

extension JSONSchema {
    /// The kinds of value that may stand at a place, as far as the schema's types, constants and known members tell; all where it says nothing,
    /// none where nothing may stand. What depends on other values (`not`, `if`, `required`) is left to `validate`.
    public func kinds(at place: [JSONStep]) -> JSONKinds { kinds(of: root, place[...]) }

    private func kinds(of index: Int, _ place: ArraySlice<JSONStep>) -> JSONKinds {
        nodes[index].rules.reduce(JSONKinds.all) { $0.intersection(kinds(of: $1, place)) }
    }

    private func kinds(of rule: SchemaRule, _ place: ArraySlice<JSONStep>) -> JSONKinds {
        func any(_ parts: [Int]) -> JSONKinds { parts.reduce([]) { $0.union(kinds(of: $1, place)) } }
        return switch (rule, place.first) {
        case (.never, _): []
        case (.reference(let target), _): kinds(of: target, place)
        case (.allOf(let parts), _): parts.reduce(.all) { $0.intersection(kinds(of: $1, place)) }
        case (.anyOf(let parts), _), (.oneOf(let parts), _): any(parts)
        case (.kinds(let kinds), nil): kinds.contains(.number) ? kinds.union(.integer) : kinds
        case (.constant(let value), nil): JSONKinds(of: value)
        case (.enumeration(let values), nil): values.reduce([]) { $0.union(JSONKinds(of: $1)) }
        case (.kinds(let kinds), .member): kinds.contains(.object) ? .all : []
        case (.kinds(let kinds), .element): kinds.contains(.array) ? .all : []
        case (.object(let rule), .member(let name)): kinds(ofMember: name, rule, place.dropFirst())
        case (.array(let rule), .element(let position)):
            rule.schema(at: position).map { kinds(of: $0, place.dropFirst()) } ?? .all
        default: .all
        }
    }

    private func kinds(ofMember name: String, _ rule: ObjectRule, _ rest: ArraySlice<JSONStep>) -> JSONKinds {
        let known =
            [rule.schemaOfProperty[name]].compactMap { $0 }
            + rule.patternProperties.filter { $0.pattern.matches(name) }.map(\.schema)
        guard known.isEmpty else { return known.reduce(.all) { $0.intersection(kinds(of: $1, rest)) } }
        return switch rule.additional {
        case .allowed: .all
        case .refused: []
        case .schema(let schema): kinds(of: schema, rest)
        }
    }
}
