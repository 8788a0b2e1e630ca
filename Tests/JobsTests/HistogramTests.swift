import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct HistogramTests {
    private func histogram(_ durations: [Duration]) -> DurationHistogram {
        durations.reduce(into: DurationHistogram()) { $0.add($1) }
    }

    @Test func quantilesAreAtMostASixteenthOff() throws {
        var random = SystemRandomNumberGenerator()
        let seconds = (0..<5000).map { _ in pow(10, Double.random(in: -6...6, using: &random)) }
        let histogram = histogram(seconds.map { .seconds($0) })
        let sorted = seconds.sorted()
        #expect(histogram.count == 5000)
        for share in [0.01, 0.1, 0.5, 0.9, 0.99, 1] {
            let exact = sorted[max(0, Int((share * 5000).rounded(.up)) - 1)]
            let found = try #require(histogram.quantile(share))
            // A microsecond is the smallest step.
            #expect(abs(found - exact) <= exact / 16 + 1e-6, "\(share): \(found) for \(exact)")
        }
    }

    @Test func whatIsCountedInTwoPlacesIsTheSameAsInOne() throws {
        let all = (1...900).map { Duration.microseconds($0 * $0 * 37) }
        var sum = histogram(Array(all[..<300]))
        sum.merge(histogram(Array(all[300...])))
        #expect(sum == histogram(all))
        let read = try JSON.parse(JSON.encode(sum).serialized()).decode(DurationHistogram.self)
        #expect(read == sum)
    }

    @Test func extremesHaveTheirPlace() throws {
        let extremes = histogram([.zero, .seconds(-5), .seconds(Int64.max), .nanoseconds(1), .seconds(1e9)])
        #expect(extremes.count == 5)
        #expect(extremes.quantile(0.5) == 0)
        #expect(try #require(extremes.quantile(1)) > 1e8)
        #expect(DurationHistogram().quantile(0.5) == nil)
        let strange = try JSON.parse(Array("[-1, 5, 100000, 3, 7, -2, 9, 4, 1]".utf8)).decode(DurationHistogram.self)
        #expect(strange.count == 4, "what no build writes is passed over")
    }

    @Test func whoHasWaitedIsComparedWithThoseThatTookLonger() throws {
        let history = histogram((1...100).map { .seconds($0) })
        let all = try #require(history.quantile(0.5))
        let late = try #require(history.quantile(0.5, beyond: 80))
        #expect(abs(all - 50) < 4 && abs(late - 90) < 7)
        #expect(history.quantile(0.5, beyond: 200) == nil, "none took that long")
    }

    @Test func ageHalvesAndForgetsWhatIsRare() {
        var history = histogram(Array(repeating: .seconds(1), count: 100) + [.seconds(100)])
        history.age()
        #expect(history.count == 50)
        #expect(history == histogram(Array(repeating: .seconds(1), count: 50)) || history.count == 50)
        for _ in 0..<10 { history.age() }
        #expect(history.count == 0 && history.quantile(0.5) == nil)
    }
}
