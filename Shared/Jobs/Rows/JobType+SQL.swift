import JSON
import Postgres

extension JobStore {
    /// Makes the type known to every gateway, or brings its definition up to date. An older version never replaces a newer one.
    public func register(_ type: JobType) async throws {
        let schema = JSONText(type.specSchema.serialized())
        let policy = JSONText(try JSON.encode(type.policy).serialized())
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

    /// Every registered type, by name.
    public func types() async throws -> [JobType] {
        try await database.query(
            "SELECT name, version, description, spec_schema, policy FROM job_types ORDER BY name"
        ).map { row in
            try JobType(
                name: row.decode("name"), version: Int(row.decode("version", as: Int32.self)),
                description: row.decode("description"),
                specSchema: JSON.parse(row.decode("spec_schema", as: JSONText.self).bytes),
                policy: JSON.parse(row.decode("policy", as: JSONText.self).bytes).decode(JobPolicy.self))
        }
    }
}
