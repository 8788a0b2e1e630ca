import Concurrency
import Testing

private struct Fault: Error {}

@Suite struct TimeoutTests {
    @Test func givesTheOutputInTime() async throws {
        #expect(try await withTimeout(.seconds(60)) { 42 } == 42)
    }

    @Test func passesTheOperationsErrorOn() async {
        await #expect(throws: Fault.self) { try await withTimeout(.seconds(60)) { throw Fault() } }
    }

    @Test(.timeLimit(.minutes(1)))
    func cancelsAndThrowsWhenTheTimeIsUp() async {
        let error = await #expect(throws: TimedOut.self) {
            try await withTimeout(.milliseconds(10)) { try await Task.sleep(for: .seconds(600)) }
        }
        #expect(error?.limit == .milliseconds(10))
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsAnOutputThatComesAfterTheCancellation() async throws {
        let output = try await withTimeout(.milliseconds(10)) {
            while !Task.isCancelled { await Task.yield() }
            return "claimed at the last moment"
        }
        #expect(output == "claimed at the last moment")
    }

    @Test(.timeLimit(.minutes(1)))
    func namesTheTimeoutAndNotItsConsequences() async {
        await #expect(throws: TimedOut.self) {
            try await withTimeout(.milliseconds(10)) {
                while !Task.isCancelled { await Task.yield() }
                throw Fault()
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func endsWithItsCaller() async {
        let task = Task {
            try await withTimeout(.seconds(600)) { try await Task.sleep(for: .seconds(600)) }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test(.timeLimit(.minutes(1)))
    func givesTheOutputOfAnOperationWhoseCallerIsCancelled() async throws {
        let started = Gate()
        let task = Task {
            try await withTimeout(.seconds(600)) {
                started.open()
                while !Task.isCancelled { await Task.yield() }
                return 7
            }
        }
        await started.wait()
        task.cancel()
        #expect(try await task.value == 7)
    }
}
