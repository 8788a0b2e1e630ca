import JSON

/// What the API answers with: it writes itself, and its schema says what it writes. Both stand in one file, so that they change
/// together; a test holds the answers of a running gateway to the schemas.
public protocol Representation: JSONWritable {
    /// The name of the schema in the OpenAPI document.
    static var schemaName: String { get }
    /// JSON Schema of what is written. Refers to another representation by its `reference`.
    static var schema: JSON { get }
}

extension Representation {
    /// The type's own name.
    public static var schemaName: String { String(describing: Self.self) }

    /// A reference to the schema within the OpenAPI document.
    public static var reference: JSON { ["$ref": .string("#/components/schemas/" + schemaName)] }
}
