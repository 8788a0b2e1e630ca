import Crypto
import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Pictures of pages, as a client asks for them and fetches them.
@Suite(.serialized) struct PageImageJobTests {
    private static let spec: JSON = ["size": 400, "thumbnail_size": 50]

    @Test func picturesAreFilesThatThePagesName() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker("DocumentsWorker")
            let damaged = makePDF([page("one"), page("two") + undrawable, page("three")])
            let archive = zip(files: [("in/inner.pdf", makePDF([page("inside")])), ("note.txt", Data("a note".utf8))])
            let files = try await stack.upload([("a.pdf", damaged), ("b.md", Data("# Title".utf8)), ("c.zip", archive)])
            let job = try await stack.draw(files, Self.spec, limits: ["memory_bytes": .int(256 << 20)])
            let result = try #require(try await stack.ok("/jobs/\(job)")["result"])
            let documents = result["documents"]?.arrayValue ?? []
            #expect(documents.map { $0["name"] } == ["a.pdf", "b.md", "c.zip", "in/inner.pdf", "note.txt"])
            #expect(documents.map { $0["page_images"]?.intValue } == [2, nil, nil, 1, nil])
            #expect(documents.allSatisfy { $0["page_images_error"] == nil && $0["status"] == "completed" })
            let failures = documents[0]["page_errors"]?.arrayValue ?? []
            #expect(failures.map { $0["page"] } == [2], "\(failures)")

            let pictures = result["artifacts"]?.arrayValue?.filter { $0["page"] != nil } ?? []
            #expect(
                pictures.map { $0["name"]?.stringValue } == [
                    "0-a.pdf.page-1.png", "0-a.pdf.page-1.thumbnail.png", "0-a.pdf.page-3.png",
                    "0-a.pdf.page-3.thumbnail.png",
                    "2-0-inner.pdf.page-1.png", "2-0-inner.pdf.page-1.thumbnail.png",
                ])
            for picture in pictures {
                let isLarge = picture["kind"] == "page_image"
                #expect(isLarge || picture["kind"] == "page_thumbnail")
                let id = try #require(picture["id"]?.stringValue)
                let answer = try await stack.api.get("/api/v1/artifacts/\(id)")
                #expect(answer.headers["content-type"] == "image/png" && picture["media_type"] == "image/png")
                #expect(
                    PictureSize(png: answer.body)
                        == (isLarge ? PictureSize(width: 283, height: 400) : PictureSize(width: 36, height: 50)))
                #expect(picture["size_bytes"]?.intValue == answer.body.count)
                #expect(picture["sha256"]?.stringValue == Hex.encode(sha256(answer.body)))
            }
            for document in documents {
                let id = try #require(document["id"]?.stringValue)
                let pages = try await stack.ok("/documents/\(id)/pages")["pages"]?.arrayValue ?? []
                for page in pages {
                    for (member, kind) in [("image", "page_image"), ("thumbnail", "page_thumbnail")] {
                        let told = pictures.first {
                            $0["path"] == document["path"] && $0["page"] == page["number"]
                                && $0["kind"]?.stringValue == kind
                        }
                        #expect(page[member]?["file_id"] == told?["id"])
                        #expect(
                            page[member]?["uri"]?.stringValue
                                == told?["id"]?.stringValue.map { "/api/v1/artifacts/\($0)" })
                    }
                }
            }
            let metrics = try await stack.ok("/jobs/\(job)/operators/render/metrics")
            #expect(metrics["records_in"]?.intValue == 2 && metrics["records_out"]?.intValue == pictures.count)
            let warnings = try await stack.ok("/jobs/\(job)/errors?operator=render")["errors"]?.arrayValue ?? []
            #expect(warnings.map { $0["level"] } == ["warning"])
            #expect(try await stack.ok("/jobs/\(job)")["progress"]?["page_images"]?.intValue == 3)
        }
    }

    @Test func limitsAreToldAndNothingIsMadeUnasked() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker("DocumentsWorker")
            let files = try await stack.upload([("a.pdf", makePDF((1...6).map { page("page \($0)") }))])
            func document(_ images: JSON, _ limits: JSON = [:]) async throws -> JSON {
                let job = try await stack.draw(files, images, limits: limits)
                let result = try await stack.ok("/jobs/\(job)")["result"]
                let pictures = result?["artifacts"]?.arrayValue?.compactMap { $0["page"]?.intValue } ?? []
                let document = try #require(result?["documents"]?[0])
                #expect(Set(pictures) == Set((1...6).prefix(document["page_images"]?.intValue ?? 0)))
                #expect(document["status"] == "completed" && document["error"] == nil && result?["errors"] == 0)
                return document
            }
            let few = try await document(Self.spec, ["image_pages": 4])
            #expect(few["page_images"] == 4 && few["page_images_error"]?["code"] == "too_many_pages")
            let all = try await document(["format": "jpeg"])
            #expect(all["page_images"] == 6 && all["page_images_error"] == nil)
            let none = try await document(Self.spec, ["image_bytes": 100])
            #expect(none["page_images"] == 0 && none["page_images_error"]?["code"] == "too_large")
            let unasked = try await document(.null)
            #expect(unasked["page_images"] == nil && unasked["page_images_error"] == nil)
            for bad: JSON in [["size": 10], ["format": "gif"], ["thumbnail_size": -1], ["other": 1], true] {
                let answer = try await stack.submit(files, bad, limits: [:])
                #expect(answer.status == 422, "\(bad): \(answer.text)")
            }
        }
    }

    @Test("kill -9 of the documents worker among the pictures of a PDF") func killedBetweenPictures() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker("DocumentsWorker")
            let files = try await stack.upload([("a.pdf", makePDF((1...250).map { page("page \($0)") }))])
            let images: JSON = ["size": 200, "thumbnail_size": 64]
            let answer = try await stack.submit(files, images, limits: ["image_pages": 240])
            let job = try #require(answer.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(answer.text)")
            try await poll("pictures in a checkpoint, and others behind them", details: { stack.logs }) {
                try await stack.picturesInCheckpoint(of: job).isEmpty == false
            }
            worker.kill()
            let kept = try await stack.picturesInCheckpoint(of: job)
            #expect(kept.count < 3, "the job was over before the kill")
            try await stack.startWorker("DocumentsWorker")
            try await stack.expectCompleted([job])
            #expect(try await stack.picturesInCheckpoint(of: job) == [1, 101, 201], "each once")

            let calm = try await stack.draw(files, images, limits: ["image_pages": 240])
            func pictures(_ job: String) async throws -> [JSON] {
                let result = try await stack.ok("/jobs/\(job)")["result"]
                return (result?["artifacts"]?.arrayValue ?? []).map { $0.without("id") }
            }
            let (first, second) = (try await pictures(job.text), try await pictures(calm))
            #expect(first == second && first.count == 2 * 240 + 3)
            // What was made and is in no result would stay for nobody.
            let rows = try await stack.database.query("SELECT count(*) AS n FROM files WHERE job_id = \(job)")
            #expect(try rows[0].decode("n", as: Int.self) == first.count)
        }
    }
}

extension Stack {
    /// Uploads files; answers their ids.
    fileprivate func upload(_ files: [(name: String, content: Data)]) async throws -> [JSON] {
        var ids: [JSON] = []
        for (name, content) in files {
            let response = try await api.send("POST", "/api/v1/files?name=\(name)", body: Array(content))
            ids.append(try #require(response.json["id"], "\(response.text)"))
        }
        return ids
    }

    fileprivate func submit(_ files: [JSON], _ images: JSON, limits: JSON) async throws -> HTTPClient.Response {
        let spec: JSON = [
            "inputs": .array(files.map { ["file_id": $0] }), "page_images": images, "limits": limits,
        ]
        return try await api.post("/api/v1/jobs", ["type": "document_processing", "spec": spec])
    }

    /// Has files read with pictures of their pages; answers the job when it has completed.
    fileprivate func draw(_ files: [JSON], _ images: JSON, limits: JSON) async throws -> String {
        let answer = try await submit(files, images, limits: limits)
        let id = try #require(answer.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(answer.text)")
        try await expectCompleted([id])
        return id.text
    }

    /// The first pages of the ranges whose pictures the checkpoints tell of.
    fileprivate func picturesInCheckpoint(of job: UUID) async throws -> [Int] {
        let rows = try await database.query(
            """
            SELECT (entry->>'firstPage')::bigint AS page FROM checkpoint_entries
            WHERE job_id = \(job) AND entry->'images' IS NOT NULL ORDER BY 1
            """)
        return try rows.map { try $0.decode("page", as: Int.self) }
    }
}
