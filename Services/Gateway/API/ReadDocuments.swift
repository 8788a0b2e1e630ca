import Crypto
import Foundation
import HTTPServer
import Jobs

extension Gateway {
    /// `GET /documents`: filtered, in order, page by page.
    func listDocuments(_ call: Call) async throws -> HTTPResponse {
        var filter = DocumentFilter(limit: call.limit())
        filter.job = call.uuid("job_id")
        filter.status = call.text("status").flatMap(DocumentStatus.init(rawValue:))
        filter.after = try call.text("cursor").map(Cursor.document)
        let documents = try await store.documents(filter, namespace: call.namespace)
        return .page("documents", documents, limit: filter.limit, cursor: Cursor.text(after:))
    }

    /// `GET /documents/{id}`.
    func getDocument(_ call: Call) async throws -> HTTPResponse { HTTPResponse(try await document(call)) }

    /// `GET /documents/{id}/pages`: in order, with their texts, page by page.
    func listDocumentPages(_ call: Call) async throws -> HTTPResponse {
        let position = try call.text("cursor").map(Cursor.number) ?? 0
        let pages = try await store.pages(of: try await document(call), after: position, limit: call.limit())
        return .page("pages", pages) { $0.number }
    }

    /// `GET /documents/{id}/chunks`: in order, with their texts, page by page.
    func listDocumentChunks(_ call: Call) async throws -> HTTPResponse {
        let position = try call.text("cursor").map(Cursor.number) ?? -1
        let chunks = try await store.chunks(
            of: try await document(call), page: call.integer("page").map { Int32(clamping: $0) }, after: position,
            limit: call.limit())
        return .page("chunks", chunks) { $0.index }
    }

    private func document(_ call: Call) async throws -> DocumentRecord {
        guard let id = UUID(text: call.parameters[0]),
            let document = try await store.document(id, namespace: call.namespace)
        else { throw Problem.notFound("document") }
        return document
    }
}

extension HTTPResponse {
    /// A page of a document's parts, which may be short though more come.
    fileprivate static func page<Part: DocumentPart & Representation>(
        _ name: StaticString, _ found: DocumentParts<Part>, number: (Part) -> Int32
    ) -> HTTPResponse {
        page(name, found.parts, next: found.hasMore ? found.parts.last.map { Cursor.text(number: number($0)) } : nil)
    }
}

extension Cursor {
    static func text(after document: DocumentRecord) -> String {
        Base64URL.encode(Array("d\(document.job.text)/\(document.path.slashed)".utf8))
    }

    static func document(_ text: String) throws -> DocumentFilter.Position {
        guard let bytes = Base64URL.decode(text), bytes.first == UInt8(ascii: "d") else { throw Problem.invalidCursor }
        let parts = String(decoding: bytes.dropFirst(), as: UTF8.self).split(
            separator: "/", omittingEmptySubsequences: false)
        let path = parts.dropFirst().compactMap { Int32($0) }
        guard let job = UUID(text: String(parts[0])), !path.isEmpty, path.count == parts.count - 1 else {
            throw Problem.invalidCursor
        }
        return (job, path)
    }
}
