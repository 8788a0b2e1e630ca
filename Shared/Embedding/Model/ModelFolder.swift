import Foundation
import JSON

/// A folder with a model's files, as model hubs lay them out.
struct ModelFolder: Sendable {
    /// The most bytes of a settings file; a `tokenizer.json` of 100,000 tokens has about 3 MB.
    private static let limit = 64 << 20

    let path: String

    /// The model's name: that of its folder.
    var name: String { URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

    /// The JSON of a file; nil where there is no such file.
    func json(_ name: String) throws(EmbeddingError) -> JSON? {
        guard let bytes = try bytes(name) else { return nil }
        do {
            return try JSON.parse(bytes)
        } catch {
            throw EmbeddingError(.model, "\(file(name)) is no JSON: \(error)")
        }
    }

    /// The text of a file; nil where there is no such file.
    func text(_ name: String) throws(EmbeddingError) -> String? {
        guard let bytes = try bytes(name) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw EmbeddingError(.model, "\(file(name)) is no UTF-8.")
        }
        return text
    }

    /// The bytes of a file; nil where there is no such file.
    func bytes(_ name: String) throws(EmbeddingError) -> [UInt8]? {
        guard has(name) else { return nil }
        let mapped = try MappedFile(path: file(name))
        guard mapped.bytes.count <= Self.limit else {
            throw EmbeddingError(.model, "\(file(name)) has more than \(Self.limit >> 20) MiB.")
        }
        return Array(mapped.bytes)
    }
}
