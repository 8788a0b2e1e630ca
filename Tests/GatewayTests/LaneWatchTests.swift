import Jobs
import Testing

@testable import Gateway

@Suite struct LaneWatchTests {
    private let start = ContinuousClock.now
    private let a = Lane(.normal, "a")
    private let b = Lane(.normal, "b")

    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    @Test func theDatabaseIsAskedOnceInAWhileOrOnDemand() {
        var watch = LaneWatch()
        #expect(watch.isDue(at: at(0)))
        watch.found([:], lookedAt: at(0))
        #expect(!watch.isDue(at: at(99)))
        #expect(watch.isDue(at: at(100)))
        watch.ask(at: at(10))
        #expect(watch.isDue(at: at(11)))
        watch.found([:], lookedAt: at(12))
        #expect(!watch.isDue(at: at(13)), "the look began after the demand")
    }

    @Test func lanesComeInTheOrderOfTheDatabase() {
        var watch = LaneWatch()
        for name in ["é", "b", "a", "Z"] { watch.expect(Lane(.normal, name), of: "t", at: at(0)) }
        watch.expect(Lane(.high, "a"), of: "t", at: at(0))
        watch.expect(Lane(.low, "x"), of: "t", at: at(0))
        #expect(watch.lanes("t").map(\.namespace) == ["x", "Z", "a", "b", "é", "a"])
        #expect(watch.lanes("other").isEmpty)
    }

    @Test func aLaneStandsUntilItIsReadToItsEnd() {
        var watch = LaneWatch()
        watch.found(["t": [a, b]], lookedAt: at(0))
        watch.read("t", drained: [a], isAll: false, expected: 0, readAt: at(1))
        #expect(watch.lanes("t") == [b])
        watch.read("t", drained: [b], isAll: true, expected: 0, readAt: at(2))
        #expect(watch.lanes("t").isEmpty)
    }

    @Test func aJobThatCameDuringTheReadOrTheLookKeepsItsLane() {
        var watch = LaneWatch()
        watch.expect(a, of: "t", at: at(5))
        watch.read("t", drained: [a], isAll: true, expected: 0, readAt: at(4))
        #expect(watch.lanes("t") == [a])
        watch.found([:], lookedAt: at(4))
        #expect(watch.lanes("t") == [a])
        watch.found([:], lookedAt: at(6))
        #expect(watch.lanes("t").isEmpty, "a later look did not find it")
    }

    @Test func whatThisGatewayBroughtIsShallowAndCounted() {
        var watch = LaneWatch()
        for time in 0..<3 { watch.expect(a, of: "t", at: at(time)) }
        watch.found(["t": [a]], lookedAt: at(3))
        #expect(watch.deep.isEmpty && watch.expected["t"] == 3)
        watch.expect(a, of: "t", at: at(5))
        watch.read("t", drained: [a], isAll: true, expected: 3, readAt: at(4))
        #expect(watch.deep.isEmpty && watch.expected["t"] == 1)
    }

    @Test func whatOthersBroughtIsDeepUntilItIsReadToItsEnd() {
        var watch = LaneWatch()
        watch.expect(a, of: "t", at: at(0))
        watch.found(["t": [a, b]], lookedAt: at(1))
        #expect(watch.deep == ["t"])
        watch.read("t", drained: [a], isAll: false, expected: 1, readAt: at(2))
        watch.found(["t": [b]], lookedAt: at(3))
        #expect(watch.deep == ["t"])
        watch.read("t", drained: [b], isAll: true, expected: 0, readAt: at(4))
        #expect(watch.deep.isEmpty)
        watch.found(["t": [a]], lookedAt: at(5))
        watch.found([:], lookedAt: at(6))
        #expect(watch.deep.isEmpty, "another has taken it")
    }

    @Test func aPageIsLookedForAnew() {
        var watch = LaneWatch()
        watch.found(["t": [a, b]], paged: ["t"], lookedAt: at(0))
        #expect(watch.isDue(at: at(1)) && watch.deep == ["t"])
        watch.expect(Lane(.normal, "c"), of: "t", at: at(1))
        #expect(watch.lanes("t") == [a, b], "its page comes")
        watch.read("t", drained: [a, b], isAll: true, expected: 0, readAt: at(2))
        #expect(watch.isDue(at: at(3)) && watch.deep == ["t"], "the next page may have more")
        watch.found(["t": [Lane(.normal, "c")]], lookedAt: at(4))
        #expect(watch.lanes("t").map(\.namespace) == ["c"])
        #expect(!watch.isDue(at: at(5)))
    }
}
