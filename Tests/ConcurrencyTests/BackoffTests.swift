import Concurrency
import Testing

@Suite struct BackoffTests {
    private let backoff = Backoff(base: .milliseconds(100), factor: 2, cap: .seconds(10))

    @Test(arguments: 1...40)
    func staysBetweenHalfAndAllOfTheBound(failures: Int) {
        let bound = min(.milliseconds(100) * (1 << min(failures - 1, 20)), Duration.seconds(10))
        for _ in 0..<200 {
            let delay = backoff.delay(afterFailures: failures)
            #expect(delay >= bound * 0.5)
            #expect(delay <= bound)
        }
    }

    @Test func spreadsDelays() {
        let delays = Set((0..<100).map { _ in backoff.delay(afterFailures: 3) })
        #expect(delays.count > 50)
    }

    @Test func neverPassesTheCapNorOverflows() {
        let steep = Backoff(base: .seconds(1), factor: 1e9, cap: .seconds(3600))
        for failures in [1, 2, 3, 10, 1000, 1_000_000, Int.max] {
            #expect(steep.delay(afterFailures: failures) <= .seconds(3600))
        }
        let wide = Backoff(base: .seconds(60), factor: 2, cap: .seconds(1))
        #expect(wide.delay(afterFailures: 1) <= .seconds(1))
    }

    @Test func aConstantBackoffEndsForAnyNumberOfFailures() {
        let constant = Backoff(base: .seconds(1), factor: 1, cap: .seconds(5))
        #expect(constant.delay(afterFailures: Int.max) <= .seconds(1))
    }

    @Test func treatsNoFailureAsTheFirst() {
        #expect(backoff.delay(afterFailures: 0) <= .milliseconds(100))
        #expect(backoff.delay(afterFailures: -3) >= .milliseconds(50))
    }

    private struct Trouble: Error, Equatable { let number: Int }

    @Test func whatIsWorthWaitingForIsTriedAgain() async throws {
        let backoff = Backoff(base: .milliseconds(1), cap: .milliseconds(2))
        var tries = 0
        var told: [Int] = []
        let answer = try await backoff.retry(onFirstFailure: { told.append(($0 as? Trouble)?.number ?? -1) }) {
            tries += 1
            if tries < 4 { throw Trouble(number: tries) }
            return "done"
        }
        #expect(answer == "done" && tries == 4 && told == [1])
    }

    @Test func whatIsNotWorthWaitingForIsThrown() async {
        let backoff = Backoff(base: .milliseconds(1), cap: .milliseconds(2))
        await #expect(throws: Trouble(number: 2)) {
            var tries = 0
            try await backoff.retry(while: { ($0 as? Trouble) != Trouble(number: 2) }) {
                tries += 1
                throw Trouble(number: tries)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aCancelledRetryEnds() async {
        let task = Task {
            try await Backoff(base: .milliseconds(1), cap: .milliseconds(2)).retry { throw Trouble(number: 1) }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
