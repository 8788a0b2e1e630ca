import Testing

@testable import CrawlingWorker

@Suite struct HostPaceTests {
    private static let zero = ContinuousClock.now

    private static func settings(minimum: Duration = .seconds(1), concurrency: Int = 2) -> HostPace.Settings {
        var settings = HostPace.Settings()
        settings.minimumDelay = minimum
        settings.concurrency = concurrency
        return settings
    }

    private func at(_ seconds: Double) -> HostPace.Instant { Self.zero + .seconds(seconds) }

    /// Any schedule of any endings: the beginnings lie apart by the delay that held when the later one began.
    @Test(arguments: 0..<200) func requestsNeverBeginTooSoon(seed: UInt64) {
        var random = SplitMix(state: seed)
        let minimum = Duration.milliseconds(Int.random(in: 0...2000, using: &random))
        let settings = Self.settings(minimum: minimum, concurrency: Int.random(in: 1...8, using: &random))
        var pace = HostPace(settings, notBefore: at(3))
        var now = Self.zero
        var running: [HostPace.Instant] = []
        var last: HostPace.Instant?
        var begun = 0
        for _ in 0..<500 {
            now += .milliseconds(Int.random(in: 0...400, using: &random))
            let delay = pace.delay
            #expect(delay >= minimum && delay <= settings.maximumDelay)
            switch pace.begin(at: now) {
            case .begun:
                #expect(now >= at(3) && last.map { now - $0 >= delay } ?? true)
                running.append(now)
                last = now
                begun += 1
                #expect(running.count <= settings.concurrency && pace.running == running.count)
            case .wait(let instant): #expect(instant > now)
            case .full: #expect(!running.isEmpty)
            }
            if !running.isEmpty, Bool.random(using: &random) {
                let start = running.remove(at: Int.random(in: 0..<running.count, using: &random))
                pace.finish(ending(&random), begunAt: start, at: now)
            }
            if Int.random(in: 0..<50, using: &random) == 0 { pace.take(crawlDelay: nil) }
        }
        #expect(begun > 1)
    }

    private func ending(_ random: inout SplitMix) -> HostPace.Ending {
        let time = Duration.milliseconds(Int.random(in: 0...3000, using: &random))
        return switch Int.random(in: 0..<20, using: &random) {
        case 0: .throttled(retryAfter: Bool.random(using: &random) ? time : nil)
        case 1: .failed(after: time)
        case 2: .unreachable
        case 3: .abandoned
        default: .served(after: time)
        }
    }

    @Test func theWaitEndsWhenTheDelayDoes() {
        var pace = HostPace(Self.settings())
        #expect(pace.begin(at: at(0)) == .begun)
        #expect(pace.begin(at: at(0.999)) == .wait(until: at(1)))
        #expect(pace.begin(at: at(1)) == .begun)
        #expect(pace.begin(at: at(2)) == .full)
        pace.finish(.served(after: .milliseconds(100)), begunAt: at(0), at: at(2.5))
        #expect(pace.begin(at: at(2.5)) == .begun)
        #expect(pace.earliestStart == at(3.5))
    }

    @Test func aRestartKeepsItsDistance() {
        var pace = HostPace(Self.settings(), notBefore: at(5))
        #expect(pace.begin(at: at(4)) == .wait(until: at(5)))
        #expect(pace.begin(at: at(5)) == .begun)
    }

    @Test func theLongerDelayCounts() {
        var pace = HostPace(Self.settings())
        pace.take(crawlDelay: .milliseconds(10))
        #expect(pace.delay == .seconds(1))
        pace.take(crawlDelay: .seconds(100))
        #expect(pace.delay == .seconds(100))
        // Beyond the longest delay of its own, too.
        _ = pace.begin(at: at(0))
        pace.finish(.served(after: .zero), begunAt: at(0), at: at(1))
        #expect(pace.delay == .seconds(100) && pace.begin(at: at(2)) == .wait(until: at(100)))
        _ = pace.begin(at: at(100))
        pace.finish(.throttled(retryAfter: nil), begunAt: at(100), at: at(101))
        #expect(pace.delay == .seconds(100))
    }

    @Test func slowAnswersMakeItSlowerAndGoodOnesSlowlyFaster() {
        var pace = HostPace(Self.settings(concurrency: 100))
        var now = 0.0
        func serve(_ seconds: Double) {
            now += 100
            #expect(pace.begin(at: at(now)) == .begun)
            pace.finish(.served(after: .seconds(seconds)), begunAt: at(now), at: at(now + 1))
        }
        serve(0.1)
        #expect(pace.delay == .seconds(1))
        serve(20.1)
        #expect(pace.delay > .seconds(2) && pace.delay < .seconds(3))
        for _ in 0..<40 { serve(20) }
        #expect(pace.delay > .seconds(9.9) && pace.delay <= .seconds(10))
        let slow = pace.delay
        serve(0.1)
        #expect(pace.delay < slow && pace.delay > slow * 0.7)
        for _ in 0..<200 { serve(0.1) }
        #expect(pace.delay < .seconds(1.001))
        for _ in 0..<100 { serve(1000) }
        #expect(pace.delay == .seconds(60))
    }

    @Test func failuresNeverMakeItFaster() {
        var pace = HostPace(Self.settings())
        _ = pace.begin(at: at(0))
        pace.finish(.throttled(retryAfter: nil), begunAt: at(0), at: at(1))
        #expect(pace.delay == .seconds(2))
        _ = pace.begin(at: at(10))
        pace.finish(.failed(after: .milliseconds(1)), begunAt: at(10), at: at(11))
        #expect(pace.delay == .seconds(2))
        _ = pace.begin(at: at(20))
        pace.finish(.failed(after: .seconds(50)), begunAt: at(20), at: at(70))
        #expect(pace.delay > .seconds(5))
    }

    @Test func requestsThatWereThrottledTogetherCountOnce() {
        var pace = HostPace(Self.settings(minimum: .zero, concurrency: 4))
        for _ in 0..<4 { #expect(pace.begin(at: at(0)) == .begun) }
        for _ in 0..<4 { pace.finish(.throttled(retryAfter: nil), begunAt: at(0), at: at(1)) }
        #expect(pace.delay == .milliseconds(500))
        #expect(pace.begin(at: at(2)) == .begun)
        pace.finish(.throttled(retryAfter: nil), begunAt: at(2), at: at(3))
        #expect(pace.delay == .seconds(1))
    }

    @Test(arguments: [(7.0, 7.0), (-5, 0), (1e6, 3600)]) func retryAfterHolds(asked: Double, kept: Double) {
        var pace = HostPace(Self.settings())
        _ = pace.begin(at: at(0))
        pace.finish(.throttled(retryAfter: .seconds(asked)), begunAt: at(0), at: at(10))
        #expect(pace.earliestStart == at(10 + kept))
        // What asks for less does not shorten it.
        _ = pace.begin(at: at(10 + kept))
        pace.finish(.throttled(retryAfter: .seconds(5)), begunAt: at(10 + kept), at: at(11 + kept))
        #expect(pace.earliestStart == at(16 + kept))
    }

    @Test func anUnreachableHostIsLeftAloneForLongerAndLonger() {
        var pace = HostPace(Self.settings(concurrency: 8))
        func fail(_ seconds: Double) {
            #expect(pace.begin(at: at(seconds)) == .begun)
            pace.finish(.unreachable, begunAt: at(seconds), at: at(seconds))
        }
        for second in 0..<4 { fail(Double(second)) }
        #expect(pace.breaks == 0)
        fail(4)
        #expect(pace.breaks == 1 && pace.begin(at: at(33)) == .wait(until: at(34)))
        // One trial, alone.
        #expect(pace.begin(at: at(34)) == .begun)
        #expect(pace.begin(at: at(40)) == .full)
        pace.finish(.unreachable, begunAt: at(34), at: at(40))
        #expect(pace.breaks == 2 && pace.earliestStart == at(100))
        #expect(pace.begin(at: at(100)) == .begun)
        pace.finish(.served(after: .zero), begunAt: at(100), at: at(101))
        #expect(pace.breaks == 0 && pace.begin(at: at(102)) == .begun && pace.begin(at: at(103)) == .begun)
    }

    @Test func failuresThatBeganBeforeTheBreakTellNothingNew() {
        var pace = HostPace(Self.settings(minimum: .zero, concurrency: 8))
        for _ in 0..<8 { _ = pace.begin(at: at(0)) }
        for _ in 0..<8 { pace.finish(.unreachable, begunAt: at(0), at: at(1)) }
        #expect(pace.breaks == 1 && pace.earliestStart == at(31))
    }

    @Test func anAnswerEndsARowOfFailures() {
        var pace = HostPace(Self.settings(minimum: .zero, concurrency: 1))
        for number in 0..<50 {
            #expect(pace.begin(at: at(0)) == .begun)
            pace.finish(number % 5 == 4 ? .served(after: .zero) : .unreachable, begunAt: at(0), at: at(0))
        }
        #expect(pace.breaks == 0)
    }

    @Test func breaksAreLimited() {
        var pace = HostPace(Self.settings(minimum: .zero, concurrency: 1))
        var now = Self.zero
        for _ in 0..<100 {
            now = max(now, pace.earliestStart ?? now)
            #expect(pace.begin(at: now) == .begun)
            pace.finish(.unreachable, begunAt: now, at: now)
        }
        #expect(pace.earliestStart == now + .seconds(1800))
    }
}

@Suite struct RetryPolicyTests {
    private let policy = RetryPolicy()

    @Test(arguments: [
        ("dns", 4), ("unknown_host", 1), ("connect", 4), ("tls", 1), ("timeout", 4), ("reset", 4), ("rate_limited", 8),
        ("http_5xx", 4), ("http_try_again", 4), ("http_4xx", 1), ("not_found", 1), ("forbidden", 1),
        ("broken_answer", 2),
        ("too_large", 1), ("content_type", 1), ("redirect_loop", 1), ("too_many_redirects", 1), ("bad_redirect", 1),
        ("address_refused", 1), ("bad_url", 1), ("robots_disallowed", 1), ("robots_unreachable", 8), ("soft_404", 1),
        ("bot_wall", 1), ("trap", 1),
    ]) func onlyTransientFaultsAreTriedAgain(code: String, tries: Int) throws {
        let fault = try #require(FetchFault(rawValue: code))
        #expect(policy.tries(for: fault) == tries)
        #expect(fault.isTransient == (tries > 1))
        for failures in 1...10 {
            #expect((policy.delay(after: fault, failures: failures, jitter: 0.5) != nil) == (failures < tries))
        }
    }

    @Test func codesAreSnakeCase() {
        #expect(FetchFault.allCases.count == 25)
        for fault in FetchFault.allCases {
            #expect(fault.rawValue.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" })
        }
    }

    @Test(
        arguments: [
            (200, nil), (304, nil), (400, .clientError), (401, .forbidden), (403, .forbidden), (404, .notFound),
            (408, .tryAgain), (410, .notFound), (425, .tryAgain), (429, .rateLimited), (451, .forbidden),
            (499, .clientError),
            (500, .serverError), (502, .serverError), (503, .rateLimited), (504, .serverError), (700, .brokenAnswer),
        ] as [(Int, FetchFault?)]) func statusIsAFault(status: Int, fault: FetchFault?)
    {
        #expect(FetchFault(status: status) == fault)
    }

    @Test func theWaitDoublesUpToItsLimit() {
        var policy = policy
        policy.tries = 100
        let waits = (1..<100).compactMap { policy.delay(after: .connect, failures: $0, jitter: 1) }
        #expect(waits.prefix(4) == [.seconds(5), .seconds(10), .seconds(20), .seconds(40)])
        #expect(waits.count == 99 && waits[10...].allSatisfy { $0 == .seconds(600) })
        #expect(policy.delay(after: .connect, failures: 1, jitter: 0) == .seconds(2.5))
    }

    @Test(arguments: [(1.0, 5.0), (100, 100), (1e7, 3600), (-9, 5)]) func theHostMayAskForMore(
        asked: Double, kept: Double
    ) {
        let wait = policy.delay(after: .rateLimited, failures: 1, retryAfter: .seconds(asked), jitter: 1)
        #expect(wait == .seconds(kept))
    }
}
