import HTTPServer
import JSON
import Jobs

extension Gateway {
    var documentRoutes: RouteGroup {
        RouteGroup(
            name: "Documents", description: "What jobs have read: documents, their pages and their chunks.",
            routes: [
                Route(
                    "listDocuments", "GET", "/api/v1/documents", .read, "Lists documents",
                    details: "The newest job's first, those of a job in the order of their paths.",
                    query: [
                        QueryParameter(
                            "job_id", .uuid,
                            "Only documents of this job; once it has completed, also those of a job that it went on from."
                        ),
                        QueryParameter(
                            "status", .word(DocumentStatus.allCases.map(\.rawValue)), "Only documents that ended so."),
                        .limit, .cursor,
                    ],
                    answers: [.page("documents", of: DocumentRecord.self, "A page of documents.")], listDocuments),
                Route(
                    "getDocument", "GET", "/api/v1/documents/{document}", .read,
                    "Reads what a document says about itself",
                    answers: [.json(DocumentRecord.self, "The document.")], getDocument),
                Route(
                    "listDocumentPages", "GET", "/api/v1/documents/{document}/pages", .read,
                    "Lists a document's pages with their texts", details: Self.shortPages,
                    query: [.limit, .cursor],
                    answers: [.page("pages", of: DocumentPage.self, "A page of pages, in order.")],
                    listDocumentPages),
                Route(
                    "listDocumentChunks", "GET", "/api/v1/documents/{document}/chunks", .read,
                    "Lists a document's chunks with their texts", details: Self.shortPages,
                    query: [
                        QueryParameter("page", .integer(1...Int(Int32.max)), "Only chunks that begin on this page."),
                        .limit, .cursor,
                    ],
                    answers: [.page("chunks", of: DocumentChunk.self, "A page of chunks, in order.")],
                    listDocumentChunks),
            ])
    }

    static let shortPages =
        "Answers fewer than `limit` where their texts have more than \(JobStore.maxTextBytes >> 20) MiB together; "
        + "`next_cursor` tells whether there are more."
}
