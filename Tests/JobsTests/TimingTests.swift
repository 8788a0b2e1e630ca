import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct TimingTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)

    private struct Row {
        var status: JobStatus
        var progress: String?
        var finishedAfter: Double?
        var isStarted = true
    }

    private func job(
        _ status: JobStatus, progress: String? = nil, finishedAfter seconds: Double? = nil, isStarted: Bool = true
    ) -> Row {
        Row(status: status, progress: progress, finishedAfter: seconds, isStarted: isStarted)
    }

    private func history(jobs: [Double] = [], pages: [Double] = []) -> TypeHistory {
        var history = TypeHistory()
        for seconds in jobs { history.jobs.add(.seconds(seconds)) }
        for seconds in pages { history.units["pages", default: DurationHistogram()].add(.seconds(seconds)) }
        return history
    }

    private func timing(_ row: Row, _ history: TypeHistory = TypeHistory(), after seconds: Double = 20) -> JobTiming {
        JobTiming(
            status: row.status, startedAt: row.isStarted ? start : nil,
            finishedAt: row.finishedAfter.map { start + $0 },
            progress: row.progress.map { Array($0.utf8) }, history: history, at: start + seconds)
    }

    @Test func aWaitingJobHasNone() {
        for waiting in [job(.queued, isStarted: false), job(.scheduled)] {
            let timing = timing(waiting, history(jobs: Array(repeating: 30, count: 9)))
            #expect(timing.elapsed == nil && timing.remaining == nil && timing.range == nil)
        }
    }

    @Test func anEndedJobShowsWhatItTook() {
        let timing = timing(
            job(.completed, progress: #"{"completed":50,"total":50,"unit":"pages"}"#, finishedAfter: 10), after: 999)
        #expect(timing.elapsed == 10 && timing.averageUnit == 0.2 && timing.remaining == nil)
    }

    @Test func theRestIsReckonedFromTheJobsOwnSpeed() {
        let running = job(.running, progress: #"{"completed":40,"total":100,"unit":"pages","carried":20}"#)
        let own = timing(running)
        #expect(own.elapsed == 20 && own.averageUnit == 1 && own.remaining == 60 && own.range == nil)
        let known = timing(running, history(pages: [0.5, 0.6, 0.8, 0.9, 1, 1, 1.1, 1.3, 1.5, 2]))
        #expect(known.remaining == 60, "what the job has shown counts more than what others took")
        #expect(known.range.map { $0.contains(60) && $0.lowerBound < 40 && $0.upperBound > 80 } == true)
    }

    @Test func aJobThatHasShownNothingIsReckonedFromTheHistory() {
        let pages = timing(
            job(.running, progress: #"{"completed":0,"total":100,"unit":"pages"}"#),
            history(pages: Array(repeating: 2, count: 5)))
        #expect(pages.averageUnit == nil && pages.remaining.map { abs($0 - 200) < 13 } == true)
        let whole = timing(job(.running), history(jobs: Array(repeating: 100, count: 5)))
        #expect(whole.remaining.map { abs($0 - 80) < 7 } == true)
        #expect(whole.range != nil)
        #expect(timing(job(.running), history(jobs: [100, 100])).remaining == nil, "two jobs are no history")
        #expect(
            timing(job(.running), history(jobs: Array(repeating: 5, count: 9)), after: 500).remaining == nil,
            "no job took that long")
    }

    @Test func clocksThatDisagreeGiveNoNegativeTime() {
        #expect(timing(job(.running), after: -3).elapsed == 0)
    }

    @Test func strangeProgressHasNoEstimate() {
        for progress in ["[]", "{}", #"{"completed":"x","total":4}"#] {
            #expect(timing(job(.running, progress: progress)).averageUnit == nil)
        }
    }
}
