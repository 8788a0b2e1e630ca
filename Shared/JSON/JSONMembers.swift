/// The members of a JSON object as they are, for a field whose form is its user's.
public struct JSONMembers: Decodable, Sendable {
    /// By their names.
    public let members: JSONObject

    /// Takes an object.
    ///
    /// - Throws: `DecodingError` for another value.
    public init(from decoder: any Decoder) throws {
        guard case .object(let members) = try JSON(from: decoder) else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "an object is wanted"))
        }
        self.members = members
    }
}
