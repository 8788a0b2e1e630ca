import JSON
import Postgres

extension JobStore {
    /// Makes the type known to every gateway, or brings its definition up to date. An older version never replaces a newer one.
    public func register(_ type: JobType) async throws {
        let schema = JSONText(type.specSchema.serialized())
        let policy = JSONText(type.policy.json.serialized())
        _ = try await database.query(
            """
            INSERT INTO job_types AS t (name, queue, version, description, spec_schema, policy)
            VALUES (\(type.name), \(type.queue), \(type.version), \(type.description), \(schema), \(policy))
            ON CONFLICT (name) DO UPDATE SET queue = excluded.queue, version = excluded.version,
                description = excluded.description, spec_schema = excluded.spec_schema, policy = excluded.policy,
                registered_at = now()
            WHERE t.version <= excluded.version
            """)
    }

    /// Every registered type, by name, and what is wrong with those that this build cannot read.
    ///
    /// A worker of another build may have registered what this one does not know; the other types must not suffer for it.
    public func types() async throws -> (types: [JobType], unreadable: [(name: String, reason: String)]) {
        let rows = try await database.query(
            "SELECT name, version, description, spec_schema, policy FROM job_types ORDER BY name")
        var types: [JobType] = []
        var unreadable: [(name: String, reason: String)] = []
        for row in rows {
            let name = try row.decode("name", as: String.self)
            do {
                types.append(
                    try JobType(
                        name: name, version: Int(row.decode("version", as: Int32.self)),
                        description: row.decode("description"),
                        specSchema: JSON.parse(row.decode("spec_schema", as: JSONText.self).bytes),
                        policy: JSON.parse(row.decode("policy", as: JSONText.self).bytes).decode(JobPolicy.self)))
            } catch {
                unreadable.append((name, "\(error)"))
            }
        }
        return (types, unreadable)
    }
}
