import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct TypeTests {
    @Test func aTypeComesBackAsItWasRegistered() async throws {
        try await withStore { store in
            let policy = JobPolicy(timeoutSeconds: 7, maxAttempts: 2, leaseSeconds: 9, maxCrashes: 1)
            try await store.register(try probeType(policy: policy))
            let (types, unreadable) = try await store.types()
            #expect(types.map(\.name) == ["probe"] && unreadable.isEmpty)
            #expect(types.first?.policy == policy)
            #expect(types.first?.specSchema == probeSchema)
        }
    }

    @Test func aTypeOfAnotherBuildDoesNotHideTheOthers() async throws {
        try await withStore { store in
            try await store.register(try probeType("a"))
            try await store.register(try probeType("b"))
            try await store.register(try probeType("c"))
            try await store.database.query(
                """
                UPDATE job_types SET spec_schema = '{"type": "object", "unheardOf": 1}' WHERE name = 'b'
                """)
            // A later build may leave out what has a default, and say more than this one knows.
            try await store.database.query(
                """
                UPDATE job_types SET policy = '{"max_attempts": 9, "colour": "red"}' WHERE name = 'c'
                """)
            let (types, unreadable) = try await store.types()
            #expect(types.map(\.name) == ["a", "c"])
            #expect(unreadable.map(\.name) == ["b"] && unreadable.first?.reason.contains("unheardOf") == true)
            #expect(types.last?.policy == JobPolicy(maxAttempts: 9))
        }
    }

    @Test func anOlderVersionNeverReplacesANewerOne() async throws {
        try await withStore { store in
            func type(_ version: Int) throws -> JobType {
                try JobType(
                    name: "probe", version: version, description: "version \(version)", specSchema: probeSchema,
                    policy: JobPolicy())
            }
            for version in [1, 3, 2] { try await store.register(try type(version)) }
            #expect(try await store.types().types.map(\.description) == ["version 3"])
        }
    }
}
