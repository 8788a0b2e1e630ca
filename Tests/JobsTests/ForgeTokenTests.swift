import Foundation
import Testing

@testable import Jobs

/// Tokens of git providers, which one job at a time writes with.
@Suite struct ForgeTokenTests {
    private static let budget = ForgeToken.Budget(perMinute: 0.6, burst: 2)

    private func token(_ id: UInt8, _ holder: UUID = UUID(), attempt: Int32 = 1) -> ForgeToken {
        ForgeToken(id: [id], holder: holder, attempt: attempt, budget: Self.budget)
    }

    @Test func oneJobHasItAndAnAttemptThatIsOverHasNotAnyMore() async throws {
        try await withStore { store in
            let job = UUID()
            let (first, later) = (token(1, job), token(1, job, attempt: 2))
            #expect(try await first.take(for: .seconds(60), in: store))
            #expect(try await !token(1).take(for: .seconds(60), in: store))
            #expect(try await later.take(for: .seconds(60), in: store))
            #expect(try await first.spend(keepingFor: .seconds(60), most: .seconds(60), in: store) == nil)
            try await first.giveBack(in: store)
            #expect(try await !token(1).take(for: .seconds(60), in: store), "it was not the first's any more")
            try await later.giveBack(in: store)
            #expect(try await token(1).take(for: .seconds(60), in: store))
        }
    }

    @Test func theBudgetIsSpentAndComesBack() async throws {
        try await withStore { store in
            let token = token(1)
            #expect(try await token.take(for: .seconds(60), in: store))
            var waits: [Duration] = []
            for _ in 0..<4 {
                waits.append(
                    try #require(try await token.spend(keepingFor: .seconds(60), most: .seconds(150), in: store)))
            }
            #expect(waits[0] == .zero && waits[1] == .zero && waits[2] > .zero && waits[3] > .seconds(150))
            // What was too long to wait for has cost nothing.
            let again = try #require(try await token.spend(keepingFor: .seconds(60), most: .seconds(150), in: store))
            #expect(again <= waits[3])
        }
    }

    @Test func whatNobodyUsesIsForgotten() async throws {
        try await withStore { store in
            let (old, held, blocked) = (token(1), token(2), token(3))
            for token in [old, blocked] { #expect(try await token.take(for: .zero, in: store)) }
            #expect(try await held.take(for: .seconds(60), in: store))
            try await blocked.block(for: .seconds(60), in: store)
            try await ForgeToken.forget(unusedFor: .zero, limit: 10, in: store)
            let left = try await store.database.query("SELECT id FROM forge_tokens ORDER BY id")
                .map { try $0.decode("id", as: [UInt8].self) }
            #expect(left == [[2], [3]])
        }
    }
}
