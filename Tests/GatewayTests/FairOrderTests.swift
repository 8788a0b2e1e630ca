import Crypto
import Foundation
import Testing

@testable import Gateway
@testable import Jobs

@Suite struct FairOrderTests {
    private func lanes(_ names: [String], _ priority: Priority = .normal) -> [Lane] { names.map { Lane(priority, $0) } }

    private func names(_ turns: [Lane]) -> String { turns.map(\.namespace).joined() }

    @Test func tenantsHaveOneTurnAfterTheOther() {
        var order = FairOrder()
        func turns(_ names: String..., count: Int) -> String { self.names(order.turns(lanes(names), count: count)) }
        #expect(turns("a", "b", "c", count: 7) == "abcabca")
        #expect(turns("a", "b", "c", count: 2) == "bc", "goes on after who was last")
        #expect(turns("a", "b", count: 2) == "ab")
        #expect(turns("c", count: 2) == "cc", "nobody else waits")
        #expect(turns(count: 5) == "")
    }

    @Test func aQuietTenantHasTheNextTurnButOne() {
        var order = FairOrder()
        for _ in 1...100 { _ = order.turns(lanes(["a"]), count: 1) }
        let next = order.turns(lanes(["a", "b"]), count: 1)
        #expect(names(next) == "b")
    }

    @Test func noClassStarves() {
        var order = FairOrder()
        let all = Priority.allCases.map { Lane($0, "a") }
        let turns = order.turns(all, count: 1200)
        let counts = Dictionary(grouping: turns, by: \.priority).mapValues(\.count)
        #expect(counts == [.high: 800, .normal: 300, .low: 100])
        #expect(turns.first?.priority == .high)
        let gaps = turns.indices.filter { turns[$0].priority == .low }
        #expect(zip(gaps, gaps.dropFirst()).allSatisfy { $1 - $0 <= 13 }, "the lowest has its share all the time")
    }

    @Test func aClassThatWasEmptyDoesNotCatchUp() {
        var order = FairOrder()
        _ = order.turns([Lane(.low, "a")], count: 1000)
        let turns = order.turns([Lane(.low, "a"), Lane(.high, "a")], count: 10)
        #expect(turns.map(\.priority) == Array(repeating: .high, count: 9) + [.low])
    }

    @Test func everyTenantIsServedWhereOnePageDoesNotHoldThem() {
        var order = FairOrder()
        let all = (0..<150).map { "n" + String(1000 + $0) }
        var served: [String: Int] = [:]
        for _ in 1...700 {
            let page = all.filter { $0 > order.cursor(.normal) }.prefix(FairOrder.page)
            for lane in order.turns(lanes(Array(page)), count: 3) { served[lane.namespace, default: 0] += 1 }
        }
        #expect(served.count == all.count)
        #expect((served.values.max() ?? 0) - (served.values.min() ?? 0) <= 4, "\(served.values.sorted())")
    }

    @Test func aPageOnWhichNobodyMayGoIsPassedOver() {
        var order = FairOrder()
        let page = lanes((0..<FairOrder.page).map { "n" + String(1000 + $0) })
        #expect(order.turns([], of: page, count: 5).isEmpty)
        #expect(order.cursor(.normal) == page.last?.namespace)
        _ = order.turns([Lane(.high, "x")], of: page + [Lane(.high, "x")], count: 1)
        #expect(order.cursor(.high) == "")
    }

    @Test func afterTheLastPageItIsTheStartAgain() {
        var order = FairOrder()
        let page = lanes((0..<FairOrder.page).map { "n" + String(1000 + $0) })
        #expect(order.turns(page, count: 1000).count == 1000)
        #expect(order.cursor(.normal) == page.last?.namespace, "each was served")
        order.restart(.normal)
        #expect(order.cursor(.normal) == "", "nothing was found after it")
        _ = order.turns(page, count: 1000)
        _ = order.turns(lanes(["z"]), count: 10)
        #expect(order.cursor(.normal) == "", "the end was served")
    }

    @Test func turnsTakeTheOldestJobsThatMayGo() {
        let (a, b) = (Lane(.normal, "a"), Lane(.normal, "b"))
        let jobs = (0..<6).map { BacklogJob(id: UUIDv7.generate(), lane: $0 < 4 ? a : b) }
        #expect(FairOrder.pick([a, b, a, b, a], from: jobs) == [jobs[0], jobs[4], jobs[1], jobs[5], jobs[2]])
        let picked = FairOrder.pick([a, b, b, b], from: jobs) { $0 != jobs[0] && $0 != jobs[5] }
        #expect(picked == [jobs[1], jobs[4]], "one that may not go is passed over, and a lane that is empty too")
    }
}
