import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Hostile files of all kinds as inputs of real jobs, a sound document behind each.
///
/// `Tests/Hostile/make.py` makes the files, and its table says how each may end. What they try to reach lies beside the job and is
/// watched: files, names of files, a web server.
@Suite(.serialized) struct HostileJobTests {
    /// The worker itself holds texts, never what a child takes to make them.
    private static let mostResidentBytes = 400 << 20
    /// Documents of a job; a hostile one and a sound one each.
    private static let pairsOfJob = 40

    @Test func hostileFilesCostThemselvesOnly() async throws {
        // Gigabytes go through the disk: a flush may take longer than the short lease of the other tests.
        try await withStack(settings: ["SWITCHYARD_LEASE": "60s", "SWITCHYARD_LOST_AFTER": "60s"]) { stack in
            let web = try Receiver()
            let place = try HostilePlace(in: stack.folder)
            let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Hostile/make.py").path
            _ = try await runScript(
                "python3 '\(script)' '\(place.files)' '\(place.canaries)' '\(web.url("/entity"))'", in: place.home,
                seconds: 180)
            let table = try JSONDecoder().decode(
                [HostileFile].self, from: Data(contentsOf: URL(filePath: place.files + "/table.json")))
            #expect(table.count >= 80)

            try await stack.startGateway()
            let worker = try await stack.startWorker(
                "DocumentsWorker",
                ["SWITCHYARD_FILE_ROOTS": place.files, "HOME": place.home, "TMPDIR": place.temporary])
            let watch = try place.watch()
            let batches = Dictionary(grouping: table, by: \.family).values.flatMap { family in
                stride(from: 0, to: family.count, by: Self.pairsOfJob).map {
                    Array(family[$0...].prefix(Self.pairsOfJob))
                }
            }
            var jobs: [(id: UUID, files: [HostileFile])] = []
            for files in batches { jobs.append((try await stack.submit(files, in: place.files), files)) }
            try await stack.wait(for: jobs.map(\.id), toBe: .completed, within: .seconds(600))
            for (id, files) in jobs { try await stack.expect(files, in: id) }

            #expect(worker.isRunning)
            #expect(try worker.residentPeak() < Self.mostResidentBytes)
            #expect(web.requests.isEmpty)
            await web.stop()
            let touched = try watch.events()
            #expect(touched.isEmpty, "\(touched.prefix(20))")
            try place.expectUntouched()
            try await stack.expectNothingButArtifacts(without: place.secrets)
        }
    }
}

/// A line of the table that `Tests/Hostile/make.py` writes.
private struct HostileFile: Decodable {
    let name: String
    let family: String
    /// How its document may end: `completed`, `completed, CODE` for one that is not whole, or the code of its error.
    let ends: [String]
    /// How many documents inside it end in which way; nil where chance decides.
    let members: [String: Int]?
    /// What stands in its text, when it is completed.
    let shown: String?
    /// The sound file behind it, and that one's text.
    let after: String
    let text: String
}

extension Stack {
    /// A job of hostile files, each with the sound one behind it.
    fileprivate func submit(_ files: [HostileFile], in folder: String) async throws -> UUID {
        let inputs = files.flatMap { [$0.name, $0.after] }.map { ["url": .string("file://\(folder)/\($0)")] as JSON }
        let submitted = try await api.post(
            "/api/v1/jobs", ["type": "document_processing", "spec": ["inputs": .array(inputs)]])
        return try #require(submitted.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(submitted.text)")
    }

    /// Whether each file of a job ended as the table says, and each sound one in its text.
    fileprivate func expect(_ files: [HostileFile], in job: UUID) async throws {
        let answer = try await api.get("/api/v1/jobs/\(job.text)").json
        #expect(answer["attempt"]?.intValue == 1)
        #expect(answer["crashes"]?.intValue == 0)
        let documents = Dictionary(grouping: answer["result"]?["documents"]?.arrayValue ?? []) {
            $0["index"]?.intValue ?? -1
        }
        let artifacts = Dictionary(
            uniqueKeysWithValues: (answer["result"]?["artifacts"]?.arrayValue ?? [])
                .filter { $0["kind"]?.stringValue == "text" }.map { ($0["path"]?.stringValue, $0["id"]?.stringValue) })
        func text(_ path: Int) async throws -> String {
            let id = try #require(artifacts["\(path)"] ?? nil, "document \(path) of \(job.text) has no text")
            return try await api.get("/api/v1/artifacts/\(id)").text
        }
        for (number, file) in files.enumerated() {
            let own = documents[2 * number] ?? []
            let end = own.first.map(Self.end) ?? "missing"
            #expect(file.ends.contains(end), "\(file.name): \(own.first?["error"]?["message"]?.stringValue ?? "")")
            let members = Dictionary(own.dropFirst().map { (Self.end(of: $0), 1) }, uniquingKeysWith: +)
            if let expected = file.members { #expect(members == expected, "\(file.name)") }
            if let shown = file.shown, end.hasPrefix("completed") {
                #expect(try await text(2 * number).contains(shown), "\(file.name)")
            }
            let sound = documents[2 * number + 1] ?? []
            #expect(sound.map(Self.end) == ["completed"], "\(file.after) behind \(file.name)")
            #expect(try await text(2 * number + 1) == file.text, "\(file.after) behind \(file.name)")
        }
    }

    private static func end(of document: JSON) -> String {
        let status = document["status"]?.stringValue ?? "missing"
        guard let code = document["error"]?["code"]?.stringValue else { return status }
        return status == "failed" ? code : "\(status), \(code)"
    }

    /// Whether the store holds the files that the database knows, no others, and none of these words in them.
    fileprivate func expectNothingButArtifacts(without secrets: [Data]) async throws {
        let rows = try await database.query("SELECT id::text AS id FROM files")
        let known = Set(try rows.map { try $0.decode("id", as: String.self) })
        let store = URL(filePath: folder + "/files")
        var found: Set<String> = []
        let entries = FileManager.default.enumerator(at: store, includingPropertiesForKeys: [.isRegularFileKey])
        while let file = entries?.nextObject() as? URL {
            guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
            found.insert(file.lastPathComponent)
            let content = try Data(contentsOf: file, options: .mappedIfSafe)
            #expect(secrets.allSatisfy { content.range(of: $0) == nil }, "\(file.path)")
        }
        // The gateway's own stands there as well.
        #expect(found == known.union(["webhook.key"]))
    }
}
