/// A set of the types that JSON Schema names.
public struct JSONKinds: OptionSet, Sendable, Hashable {
    /// A bit for each.
    public let rawValue: Int

    /// `null`.
    public static let null = JSONKinds(rawValue: 1)
    /// `boolean`.
    public static let boolean = JSONKinds(rawValue: 2)
    /// `integer`.
    public static let integer = JSONKinds(rawValue: 4)
    /// `number`.
    public static let number = JSONKinds(rawValue: 8)
    /// `string`.
    public static let string = JSONKinds(rawValue: 16)
    /// `array`.
    public static let array = JSONKinds(rawValue: 32)
    /// `object`.
    public static let object = JSONKinds(rawValue: 64)

    /// Any value.
    public static let all: JSONKinds = [null, boolean, integer, number, string, array, object]

    private static let names: [(kind: JSONKinds, name: String, words: String)] = [
        (.null, "null", "null"), (.boolean, "boolean", "true or false"), (.integer, "integer", "an integer"),
        (.number, "number", "a number"), (.string, "string", "a string"), (.array, "array", "an array"),
        (.object, "object", "an object"),
    ]

    static var allNames: String { names.map(\.name).joined(separator: ", ") }

    /// Makes a set of its bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    init?(name: String) {
        guard let found = Self.names.first(where: { $0.name == name }) else { return nil }
        self = found.kind
    }

    /// All kinds that a value is of: a whole number is both an integer and a number, also when spelled `1.0`.
    init(of value: JSON) {
        switch value {
        case .null: self = .null
        case .bool: self = .boolean
        case .int: self = [.integer, .number]
        case .double(let value): self = value == value.rounded() ? [.integer, .number] : .number
        case .string: self = .string
        case .array: self = .array
        case .object: self = .object
        }
    }

    var words: String { Self.names.filter { contains($0.kind) }.map(\.words).joined(separator: " or ") }
}
