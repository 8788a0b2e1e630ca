import Foundation
import JSON
import WorkerKit

/// What becomes of a file.
struct FileChange: Sendable {
    enum Action: Sendable {
        case write([UInt8], mode: PullRequest.File.Mode?)
        case delete
    }

    let path: String
    let action: Action
}

/// The files of a job, read and checked.
struct ChangeLoader {
    /// The most bytes of a file; the providers take no more by their APIs.
    private static let mostFileBytes = 40 << 20
    private static let mostBytes = 100 << 20

    let files: JobFiles
    let template: Template

    /// - Throws: `JobFailure` for a path or content that cannot be.
    func load(_ asked: [PullRequest.File]) async throws -> [FileChange] {
        var changes: [FileChange] = []
        var paths: Set<String> = []
        var size = 0
        for file in asked {
            let path = try template.fill(file.path)
            try RepositoryPath.check(path)
            guard paths.insert(path).inserted else {
                throw JobFailure(code: "invalid_path", message: "\"\(path)\" stands twice among the files.")
            }
            let content = try await content(of: file, path)
            size += content?.count ?? 0
            guard size <= Self.mostBytes else {
                throw JobFailure(
                    code: "too_large", message: "The files have over \(Self.mostBytes >> 20) MiB together.")
            }
            changes.append(FileChange(path: path, action: content.map { .write($0, mode: file.mode) } ?? .delete))
        }
        // A file cannot be a folder at the same time.
        for path in paths {
            var parent = path[...]
            while let slash = parent.lastIndex(of: "/") {
                parent = parent[..<slash]
                guard !paths.contains(String(parent)) else {
                    throw JobFailure(
                        code: "invalid_path", message: "\"\(parent)\" is a file, and \"\(path)\" lies below it.")
                }
            }
        }
        return changes
    }

    private func content(of file: PullRequest.File, _ path: String) async throws -> [UInt8]? {
        if let text = file.content { return Array(text.utf8) }
        if let text = file.base64 {
            guard let data = Data(base64Encoded: text) else {
                throw JobFailure(code: "invalid_content", message: "The content of \"\(path)\" is no base64.")
            }
            return Array(data)
        }
        guard let id = file.artifact else { return nil }
        let (record, reader) = try await files.open(id)
        guard record.size <= Self.mostFileBytes else {
            throw JobFailure(
                code: "too_large",
                message: "\(record.name) has \(record.size) bytes, and a file at most \(Self.mostFileBytes >> 20) MiB.")
        }
        var bytes: [UInt8] = []
        while let piece = try await reader.next() { bytes += piece }
        return bytes
    }
}
