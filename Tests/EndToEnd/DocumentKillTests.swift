import Foundation
import JSON
import Jobs
import Storage
import TestKit
import Testing

/// A long job whose worker dies again and again: what is finished is never begun again, and nothing shows that anybody died.
///
/// Beginnings are counted by the kernel, which tells of each input that is opened; a worker opens an input only to parse it.
@Suite(.serialized) struct DocumentKillTests {
    private static let count = 1000
    private static let kills = 10
    private static let parallelism = 3
    /// One more than are read at a time may be begun and in no checkpoint: its checkpoint is on its way while the next begins.
    private static let underWay = parallelism + 1

    /// `SWITCHYARD_TEST_SEED` repeats the moments of a run that failed.
    @Test func aWorkerKilledTenTimesInAThousandDocuments() async throws {
        let seed =
            ProcessInfo.processInfo.environment["SWITCHYARD_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 0 ... .max)
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker("DocumentsWorker")
            let inputs = try await stack.uploadDocuments(Self.count)
            let files = try FileStore(root: stack.folder + "/files")
            let watch = try OpenWatch(inputs.map(files.path))

            let calm = try await stack.submit(inputs, parallelism: Self.parallelism)
            try await stack.wait(for: [calm], toBe: .completed, within: .seconds(600))
            #expect(try watch.opened() == Set(0..<Self.count))

            let killed = try await stack.submit(inputs, parallelism: Self.parallelism)
            try await kill(worker, of: killed, on: stack, watch, seed: seed)
            try await stack.expectCompleted([calm, killed])
            try await expectSame(calm, killed, files, on: stack, "seed \(seed)")
        }
    }

    /// Kills the job's worker ten times, each time after a random number of documents and in the midst of some, and counts what is begun.
    private func kill(
        _ first: ServiceProcess, of job: UUID, on stack: Stack, _ watch: OpenWatch, seed: UInt64
    ) async throws {
        var random = Seeded(state: seed)
        var worker = first
        var finished: Set<Int> = []
        // How often each document was begun, and how often a kill found it begun and not finished.
        var beginnings = [Int](repeating: 0, count: Self.count)
        var interruptions = beginnings
        for attempt in 1...Self.kills {
            let goal = finished.count + Int.random(in: 0...85, using: &random)
            try await poll("\(goal) documents in attempt \(attempt)", within: .seconds(300), details: { stack.logs }) {
                guard try await stack.runs(job, attempt: attempt) else { return false }
                return try await stack.documentsInCheckpoint(of: job).count >= goal
            }
            try await Task.sleep(for: .microseconds(Int.random(in: 0...50_000, using: &random)))
            worker.kill()
            let begun = try watch.opened()
            let done = try await stack.documentsInCheckpoint(of: job)
            try #require(done.count < Self.count, "the job was over before kill \(attempt), seed \(seed)")
            #expect(begun.isDisjoint(with: finished), "attempt \(attempt) began finished documents, seed \(seed)")
            #expect(begun.subtracting(done).count <= Self.underWay, "attempt \(attempt), seed \(seed)")
            for place in begun { beginnings[place] += 1 }
            for place in begun.subtracting(done) { interruptions[place] += 1 }
            #expect(done.isSuperset(of: finished), "attempt \(attempt) lost documents, seed \(seed)")
            finished = done
            worker = try await stack.startWorker("DocumentsWorker")
        }
        try await stack.wait(for: [job], toBe: .completed, within: .seconds(600))
        let begun = try watch.opened()
        #expect(begun.isDisjoint(with: finished), "the last attempt began finished documents, seed \(seed)")
        for place in begun { beginnings[place] += 1 }
        let wrong = beginnings.indices.filter { !(1...1 + interruptions[$0]).contains(beginnings[$0]) }
        #expect(
            wrong.isEmpty, "begun too often, or never: \(wrong.map { ($0, beginnings[$0]) }.prefix(20)), seed \(seed)")
        #expect(beginnings.reduce(0, +) <= Self.count + Self.kills * Self.underWay, "seed \(seed)")
    }

    /// Both jobs have the same result, rows and files, byte for byte, but for ids and times.
    private func expectSame(
        _ calm: UUID, _ killed: UUID, _ files: FileStore, on stack: Stack, _ comment: Comment
    ) async throws {
        let answer = try await stack.api.get("/api/v1/jobs/\(killed.text)").json
        #expect(answer["attempt"]?.intValue == Self.kills + 1 && answer["crashes"]?.intValue == Self.kills, comment)
        let result = try await stack.result(of: calm)
        #expect(result["documents_processed"]?.intValue == Self.count)
        #expect(try await stack.result(of: killed) == result, comment)

        let rows = try await stack.rows(of: calm)
        #expect(rows.count > 4 * Self.count)
        #expect(try await stack.rows(of: killed) == rows, comment)

        let artifacts = try await stack.artifacts(of: calm)
        let others = try await stack.artifacts(of: killed)
        #expect(artifacts.map(\.line) == others.map(\.line) && artifacts.count > 2 * Self.count, comment)
        for (one, other) in zip(artifacts, others) {
            let bytes = FileManager.default.contents(atPath: files.path(of: one.id))
            let same = FileManager.default.contents(atPath: files.path(of: other.id))
            #expect(bytes != nil && bytes == same, "\(comment), \(one.line): \(Self.difference(bytes, same))")
        }
    }
}

extension DocumentKillTests {
    /// Where two files begin to differ, with what stands around it.
    fileprivate static func difference(_ one: Data?, _ other: Data?) -> String {
        guard let one, let other else { return "one is missing" }
        let place = zip(one, other).enumerated().first { $1.0 != $1.1 }?.offset ?? min(one.count, other.count)
        return [one, other].map { file in
            String(decoding: file[max(0, place - 60)..<min(file.count, place + 60)], as: UTF8.self)
        }.joined(separator: " ≠ ")
    }
}

extension Stack {
    /// Uploads small documents; answers their ids.
    fileprivate func uploadDocuments(_ count: Int) async throws -> [UUID] {
        var ids: [UUID] = []
        for number in 0..<count {
            let (name, bytes) = SmallDocument.file(number)
            let response = try await api.send("POST", "/api/v1/files?name=\(name)", body: bytes)
            ids.append(try #require(response.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(response.text)"))
        }
        return ids
    }

    fileprivate func submit(_ files: [UUID], parallelism: Int) async throws -> UUID {
        let inputs = JSON.array(files.map { ["file_id": .string($0.text)] })
        let answer = try await api.post(
            "/api/v1/jobs",
            ["type": "document_processing", "parallelism": .int(Int64(parallelism)), "spec": ["inputs": inputs]])
        return try #require(answer.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(answer.text)")
    }

    /// Whether a worker has the job, for the so manieth time.
    fileprivate func runs(_ job: UUID, attempt: Int) async throws -> Bool {
        let rows = try await database.query(
            "SELECT FROM jobs WHERE id = \(job) AND status = 'running' AND attempt = \(Int32(attempt))")
        return !rows.isEmpty
    }

    /// A job's result without the ids that come of the job's.
    fileprivate func result(of job: UUID) async throws -> JSON {
        let answer = try await api.get("/api/v1/jobs/\(job.text)").json
        var result = try #require(answer["result"]?.objectValue)
        for list in ["documents", "artifacts"] {
            result[list] = .array(try #require(result[list]?.arrayValue).map { $0.without("id") })
        }
        return .object(result)
    }

    /// The files that a job has made, in the order of their names, with what their rows say.
    fileprivate func artifacts(of job: UUID) async throws -> [(id: UUID, line: String)] {
        try await database.query(
            """
            SELECT id, concat_ws(' ', name, media_type, size, sha256) AS line FROM files WHERE job_id = \(job) ORDER BY line
            """
        ).map { (try $0.decode("id"), try $0.decode("line")) }
    }
}
