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
}
