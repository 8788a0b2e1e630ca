import Foundation
import HTTPClient
import WorkerKit

/// The file that a document is read from.
struct DocumentSource: Sendable {
    let document: OpenDocument
    let name: String
    let mediaType: String?
    let size: Int64
    /// In lower-case hexadecimal.
    let sha256: String
}

/// Where a document comes from.
enum DocumentOrigin: Sendable {
    case input(DocumentProcessing.Input)
    case member(Member)

    /// The name that somebody else than the file gave.
    var givenName: String? {
        switch self {
        case .input(let input): input.name
        case .member(let member): member.name
        }
    }

    /// What a document that is to be fetched is called until its server says its name. Of a URL that is none, fetching it tells.
    var nameInURL: String? {
        guard case .input(let input) = self, let text = input.webURL else { return nil }
        do { return FetchedName.of(try WebURL(text)) } catch { return nil }
    }

    /// Finds or fetches the file.
    ///
    /// - Parameter onRetry: told before fetching is tried again, with the reason and the wait.
    func open(
        with tools: DocumentTools, limits: ExtractionLimits,
        onRetry: @escaping @Sendable (JobFailure, Duration) -> Void
    ) async throws -> DocumentSource {
        switch self {
        case .member(let member):
            let (document, size, sha256) = try member.open()
            return DocumentSource(
                document: document, name: member.name, mediaType: member.declaredType, size: Int64(size),
                sha256: sha256)
        case .input(let input):
            if let id = input.fileID {
                let (record, content) = try await tools.context.files.file(id)
                return DocumentSource(
                    document: try content.withPath(OpenDocument.init(path:)), name: record.name,
                    mediaType: record.mediaType,
                    size: record.size, sha256: record.sha256)
            }
            if let url = input.webURL {
                let fetched = try await tools.fetcher.fetch(url, limits: limits, onRetry: onRetry)
                return DocumentSource(
                    document: OpenDocument(fetched.file), name: fetched.name, mediaType: fetched.mediaType,
                    size: Int64(fetched.size), sha256: fetched.sha256)
            }
            return try Self.open(local: input.url ?? "", in: tools.context.files)
        }
    }

    private static func open(local url: String, in files: JobFiles) throws -> DocumentSource {
        let path = try files.path(of: url)
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw JobFailure(code: "unreadable", message: "\(url) is not a readable file.")
        }
        return DocumentSource(
            document: try OpenDocument(path: path), name: String(path.split(separator: "/").last ?? "document"),
            mediaType: nil, size: Int64(status.st_size), sha256: try FileDigest.sha256(ofFile: path))
    }
}
