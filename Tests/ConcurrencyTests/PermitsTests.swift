import Concurrency
import Testing

@Suite struct PermitsTests {
    private struct GivenUp: Error, Equatable {}

    private func run(_ permits: Permits, _ body: () async -> Void = {}) async throws(GivenUp) {
        try await permits.run(whenCancelled: GivenUp()) { () async throws(GivenUp) in await body() }
    }

    @Test(.timeLimit(.minutes(1))) func whoIsCancelledWaitsNoLonger() async throws {
        let permits = Permits(count: 1)
        await #expect(throws: GivenUp.self) {
            try await permits.run(whenCancelled: GivenUp()) { () async throws(GivenUp) in
                // The only permit is taken: this one could wait for ever.
                let waiter = Task { try await run(permits) }
                waiter.cancel()
                if case .failure(let error as GivenUp) = await waiter.result { throw error }
            }
        }
        // Neither a permit nor a place in the queue is lost.
        try await run(permits)
    }

    @Test(.timeLimit(.minutes(1))) func allOthersAreLetIn() async throws {
        let permits = Permits(count: 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<100 {
                group.addTask {
                    let task = Task { try await run(permits) { await Task.yield() } }
                    if index.isMultiple(of: 3) { task.cancel() }
                    if case .failure(let error) = await task.result {
                        #expect(index.isMultiple(of: 3) && error is GivenUp)
                    }
                }
            }
            try await group.waitForAll()
        }
        try await run(permits)
    }
}
