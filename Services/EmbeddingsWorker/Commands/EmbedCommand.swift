import Embedding
import Foundation
import JSON

/// Embeds texts from standard input, a JSON string on each line, and prints a JSON object for each.
enum EmbedCommand {
    static let argument = "embed"
    static let usage = "embed \(ModelOptions.usage) [--tokens] <texts >vectors"

    /// So many lines are read before vectors are printed.
    private static let block = 1024

    static func run(_ arguments: [String]) async -> Int32 {
        guard let options = ModelOptions(arguments), options.others.allSatisfy({ $0 == "--tokens" }) else {
            return fail("usage: EmbeddingsWorker \(usage)", EX_USAGE)
        }
        do {
            let embedder = try await options.embedder()
            while let texts = try nextTexts() {
                for (text, result) in try await zip(texts, embedder.embed(texts, as: .passage)) {
                    print(try line(text, result, embedder, showsTokens: !options.others.isEmpty))
                }
            }
            return EX_OK
        } catch let error as EmbeddingError {
            return fail(error.message, EX_CONFIG)
        } catch {
            return fail("A line is no JSON string: \(error)", EX_DATAERR)
        }
    }

    private static func nextTexts() throws -> [String]? {
        var texts: [String] = []
        while texts.count < block, let line = readLine() {
            texts.append(try JSON.parse(line).decode(String.self))
        }
        return texts.isEmpty ? nil : texts
    }

    private static func line(
        _ text: String, _ result: Result<EmbeddedText, EmbeddingError>, _ embedder: LocalEmbedder, showsTokens: Bool
    ) throws -> JSON {
        switch result {
        case .success(let embedded):
            var line: JSONObject = ["vector": .array(embedded.vector.map { .double(Double($0)) })]
            if showsTokens {
                line["tokens"] = .array(try embedder.tokenIDs(of: text, as: .passage).map { .int(Int64($0)) })
            }
            return .object(line)
        case .failure(let error): return ["code": .string(error.code.rawValue), "message": .string(error.message)]
        }
    }

    private static func fail(_ message: String, _ status: Int32) -> Int32 {
        FileHandle.standardError.write(Data("\(message)\n".utf8))
        return status
    }
}
