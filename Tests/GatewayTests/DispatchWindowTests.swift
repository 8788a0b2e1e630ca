import Telemetry
import Testing

@testable import Concurrency
@testable import Gateway

@Suite struct DispatchWindowTests {
    private let start = ContinuousClock.now

    /// Workers that claim everything that stands in the broker, `rounds` times, ten milliseconds apart.
    private func feed(_ window: DispatchWindow, rounds: Int, claiming share: Double = 1) -> [Int] {
        var rooms: [Int] = []
        var standing = 0
        for round in 1...rounds {
            let room = window.room("a")
            rooms.append(room)
            window.begin(["a": room])
            window.end(["a": room], after: .milliseconds(5))
            standing += room
            standing -= Int(Double(standing) * share)
            window.update(["a": standing], at: start + .milliseconds(10 * round))
        }
        return rooms
    }

    @Test func roomIsTakenUntilItIsUsedUpAndCountedAnew() {
        let window = DispatchWindow(limit: 100)
        #expect(!window.take("a"), "nothing is known yet")
        window.update(["a": 1, "b": 5, "c": 0], closed: ["c"])
        #expect([window.take("a"), window.take("a")] == [true, false], "two may stand there, and one does")
        #expect(!window.take("b"), "more is out than the window holds")
        #expect(!window.take("c"), "new jobs do not overtake a backlog")
        #expect(window.room("c") == 2, "the backlog itself goes on")
        window.update(["a": 0])
        #expect(window.take("a"))
        window.close()
        #expect(!window.take("a"))
    }

    @Test func whatWaitsGoesFirst() {
        let window = DispatchWindow(limit: 100)
        window.update(["a": 0], waiting: ["a": 2])
        #expect(!window.take("a"))
        window.update(["a": 0], waiting: ["a": 1])
        #expect([window.take("a"), window.take("a")] == [true, false])
    }

    @Test func theWindowGrowsWhileWorkersTakeEverything() {
        let window = DispatchWindow(limit: 1000)
        window.update(["a": 0], at: start)
        let rooms = feed(window, rounds: 20)
        #expect(rooms.prefix(3) == [2, 4, 8], "what was claimed is allowed on top, soon more than double")
        #expect(rooms.last == 1000, "up to the limit")
    }

    @Test func theWindowIsAFewCommandsForSlowJobs() {
        let window = DispatchWindow(limit: 1000)
        window.update(["a": 0], at: start)
        _ = feed(window, rounds: 20)
        // From now on nothing is claimed.
        for round in 1...20 { window.update(["a": 500], at: start + .milliseconds(200 + 10 * round)) }
        #expect(window.room("a") == 0)
        window.update(["a": 1], at: start + .seconds(60))
        window.update(["a": 1], at: start + .seconds(61))
        #expect(window.room("a") == 1)
    }

    @Test func theDirectPathOpensWhenTheBacklogIsOnItsWay() {
        let window = DispatchWindow(limit: 1000)
        window.update(["a": 0], closed: ["a"], at: start)
        #expect(!window.take("a"), "a job waits before it")
        window.begin(["a": 1])
        window.open("a")
        #expect(window.take("a"))
        #expect(!window.take("a"), "two may stand there, and one is on its way")
    }

    @Test func whatIsBeingPublishedTakesRoom() {
        let window = DispatchWindow(limit: 1000)
        window.update(["a": 0], at: start)
        window.begin(["a": 2])
        #expect(window.room("a") == 0)
        window.update(["a": 0], at: start + .milliseconds(10))
        #expect(window.room("a") == 0 && !window.take("a"), "not confirmed is not claimed")
        window.end(["a": 2], failed: ["a": 2], after: .milliseconds(1))
        window.update(["a": 0], at: start + .milliseconds(20))
        #expect(window.room("a") == 2, "what was not published was not claimed either")
    }

    @Test func aTypeInTroubleHasNoRoom() {
        let window = DispatchWindow(limit: 3)
        let trouble = TypeTrouble(log: Logger(service: "test", level: .error))
        trouble.note("a", TimedOut(limit: .seconds(1)))
        #expect(trouble.types == ["a"])
        window.update(["a": 0, "b": 0], closed: trouble.types)
        #expect(!window.take("a") && window.take("b"))
    }
}
