import Crypto
import Foundation
import HTTPServer
import Jobs
import TestKit
import Testing

@testable import Gateway

@Suite struct AuthenticationTests {
    private func request(_ headers: [(String, String)]) -> HTTPRequest {
        HTTPRequest(head: RequestHead(method: "POST", path: "/", segments: [], headers: HTTPHeaders(headers)))
    }

    private func look(_ authentication: Authentication, _ headers: [(String, String)], _ scope: Scope = .submit)
        -> String
    {
        switch authentication.look(at: request(headers).head, scope: scope) {
        case .refused(let problem): problem.code.rawValue
        case .accepted: "accepted"
        case .unknown: "unknown"
        }
    }

    @Test func theHeadDecidesAsSoonAsTheKeyIsKnown() async throws {
        try await TestDatabase.with { test in
            let store = JobStore(test.database)
            let key = try await store.createKey(namespace: "n", name: "k", scopes: [.submit])
            let authentication = Authentication(store)
            #expect(look(authentication, []) == "unauthenticated")
            #expect(look(authentication, [("X-API-Key", "")]) == "unauthenticated")
            #expect(look(authentication, [("X-API-Key", String(repeating: "x", count: 201))]) == "unauthenticated")
            #expect(look(authentication, [("Authorization", "Basic \(key)")]) == "unauthenticated")
            #expect(look(authentication, [("X-API-Key", key)]) == "unknown")
            #expect(look(authentication, [("X-API-Key", "sy_wrong")]) == "unauthenticated", "not the form of a key")
            let wrong = APIKeyText.generate().text
            #expect(look(authentication, [("X-API-Key", wrong)]) == "unknown")

            let found = try await authentication.key(of: request([("Authorization", "bearer \(key)")]), scope: .submit)
            #expect(found.namespace == "n")
            #expect(look(authentication, [("X-API-Key", key)]) == "accepted")
            #expect(look(authentication, [("X-API-Key", key)], .control) == "forbidden")
            await #expect(throws: Problem.self) {
                try await authentication.key(of: request([("X-API-Key", wrong)]), scope: .submit)
            }
            // What the database has refused once is refused by the head alone.
            #expect(look(authentication, [("X-API-Key", wrong)]) == "unauthenticated")
        }
    }
}
