import Foundation
import JSON
import Jobs
import TestKit
import Testing

@testable import WorkerKit

@Suite struct JournalTests {
    private func withJournal(_ body: @Sendable (JobJournal, Bench, UUID) async throws -> Void) async throws {
        try await Bench.with { bench in
            let claim = try await bench.claim()
            let fence = Fence(job: claim.id, attempt: claim.attempt)
            try await body(JobJournal(fence: fence, recorder: bench.recorder), bench, claim.id)
        }
    }

    @Test func linesKeepTheirOrderAndGoTogether() async throws {
        try await withJournal { journal, bench, id in
            for number in 1...500 { journal.log(.info, "line \(number)", operatorName: "o", details: nil) }
            #expect(await journal.finish() == nil)
            let lines = try await bench.lines(id)
            #expect(lines.map(\.message) == (1...500).map { "line \($0)" })
            #expect(lines.map(\.number) == Array(1...500))
        }
    }

    @Test func theLastProgressIsAnsweredInsteadOfWritten() async throws {
        try await withJournal { journal, bench, id in
            for number in 1...50 { journal.report(phase: "p", progress: Array("{\"completed\":\(number)}".utf8)) }
            let last = try #require(await journal.finish())
            #expect(last.phase == "p")
            #expect(try JSON.parse(last.json) == ["completed": 50])
            #expect(try await bench.kinds(id).filter { $0 == "progress" }.count <= 2)
        }
    }

    @Test func progressIsWrittenWhileTheJobRuns() async throws {
        try await withJournal { journal, bench, id in
            journal.report(phase: nil, progress: Array(#"{"completed":1}"#.utf8))
            try await eventually("the first progress") { try await bench.job(id).progress != nil }
            journal.report(phase: nil, progress: Array(#"{"completed":2}"#.utf8))
            try await eventually("the second progress") {
                try await bench.job(id).progress.map { try JSON.parse($0) } == ["completed": 2]
            }
            #expect(await journal.finish() == nil)
        }
    }

    @Test func whatIsSaidAfterTheEndIsDropped() async throws {
        try await withJournal { journal, bench, id in
            journal.log(.info, "before", operatorName: nil, details: nil)
            _ = await journal.finish()
            journal.log(.info, "after", operatorName: nil, details: nil)
            journal.report(phase: nil, progress: Array("{}".utf8))
            #expect(await journal.finish() == nil)
            let messages = try await bench.lines(id).map(\.message)
            #expect(messages == ["before"])
        }
    }

    @Test func linesBeyondTheLimitAreDroppedWithANote() async throws {
        try await withJournal { journal, bench, id in
            for _ in 0..<(JournalEntries.maxLines + 50) { journal.log(.info, "x", operatorName: nil, details: nil) }
            _ = await journal.finish()
            let lines = try await bench.lines(id)
            #expect(lines.count == Int(JournalEntries.maxLines) + 1)
            let last = try #require(lines.last)
            #expect(last.level == .warning && last.message.contains("10000"))
        }
    }

    @Test func longAndStrangeTextIsStoredAsFarAsItGoes() async throws {
        try await withJournal { journal, bench, id in
            let texts = ["a\0b", String(repeating: "é", count: 5000), "x" + String(repeating: "𝄞", count: 3000)]
            for text in texts { journal.log(.info, text, operatorName: nil, details: nil) }
            _ = await journal.finish()
            let stored = try await bench.lines(id).map(\.message)
            #expect(stored.count == 3)
            #expect(stored.first == "a\u{FFFD}b")
            for (text, cut) in zip(texts, stored).dropFirst() {
                #expect(cut.utf8.count <= JournalEntries.maxMessageBytes && cut.utf8.count > 8180)
                #expect(cut.last == "…" && text.hasPrefix(cut.dropLast()), "cut at a whole character")
            }
        }
    }

    @Test func aLineThatCannotBeStoredDoesNotTakeItsNeighboursWithIt() async throws {
        try await withJournal { journal, bench, id in
            // The first flush starts at once; these gather behind it and go together.
            for number in 1...20 {
                let details: [UInt8]? = number % 5 == 0 ? Array(#"{"text":"#.utf8) : nil
                journal.log(.info, "line \(number)", operatorName: nil, details: details)
            }
            _ = await journal.finish()
            let wanted = (1...20).filter { $0 % 5 != 0 }.map { "line \($0)" }
            let messages = try await bench.lines(id).map(\.message)
            #expect(messages == wanted)
        }
    }
}
