import Crypto
import Foundation
import Testing

@testable import Gateway
@testable import Jobs

@Suite struct LimitLedgerTests {
    private let now = Date(timeIntervalSince1970: 1_000_000)

    private func ledger(_ limits: [Limit], uses: [LimitUse] = [], buckets: [LimitBucket] = []) -> LimitLedger {
        LimitLedger(
            Dictionary(uniqueKeysWithValues: limits.map { ($0.subject, $0) }), uses: uses, buckets: buckets, now: now)
    }

    private func job(_ namespace: String = "n", key: String? = nil) -> BacklogJob {
        BacklogJob(id: UUIDv7.generate(), lane: Lane(.normal, namespace), concurrencyKey: key)
    }

    private func use(_ type: String, _ namespace: String, _ count: Int, key: String? = nil) -> LimitUse {
        LimitUse(type: type, namespace: namespace, concurrencyKey: key, count: count)
    }

    @Test func aQueueCountsItsJobsAndATenantAllOfItsOwn() {
        var ledger = ledger(
            [
                Limit(LimitSubject(.queue, name: "t"), maxRunning: 4),
                Limit(LimitSubject(.namespace, name: "n"), maxRunning: 3),
            ], uses: [use("t", "m", 2), use("u", "n", 2)])
        func take(_ job: BacklogJob, type: String) -> Bool { ledger.take(job, type: type) }
        #expect(take(job(), type: "t"), "the third of the queue and of the tenant")
        #expect(!take(job(), type: "t"), "the tenant has three")
        #expect(ledger.isClosed(Lane(.low, "n"), type: "t") && ledger.isClosed(Lane(.low, "n"), type: "x"))
        #expect(take(job("m"), type: "t"))
        #expect(!take(job("m"), type: "t"), "the queue has four")
        #expect(!ledger.isClosed(Lane(.low, "m"), type: "u") && !ledger.isLimited(job("m"), type: "u"))
    }

    @Test func aKeyCountsWithinItsTenant() {
        var ledger = ledger(
            [Limit(LimitSubject(.key, namespace: "n", name: "k"), maxRunning: 1)], uses: [use("t", "m", 5, key: "k")])
        func take(_ job: BacklogJob, type: String) -> Bool { ledger.take(job, type: type) }
        #expect(take(job(key: "k"), type: "t"))
        #expect(!take(job(key: "k"), type: "u"), "in every queue")
        #expect(take(job(key: "other"), type: "t") && take(job(), type: "t"))
        #expect(take(job("m", key: "k"), type: "t"), "another tenant's key is another key")
        #expect(!ledger.isClosed(Lane(.normal, "n"), type: "t"), "the tenant's other jobs go on")
    }

    @Test func theStandardHoldsForEachSubjectWithoutALimitOfItsOwn() {
        var ledger = ledger([
            Limit(LimitSubject(.namespace, name: "*"), maxRunning: 1),
            Limit(LimitSubject(.namespace, name: "big"), maxRunning: 2),
        ])
        func take(_ job: BacklogJob, type: String) -> Bool { ledger.take(job, type: type) }
        #expect(take(job("a"), type: "t") && take(job("b"), type: "t"))
        #expect(!take(job("a"), type: "t"))
        #expect(take(job("big"), type: "t") && take(job("big"), type: "t"))
        #expect(!take(job("big"), type: "t"))
    }

    @Test func aRefusedJobTakesNothing() {
        var ledger = ledger([
            Limit(LimitSubject(.queue, name: "t"), maxRunning: 1),
            Limit(LimitSubject(.key, namespace: "n", name: "k"), maxRunning: 0),
        ])
        func take(_ job: BacklogJob, type: String) -> Bool { ledger.take(job, type: type) }
        #expect(!take(job(key: "k"), type: "t"))
        #expect(take(job(), type: "t"), "its place in the queue is free")
    }

    @Test func tokensComeBackEvenly() throws {
        let subject = LimitSubject(.queue, name: "t")
        let limit = Limit(subject, maxStarts: 3, perSeconds: 30)
        var first = ledger([limit])
        let answers = (1...4).map { _ in first.take(job(), type: "t") }
        #expect(answers == [true, true, true, false])
        let bucket = try #require(first.buckets.first)
        #expect(bucket == LimitBucket(subject, fullAt: now.addingTimeInterval(30)))
        let obstacle = try #require(first.obstacle(subject))
        #expect(obstacle.freeAt == now.addingTimeInterval(10))
        func starts(after seconds: TimeInterval) -> Int {
            var later = LimitLedger(
                [subject: limit], uses: [], buckets: [bucket], now: now.addingTimeInterval(seconds))
            return (1...5).filter { _ in later.take(job(), type: "t") }.count
        }
        #expect([0, 9.9, 10, 19, 20, 30, 3000].map(starts) == [0, 0, 1, 1, 2, 3, 3])
    }
}

@Suite struct QueueRateTests {
    private func counts(_ second: TimeInterval, ready: Int = 0, running: Int = 0, workers: Int = 0) -> QueueCounts {
        QueueCounts(
            type: "t", ready: ready, inBroker: 0, running: running, busyWorkers: workers,
            countedAt: Date(timeIntervalSince1970: second))
    }

    @Test func whatEndedFollowsFromWhatCameAndWhatIsLeft() {
        var rates = QueueRates()
        rates.add([counts(0, ready: 100, running: 4)], arrivals: [:], until: Date(timeIntervalSince1970: -1))
        #expect(rates.figures(counts(0), consumers: nil).rateIn == nil, "one sample tells no rate")
        rates.add([counts(10, ready: 60, running: 4)], arrivals: ["t": 20], until: Date(timeIntervalSince1970: 9))
        let last = counts(20, ready: 40, running: 4, workers: 2)
        rates.add([last], arrivals: ["t": 20], until: Date(timeIntervalSince1970: 19))
        let figures = rates.figures(last, consumers: 2)
        #expect(figures.rateIn == 2 && figures.rateOut == 5)
        #expect(figures.serviceSeconds == 0.8, "four slots end five jobs a second")
        #expect(figures.drainSeconds.map { ($0 * 100).rounded() / 100 } == 13.33)
        #expect(figures.wantedSlots(drainingIn: .seconds(10)) == 5, "two a second, and forty in ten seconds")
        #expect(figures.wantedWorkers(drainingIn: .seconds(10)) == 3)
    }

    @Test func aQueueThatGrowsIsNeverDrained() {
        let figures = QueueFigures(
            counts: counts(0, ready: 5, running: 1, workers: 1), consumers: 0, rateIn: 2, rateOut: 1,
            serviceSeconds: 1)
        #expect(figures.drainSeconds == nil)
    }

    @Test func aQueueWithoutWorkersWantsOne() {
        let unknown = QueueFigures(
            counts: counts(0, ready: 5), consumers: 0, rateIn: nil, rateOut: nil, serviceSeconds: nil)
        #expect(
            unknown.wantedSlots(drainingIn: .seconds(60)) == 1 && unknown.wantedWorkers(drainingIn: .seconds(60)) == 1)
        let idle = QueueFigures(counts: counts(0), consumers: 3, rateIn: 0, rateOut: 0, serviceSeconds: nil)
        #expect(idle.wantedSlots(drainingIn: .seconds(60)) == 0 && idle.wantedWorkers(drainingIn: .seconds(60)) == 0)
        #expect(idle.drainSeconds == 0)
    }

    @Test func samplesOfMoreThanAMinuteAgoAreForgotten() {
        var rates = QueueRates()
        for second in stride(from: 0.0, through: 300, by: 10) {
            let arrived = second <= 200 ? 100 : 0
            rates.add(
                [counts(second)], arrivals: ["t": arrived], until: Date(timeIntervalSince1970: second))
        }
        #expect(rates.figures(counts(300), consumers: nil).rateIn == 0)
    }
}
