/// One compiled schema; others are named by their index in the schema's list, so that references may form circles.
struct SchemaNode: Sendable {
    let pointer: String
    var rules: [SchemaRule] = []
    var defaultValue: JSON?
    /// Whether the strings that it describes are secret.
    var isSecret = false

    /// The schemas that this one applies to the very same value.
    var sameValueChildren: [Int] {
        rules.flatMap { rule -> [Int] in
            switch rule {
            case .reference(let target), .not(let target): [target]
            case .allOf(let parts), .anyOf(let parts), .oneOf(let parts): parts
            case .conditional(let condition, let then, let otherwise):
                [condition] + [then, otherwise].compactMap { $0 }
            default: []
            }
        }
    }
}

/// One thing that a schema asks for; keywords that only have a meaning together are one rule.
enum SchemaRule: Sendable {
    case never
    case kinds(JSONKinds)
    case enumeration([JSON])
    case constant(JSON)
    case object(ObjectRule)
    case array(ArrayRule)
    case text(TextRule)
    case number(NumberRule)
    case reference(Int)
    case allOf([Int])
    case anyOf([Int])
    case oneOf([Int])
    case not(Int)
    case conditional(Int, then: Int?, otherwise: Int?)
}

struct ObjectRule: Sendable {
    var properties: [(key: String, schema: Int)] = []
    var schemaOfProperty: [String: Int] = [:]
    var patternProperties: [(pattern: Pattern, schema: Int)] = []
    var additional: Additional = .allowed
    var required: [String] = []
    var names: Int?
    var minCount: Int?
    var maxCount: Int?

    enum Additional: Sendable {
        case allowed
        case refused
        case schema(Int)
    }
}

struct ArrayRule: Sendable {
    var prefix: [Int] = []
    var items: Int?
    var minCount: Int?
    var maxCount: Int?
    var isUnique = false
    var contains: Int?
    var minContains = 1
    var maxContains: Int?

    func schema(at position: Int) -> Int? { position < prefix.count ? prefix[position] : items }
}

struct TextRule: Sendable {
    var minLength: Int?
    var maxLength: Int?
    var pattern: Pattern?
    var format: SchemaFormat?
}

struct NumberRule: Sendable {
    var minimum: JSON?
    var maximum: JSON?
    var above: JSON?
    var below: JSON?
    var divisor: JSON?
}
