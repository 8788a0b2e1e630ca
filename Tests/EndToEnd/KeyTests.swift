import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Keys made, renewed and ended over the API, and what their use leaves in the audit log.
@Suite(.serialized) struct KeyTests {
    @Test("keys: namespaces apart, nobody gives more than they have, rotation, revocation") func keys() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            func make(_ client: HTTPClient, _ body: JSON) async throws -> HTTPClient.Response {
                try await client.post("/api/v1/keys", body)
            }
            let made = try await make(
                stack.api,
                ["name": "team", "scopes": ["admin"], "namespace": "team", "expires_at": "2099-01-01T00:00:00Z"])
            #expect(made.status == 201 && made.headers["cache-control"] == "no-store")
            let team = stack.client(key: made.json["key"]?.stringValue)
            let teamID = made.json["id"]?.stringValue ?? ""

            // The namespace's admin: its own keys only, nothing of the installation.
            for path in ["workers", "dead-letters", "keys?namespace=default", "audit?namespace=*"] {
                #expect(try await team.get("/api/v1/\(path)").status == 403, "\(path)")
            }
            let own = try await team.get("/api/v1/keys").json["keys"]?.arrayValue ?? []
            #expect(own.map { $0["id"]?.stringValue } == [teamID] && own.first?["key"] == nil)
            let first =
                try await stack.api.get("/api/v1/keys").json["keys"]?.arrayValue?.first?["id"]?.stringValue ?? ""
            #expect(try await team.get("/api/v1/keys/\(first)").status == 404)
            #expect(try await team.send("POST", "/api/v1/keys/\(first)/revoke").status == 404)
            let expiry: JSON = "2098-01-01T00:00:00Z"
            for more: JSON in [
                ["name": "x", "scopes": ["operator"], "expires_at": expiry],
                ["name": "x", "scopes": ["read"], "namespace": "default", "expires_at": expiry],
                ["name": "x", "scopes": ["read"], "expires_at": "2100-01-01T00:00:00Z"],
            ] {
                let refused = try await make(team, more)
                #expect(refused.status == 403 && refused.json["code"] == "grants_more", "\(refused.text)")
            }
            let reader = try await make(team, ["name": "reader", "scopes": ["read"]])
            #expect(reader.status == 201 && reader.json["expires_at"] == made.json["expires_at"], "\(reader.text)")
            let text = reader.json["key"]?.stringValue
            let id = reader.json["id"]?.stringValue ?? ""
            #expect(try await stack.client(key: text).get("/api/v1/jobs").status == 200)
            #expect(try await stack.client(key: text).get("/api/v1/keys").status == 403)

            let rotated = try await team.post("/api/v1/keys/\(id)/rotate", ["grace_seconds": 600])
            #expect(rotated.json["id"]?.stringValue == id && rotated.json["key"]?.stringValue != text)
            for key in [text, rotated.json["key"]?.stringValue] {
                #expect(try await stack.client(key: key).get("/api/v1/jobs").status == 200)
            }
            #expect(try await team.send("POST", "/api/v1/keys/\(id)/revoke").status == 200)
            try await poll("the revoked key to work no more") {
                try await stack.client(key: text).get("/api/v1/jobs").status == 401
            }
            #expect(try await team.post("/api/v1/keys/\(id)/rotate", [:]).json["code"] == "key_ended")

            let last = try await stack.api.send("POST", "/api/v1/keys/\(first)/revoke")
            #expect(last.status == 409 && last.json["code"] == "last_key")
            let entries = try await team.get("/api/v1/audit").json["entries"]?.arrayValue ?? []
            #expect(entries.allSatisfy { $0["namespace"] == "team" })
            #expect(entries.filter { $0["outcome"] == "grants_more" }.count == 3)
            let all =
                try await stack.api.get("/api/v1/audit?namespace=*&action=key.revoke").json["entries"]?.arrayValue ?? []
            #expect(all.map { $0["outcome"] } == ["last_key", "done"])
        }
    }
}
