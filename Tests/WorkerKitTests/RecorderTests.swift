import Foundation
import Jobs
import Postgres
import TestKit
import Testing

@testable import WorkerKit

@Suite struct RecorderTests {
    @Test func oneBadRecordDoesNotTakeTheOthersWithIt() async throws {
        try await Bench.with { bench in
            var claims: [Claim] = []
            for _ in 0..<12 { claims.append(try await bench.claim()) }
            let answers = await withTaskGroup(of: (Int, Result<RecordAnswer, any Error>).self) { group in
                for (index, claim) in claims.enumerated() {
                    group.addTask {
                        var ending = Ending(status: .completed, kind: "completed")
                        ending.result = Array((index % 4 == 1 ? #"{"a":"# : #"{"a":1}"#).utf8)
                        let fence = Fence(job: claim.id, attempt: claim.attempt)
                        do {
                            return (index, .success(try await bench.recorder.write(.outcome(fence, ending))))
                        } catch {
                            return (index, .failure(error))
                        }
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            for (index, claim) in claims.enumerated() {
                let status = try await bench.job(claim.id).status
                #expect(status == (index % 4 == 1 ? .running : .completed))
                switch answers[index] {
                case .success(let answer): #expect(answer == .written && index % 4 != 1)
                case .failure(let error as PostgresError): #expect(!error.isTransient && index % 4 == 1)
                default: Issue.record("no answer for \(index)")
                }
            }
        }
    }

    @Test func emptyLogsAreAnswered() async throws {
        try await Bench.with { bench in
            let claim = try await bench.claim()
            let fence = Fence(job: claim.id, attempt: claim.attempt)
            #expect(try await bench.recorder.write(.logs(fence, [])) == .written)
        }
    }
}
