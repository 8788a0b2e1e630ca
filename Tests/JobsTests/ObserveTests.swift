import Crypto
import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

@Suite struct ObserveTests {
    @Test func aBatchHasNoStatementForWhatNobodySaid() {
        let fence = Fence(job: UUIDv7.generate(), attempt: 1)
        let quiet = RecordBatch([.outcome(fence, ending(.completed, "completed"))])
        #expect(quiet.statements.map(\.kind) == [.outcome])
        let empty = RecordBatch([.operators(fence, []), .errors(fence, []), .samples(fence, []), .logs(fence, [])])
        #expect(empty.statements.isEmpty && empty.answers == [.written, .written, .written, .written])
    }

    @Test func numbersAreReplacedNotAdded() async throws {
        try await withStore { store in
            let fence = try await store.run()
            let records: [Record] = [
                .operators(fence, [report(fence, records: 1), report(fence, subtask: 1, records: 5)]),
                .operators(fence, [report(fence, records: 7)]),
            ]
            for _ in 0..<2 { #expect(try await store.write(records) == [.written, .written]) }
            let reports = try await store.operators(of: fence.job)
            #expect(reports.map(\.taskIndex) == [1, 0] && reports.map(\.counters.recordsIn) == [5, 7])
            #expect(reports.map(\.counters) == [1, 0].map { report(fence, records: $0 == 1 ? 5 : 7).counters })
        }
    }

    @Test func attemptsCountByThemselvesAndAreShownTogether() async throws {
        try await withStore { store in
            let first = try await store.run()
            let start = Date(timeIntervalSince1970: 1_800_000_000)
            func reports(_ fence: Fence, from seconds: Double) -> [OperatorReport] {
                [
                    report(fence, "read", .source, records: 10, from: start + seconds, to: start + seconds + 4),
                    report(fence, "cut", records: 10, from: start + seconds, to: start + seconds + 5),
                    report(
                        fence, "write", .sink, subtask: 1, records: 20, from: start + seconds, to: start + seconds + 5),
                ]
            }
            _ = try await store.write([
                .operators(first, reports(first, from: 0)), .outcome(first, ending(.queued, "handed_back")),
            ])
            let second = try await store.claimOne(first.job)
            _ = try await store.write([.operators(second, reports(second, from: 100))])
            let metrics = JobMetrics(try await store.operators(of: first.job), at: start + 1000)
            #expect(metrics.operators.map(\.name) == ["read", "cut", "write"])
            #expect(metrics.attempts == 2 && metrics.elapsed == 10 && !metrics.isPartial)
            #expect(metrics.total.recordsIn == 20, "what the sources took")
            #expect(metrics.total.recordsOut == 80, "what the sinks gave")
            #expect(metrics.throughput(metrics.total.recordsOut) == 8)
            #expect(metrics.operators[2].subtasks.keys.sorted() == [1])
            #expect(metrics.operators[1].counters.latency.count == 2)
            let one = JobMetrics(try await store.operators(of: first.job, attempt: 2), at: start + 1000)
            #expect(one.attempts == 1 && one.total.recordsIn == 10)
            let running = JobMetrics(
                try await store.operators(of: first.job, attempt: 2), running: 2, at: start + 110)
            #expect(running.elapsed == 10, "the time of an attempt under way goes on")
        }
    }

    @Test func errorsAreFilteredAndStoredOnce() async throws {
        try await withStore { store in
            let fence = try await store.run()
            let errors = [
                recordError(1, fence), recordError(2, fence, .warning), recordError(3, fence, in: "store"),
            ]
            for _ in 0..<2 { _ = try await store.write([.errors(fence, errors)]) }
            func numbers(
                _ level: LogLevel? = nil, _ name: String? = nil, after number: Int32 = 0, limit: Int = 9
            ) async throws -> [Int32] {
                try await store.errors(
                    of: fence.job, level: level, operatorName: name, after: (1, number), limit: limit
                ).map(\.number)
            }
            #expect(try await numbers() == [1, 2, 3])
            #expect(try await numbers(.warning) == [2])
            #expect(try await numbers(.error, "store") == [3])
            #expect(try await numbers(nil, "extract", after: 1) == [2])
            #expect(try await numbers(limit: 2) == [1, 2])
            let first = try #require(
                try await store.errors(of: fence.job, attempt: 1, after: (0, 0), limit: 1).first)
            #expect(first.record?.text == "cut" && first.record?.bytes == 5000 && first.taskIndex == 1)
            #expect(try await store.errors(of: fence.job, attempt: 2, after: (0, 0), limit: 1).isEmpty)
        }
    }

    @Test func attemptsShareTheRoomForSamples() async throws {
        try await withStore { store in
            let room = OutputSample.maxPerOperator
            let first = try await store.run()
            let early = (1...(room - 10)).map { sample($0, first) }
            for _ in 0..<2 { _ = try await store.write([.samples(first, early)]) }
            _ = try await store.write([.outcome(first, ending(.queued, "handed_back"))])
            let second = try await store.claimOne(first.job)
            let late = (1...room).map { sample($0, second) } + [sample(1, second, of: "other")]
            for _ in 0..<2 { _ = try await store.write([.samples(second, late)]) }
            let all = try await store.samples(of: first.job, after: ("", 0, 0), limit: 500)
            #expect(all.count(where: { $0.operatorName == "extract" }) == Int(room))
            #expect(all.count(where: { $0.attempt == 2 }) == 11)
            let page = try await store.samples(
                of: first.job, operatorName: "extract", after: ("extract", 1, room - 11), limit: 3)
            #expect(page.map(\.number) == [room - 10, 1, 2] && page.map(\.attempt) == [1, 2, 2])
        }
    }

    @Test func logsAreFilteredByEverything() async throws {
        try await withStore { store in
            let fence = try await store.run()
            let start = Date(timeIntervalSince1970: 1_800_000_000)
            let lines = (1...20 as ClosedRange<Int32>).map { number in
                LogLine(
                    attempt: 1, number: number, at: start + Double(number),
                    level: number.isMultiple(of: 5) ? .warning : .info, message: "\(number)",
                    operatorName: number.isMultiple(of: 2) ? "even" : nil,
                    taskIndex: number.isMultiple(of: 2) ? number % 4 : nil)
            }
            _ = try await store.write([.logs(fence, lines)])
            func numbers(_ filter: LogFilter) async throws -> [Int32] {
                try await store.logs(of: fence.job, filter, after: (0, 0), limit: 99).map(\.number)
            }
            #expect(try await numbers(LogFilter(minimum: .warning)) == [5, 10, 15, 20])
            #expect(try await numbers(LogFilter(since: start + 18)) == [18, 19, 20])
            #expect(try await numbers(LogFilter(until: start + 3)) == [1, 2])
            #expect(try await numbers(LogFilter(operatorName: "even", taskIndex: 0)) == [4, 8, 12, 16, 20])
            #expect(try await numbers(LogFilter(minimum: .warning, operatorName: "even")) == [10, 20])
            #expect(try await numbers(LogFilter(attempt: 2)) == [])
            #expect(try await store.tail(of: fence.job, LogFilter(), count: 3).map(\.number) == [18, 19, 20])
            #expect(
                try await store.tail(of: fence.job, LogFilter(minimum: .warning), count: 2).map(\.number) == [15, 20])
            #expect(
                try await store.logs(of: fence.job, LogFilter(), after: (0, 0), limit: 2).map(\.taskIndex) == [nil, 2])
        }
    }

    @Test func historyIsFilteredByEverything() async throws {
        try await withStore { store in
            let first = try await store.run()
            _ = try await store.write([
                .progress(first, phase: nil, progress: Array(text: "{}")),
                .checkpoint(first, epoch: 1, state: Array(text: "{}")),
                .outcome(first, ending(.queued, "handed_back")),
            ])
            let second = try await store.claimOne(first.job)
            _ = try await store.write([.outcome(second, ending(.completed, "completed"))])
            func kinds(_ filter: EventFilter) async throws -> [String] {
                try await store.history(of: first.job, filter, after: 0, limit: 99).map(\.kind)
            }
            let all = ["queued", "running", "progress", "checkpoint", "handed_back", "running", "completed"]
            #expect(try await kinds(EventFilter()) == all)
            #expect(try await kinds(EventFilter(level: .job)) == all.filter { $0 != "progress" && $0 != "checkpoint" })
            #expect(try await kinds(EventFilter(level: .execution)) == Array(all.dropFirst()))
            #expect(try await kinds(EventFilter(attempt: 2)) == ["running", "completed"])
            #expect(
                try await kinds(EventFilter(kinds: ["running", "checkpoint"])) == ["running", "checkpoint", "running"])
            #expect(try await kinds(EventFilter(since: Date() + 60)) == [])
            #expect(try await kinds(EventFilter(until: Date() - 60)) == [])
            let third = try await store.history(of: first.job, EventFilter(), after: 0, limit: 3).last
            #expect(
                try await store.history(of: first.job, EventFilter(), after: #require(third).sequence, limit: 99)
                    .map(\.kind) == Array(all.dropFirst(3)))
        }
    }

    @Test func entriesBelongToEveryLaterCheckpointAndGoWithARetry() async throws {
        try await withStore { store in
            let fence = try await store.run()
            func checkpoint(_ epoch: Int32, _ entries: [String]) -> Record {
                var extras = CheckpointExtras()
                extras.entries = entries.map { Array(text: $0) }
                extras.operators = Array(text: #"{"read":3}"#)
                extras.startedAt = Date(timeIntervalSince1970: 1_800_000_000)
                return .checkpoint(fence, epoch: epoch, state: Array(text: #"{"n":1}"#), extras)
            }
            for _ in 0..<2 {
                _ = try await store.write([checkpoint(1, ["1", "2"]), checkpoint(2, [])])
                _ = try await store.write([checkpoint(3, ["3"])])
            }
            func entries(_ job: UUID, upTo epoch: Int32) async throws -> [String] {
                try await store.checkpointEntries(of: job, upTo: epoch, limit: 9).map(\.entry.text)
            }
            #expect(try await entries(fence.job, upTo: 2) == ["1", "2"])
            #expect(try await entries(fence.job, upTo: 3) == ["1", "2", "3"])
            let page = try await store.checkpointEntries(of: fence.job, upTo: 3, after: (1, 1), limit: 1)
            #expect(page.map(\.entry.text) == ["2"])
            let checkpoints = try await store.checkpoints(of: fence.job, before: .max, limit: 9)
            #expect(checkpoints.map(\.entries) == [3, 2, 2] && checkpoints.map(\.size) == [11, 10, 10])
            #expect(checkpoints[0].operators?.text == #"{"read": 3}"# && checkpoints[0].startedAt != nil)

            _ = try await store.write([.outcome(fence, ending(.failed, "failed"))])
            let new = UUIDv7.generate()
            guard case .created = try await store.repeat(RepeatSource(fence.job, as: new), namespace: "default", .retry)
            else {
                Issue.record("not created")
                return
            }
            #expect(try await entries(new, upTo: 3) == ["1", "2", "3"])
            let anew = UUIDv7.generate()
            _ = try await store.repeat(RepeatSource(fence.job, as: anew), namespace: "default", .rerun)
            #expect(try await entries(anew, upTo: 9) == [])
        }
    }

    @Test func resultsListWhatTheJobMadeAndWhatItsResultNames() async throws {
        try await withStore { store in
            let fence = try await store.run()
            func file(_ job: UUID?, namespace: String = "default") -> FileRecord {
                FileRecord(
                    id: UUIDv7.generate(), namespace: namespace, job: job, name: "f", mediaType: "text/plain", size: 3,
                    sha256: "00")
            }
            let made = [file(fence.job), file(fence.job)]
            let (earlier, foreign, other) = (file(UUIDv7.generate()), file(nil, namespace: "other"), file(nil))
            try await store.add(made + [earlier, foreign, other])
            var end = ending(.completed, "completed")
            let named = [earlier.id.text, foreign.id.text, made[0].id.text, "no id"]
            end.result = JSON.object([
                "artifacts": .array(named.map { ["id": .string($0)] } + [7, "x", ["id": 5]])
            ]).serialized()
            _ = try await store.write([.outcome(fence, end)])
            let wanted = (made + [earlier]).map(\.id).sorted { $0.text < $1.text }
            let all = try await store.files(of: fence.job, namespace: "default", after: nil, limit: 9)
            #expect(all.map(\.id) == wanted)
            let rest = try await store.files(of: fence.job, namespace: "default", after: wanted[0], limit: 1)
            #expect(rest.map(\.id) == [wanted[1]])
        }
    }

    @Test func historiesOfWorkersAddUp() async throws {
        try await withStore { store in
            var seen = TypeHistory()
            for _ in 0..<10 { seen.jobs.add(.seconds(2)) }
            seen.units["pages", default: DurationHistogram()].add(.seconds(1))
            try await store.add(TypeHistory(), to: "probe")
            #expect(try await store.histories().isEmpty)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { [seen] in try await store.add(seen, to: "probe") } }
                try await group.waitForAll()
            }
            let history = try #require(try await store.histories()["probe"])
            #expect(history.jobs.count == 40 && history.units["pages"]?.count == 4)

            var many = TypeHistory()
            for _ in 0..<5000 { many.jobs.add(.seconds(1)) }
            for number in 0..<40 { many.units["unit \(number)", default: DurationHistogram()].add(.seconds(1)) }
            try await store.add(many, to: "probe")
            let bounded = try #require(try await store.histories()["probe"])
            #expect(bounded.jobs.count <= TypeHistory.plenty && bounded.units.count < TypeHistory.maxRows)
        }
    }
}
