import Crypto
import Foundation
import HTTPClient
import HTTPServer
import JSON
import Jobs
import Storage

extension Gateway {
    /// `POST /files`: the body is the file; it is streamed to the store and hashed on the way. The row is written after the content is
    /// safe there: a crash between the two leaves an unnamed file, which the sweep knows of, never a name without its file.
    func uploadFile(_ call: Call) async throws -> HTTPResponse {
        let type = call.request.headers["Content-Type"] ?? "application/octet-stream"
        guard !type.hasPrefix("multipart/") else { throw Problem.unsupportedMediaType }
        let name = call.request.query("name") ?? "file"
        guard (1...255).contains(name.utf8.count), !name.contains("/"), !name.utf8.contains(where: { $0 < 32 }) else {
            throw Problem.invalidParameter("name", "a file name of 1 to 255 bytes without slashes")
        }
        let id = UUIDv7.generate()
        try await store.expectFiles([id], of: nil)
        let stored = try await write(call.request.body, id: id)
        let file = FileRecord(
            id: id, namespace: call.namespace, job: nil, name: name, mediaType: String(type.prefix(200)),
            size: Int64(stored.size), sha256: stored.sha256)
        try await store.add([file])
        return HTTPResponse(file, status: 201, headers: [("Location", "/api/v1/artifacts/" + id.text)])
    }

    /// `GET /artifacts/{id}`: the content of a produced or uploaded file.
    func getArtifact(_ call: Call) async throws -> HTTPResponse {
        guard let id = UUID(text: call.parameters[0]), let file = try await store.file(id, namespace: call.namespace)
        else {
            throw Problem.notFound("artifact")
        }
        return try await download(file, call.request)
    }

    /// A name for those that know RFC 6266's extended form, and one in plain ASCII for the others.
    static func disposition(_ name: String) -> String {
        let plain = String(
            name.unicodeScalars.map {
                (0x20..<0x7F).contains($0.value) && $0 != "\"" && $0 != "\\" ? Character($0) : "_"
            })
        return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(WebURL.encoded(name))"
    }

    private func write(_ body: RequestBody, id: UUID) async throws -> StoredFile {
        do {
            switch body {
            case .none: return try await content.write(id: id, bytes: [])
            case .bytes(let bytes): return try await content.write(id: id, bytes: bytes)
            case .stream(let chunks):
                return try await content.write(id: id, limit: configuration.maxUpload, chunks: chunks)
            }
        } catch let error as StorageError {
            if case .tooLarge = error.kind { throw Problem.tooLarge(configuration.maxUpload) }
            throw error
        }
    }
}
