import Foundation
import JSON
import Jobs
import TestKit
import Testing

@testable import WorkerKit

/// What a worker's code tells about its job, as it reaches the database.
@Suite struct ReportTests {
    private struct Piece: Codable, Sendable, Equatable { let number: Int }

    @Test func aJobThatTellsNothingWritesNothing() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim()) { _, _ in .done(.init(text: "x")) }
            #expect(job.status == .completed && job.progress == nil)
            #expect(try await bench.kinds(job.id) == ["queued", "running", "completed"])
            #expect(try await bench.store.operators(of: job.id).isEmpty)
        }
    }

    @Test func operatorsAreCountedBySubtask() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim()) { _, context in
                let read = context.operator("read", kind: .source)
                let again = context.operator("read", kind: .sink)
                #expect(read === again && again.kind == .source, "the first call decides")
                read.took(records: 3, bytes: 300)
                again.gave(records: 2)
                await withTaskGroup(of: Void.self) { group in
                    for subtask in 0..<4 {
                        group.addTask {
                            let write = context.operator("write", kind: .sink, subtask: subtask)
                            for _ in 0..<100 { await write.measure { write.took(bytes: 2) } }
                            write.finishedRecord(after: .seconds(2))
                        }
                    }
                }
                context.error(in: read, "lost", record: "r")
                context.error(.warning, in: read, "odd")
                return .done(.init(text: "x"))
            }
            let reports = try await bench.store.operators(of: job.id)
            let read = try #require(reports.first { $0.name == "read" })
            #expect(read.counters.recordsIn == 3 && read.counters.bytesIn == 300 && read.counters.recordsOut == 2)
            #expect(read.counters.errors == 1 && read.counters.warnings == 1 && read.updatedAt >= read.startedAt)
            let writers = reports.filter { $0.name == "write" }
            #expect(writers.map(\.taskIndex).sorted() == [0, 1, 2, 3])
            #expect(writers.allSatisfy { $0.counters.recordsIn == 100 && $0.counters.bytesIn == 200 })
            #expect(writers.allSatisfy { $0.counters.latency.count == 100 && $0.counters.endToEnd.count == 1 })
        }
    }

    @Test func theOthersOfAChainWait() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim()) { _, context in
                let stages = ["a", "b", "c"].map { context.operator($0, kind: .transform) }
                let chain = OperatorChain(stages)
                try await chain.run(stages[1]) { try await Task.sleep(for: .milliseconds(20)) }
                do {
                    try await chain.run(stages[2]) { throw NeverHappened(what: "the end") }
                } catch is NeverHappened {}
                return .done(.init(text: "x"))
            }
            let counters = Dictionary(
                uniqueKeysWithValues: try await bench.store.operators(of: job.id).map { ($0.name, $0.counters) })
            let (a, b, c) = try (#require(counters["a"]), #require(counters["b"]), #require(counters["c"]))
            #expect(a.busy == 0 && a.idle == 0 && a.backpressure >= 20_000)
            #expect(b.busy >= 20_000 && b.idle == 0 && b.latency.count == 1)
            #expect(c.idle >= 20_000 && c.latency.count == 1, "work that fails took its time too")
            #expect(a.backpressure == b.busy + c.busy || a.backpressure >= b.busy)
        }
    }

    @Test func numbersArriveWhileTheJobRuns() async throws {
        try await Bench.with { bench in
            let (counted, seen) = (Gate(), Gate())
            let claim = try await bench.claim()
            async let job = bench.run(claim) { _, context in
                context.operator("read", kind: .source).took(records: 7)
                counted.open()
                try await seen.wait()
                return .done(.init(text: "x"))
            }
            try await counted.wait()
            try await eventually("the counters") {
                try await bench.store.operators(of: claim.id).first?.counters.recordsIn == 7
            }
            seen.open()
            #expect(try await job.status == .completed)
        }
    }

    @Test func everythingHasItsLimit() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim()) { _, context in
                for subtask in 0..<(Operators.limit + 5) {
                    context.operator("many", kind: .transform, subtask: subtask).took()
                }
                let part = context.operator("many", kind: .transform)
                for number in 0..<(Int(JournalEntries.maxErrors) + 10) {
                    context.error(
                        in: part, "e\0", details: number == 0 ? .string(String(repeating: "x", count: 9000)) : nil,
                        record: String(repeating: "é", count: 5000))
                }
                for number in 0..<300 {
                    let text = number == 0 ? String(repeating: "y", count: 90_000) : "\(number)"
                    context.sample(part, ["text": .string(text), "rest": ["nested": .string(text)]])
                }
                context.sample(part, .array(Array(repeating: 1.5, count: 20_000)))
                return .done(.init(text: "x"))
            }
            let reports = try await bench.store.operators(of: job.id)
            #expect(reports.count == Operators.limit)
            let part = try #require(reports.first { $0.taskIndex == 0 })
            #expect(part.counters.errors == Int(JournalEntries.maxErrors) + 10, "all are counted")
            #expect(part.counters.offered == 301)
            let errors = try await bench.store.errors(of: job.id, after: (0, 0), limit: 5000)
            #expect(errors.count == Int(JournalEntries.maxErrors))
            #expect(errors[0].message == "e\u{FFFD}")
            #expect(try errors[0].details.map { try JSON.parse($0) } == ["truncated": true])
            #expect(errors[0].record.map { $0.bytes == 10_000 && $0.text.utf8.count <= 4096 } == true)
            let samples = try await bench.store.samples(of: job.id, after: ("", 0, 0), limit: 5000)
            #expect(samples.count == Int(OutputSample.maxPerOperator))
            #expect(samples.allSatisfy { $0.record.count < 5000 }, "long strings are cut")
            let lines = try await bench.lines(job.id).map(\.message)
            #expect(lines.contains { $0.contains("only counted (limit: 1000)") })
            #expect(lines.count(where: { $0.contains("are not kept") }) == 5)
        }
    }

    @Test func samplesThatAreNotWantedAreNotMade() async throws {
        try await Bench.with { bench in
            let job = try await bench.run(try await bench.claim()) { _, context in
                let part = context.operator("o", kind: .sink)
                var made = 0
                func record() -> JSON {
                    made += 1
                    return .string(String(repeating: "z", count: 2000))
                }
                for _ in 0..<1000 {
                    context.sample(part, ["a": record(), "b": record(), "c": record(), "d": record()])
                }
                #expect(made < 4 * 50, "256 KiB hold fewer than 50 such records: \(made)")
                return .done(.init(text: "x"))
            }
            #expect(try await bench.store.operators(of: job.id).first?.counters.offered == 1000)
        }
    }

    @Test func progressNeverFallsAndKeepsItsPhase() async throws {
        var report = ProgressReport()
        func update(
            _ completed: Double, _ total: Double?, iteration: (Int, Int?)? = nil, phase: String? = nil,
            numbers: [(name: String, value: JSON)] = []
        ) throws -> JSON {
            try JSON.parse(
                report.update(
                    completed: completed, total: total, unit: "pages",
                    iteration: iteration.map { (number: $0.0, total: $0.1) }, phase: phase, numbers: numbers))
        }
        #expect(
            try update(5, 10, iteration: (2, 20), phase: "acquiring", numbers: [("loss", 0.5), ("completed", 99)])
                == [
                    "loss": 0.5, "completed": 5, "unit": "pages", "total": 10, "percent": 50, "iteration": 2,
                    "total_iterations": 20, "phase": "acquiring",
                ])
        let later = try update(4, 20, iteration: (1, nil))
        #expect(later["completed"] == 5 && later["percent"] == 50 && later["iteration"] == 2)
        #expect(later["phase"] == "acquiring")
        let more = try update(30, 20)
        #expect(more["percent"] == 100 && more["total"] == 30, "what is done is part of the whole")
        report.carried = 10
        #expect(try update(30, nil)["carried"] == 10)
        #expect(report.units.map { $0.name == "pages" && $0.done == 20 } == true)
    }

    @Test func finishedWorkIsReadBackByTheNextAttempt() async throws {
        try await Bench.with { bench in
            let claim = try await bench.claim()
            _ = try await bench.run(claim, stop: .draining) { _, context in
                #expect(try await context.finished(as: Piece.self).isEmpty)
                for number in 1...600 as ClosedRange<Int> where number % 2 == 1 {
                    try await context.save(
                        checkpoint: ["done": number + 1], finished: [Piece(number: number), Piece(number: number + 1)],
                        operators: [("read", 40)])
                }
                return .stopped
            }
            let job = try await bench.run(try await bench.again(claim.id)) { _, context in
                #expect(try context.checkpoint(as: [String: Int].self) == ["done": 600])
                #expect(try await context.finished(as: Piece.self) == (1...600).map { Piece(number: $0) })
                try await context.save(checkpoint: ["done": 601], finished: [Piece(number: 601)])
                return .done(.init(text: "x"))
            }
            #expect(job.status == .completed)
            let newest = try await bench.store.checkpoints(of: claim.id, before: .max, limit: 2)
            #expect(newest.map(\.entries) == [601, 600])
            #expect(newest[1].operators.map { String(decoding: $0, as: UTF8.self) } == #"{"read": 40}"#)
            #expect(try newest.allSatisfy { try #require($0.startedAt) <= $0.createdAt + 1 })
        }
    }

    @Test func onlyCompletedJobsMakeHistory() async throws {
        try await Bench.with { bench in
            let durations = Durations(type: "probe", store: bench.store, log: quietLog)
            func run(_ claim: Claim, _ body: @escaping @Sendable (JobContext) throws -> Outcome<ProbeWorker.Output>)
                async throws
            {
                var executor = try bench.executor { _, context in try body(context) }
                executor.durations = durations
                await executor.execute(RunningJob(claim, grace: .seconds(1)))
            }
            try await run(try await bench.claim()) { context in
                context.report(completed: 10, total: 10, unit: "pages")
                return .done(.init(text: "x"))
            }
            try await run(try await bench.claim()) { _ in .reject(JobFailure(code: "x", message: "x")) }
            let claim = try await bench.claim()
            try await run(claim) { _ in .stopped }
            try await run(try await bench.again(claim.id)) { context in
                context.goOn(from: 4)
                context.report(completed: 6, total: 6, unit: "pages")
                return .done(.init(text: "x"))
            }
            await durations.flush()
            let history = try #require(try await bench.store.histories()["probe"])
            #expect(history.jobs.count == 1, "the second one was not done in one go")
            #expect(history.units["pages"]?.count == 2)
            await durations.flush()
            #expect(try await bench.store.histories()["probe"]?.jobs.count == 1, "nothing is added twice")
        }
    }
}
