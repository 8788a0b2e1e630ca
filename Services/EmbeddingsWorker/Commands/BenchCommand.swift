import Embedding
import Foundation
import JSON

/// Embeds sets of texts whenever standard input names one, and tells how long each took; Tests/Embeddings/bench is what asks.
enum BenchCommand {
    static let argument = "bench"

    static func run(_ arguments: [String]) async -> Int32 {
        guard let options = ModelOptions(arguments), let path = options.others.first else { return EX_USAGE }
        do {
            let sets = try JSON.parse(Data(contentsOf: URL(fileURLWithPath: path))).decode([String: [String]].self)
            let embedder = try await options.embedder()
            tell(["ready": true])
            while let name = readLine() {
                guard let texts = sets[name] else { return EX_DATAERR }
                tell(try await measure(texts, embedder))
            }
            return EX_OK
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            return EX_SOFTWARE
        }
    }

    private static func measure(_ texts: [String], _ embedder: LocalEmbedder) async throws(EmbeddingError) -> JSON {
        let before = await embedder.work
        let start = ContinuousClock.now
        let results = try await embedder.embed(texts, as: .passage)
        let elapsed = ContinuousClock.now - start
        let after = await embedder.work
        var tokens = 0
        for result in results { tokens += try result.get().tokens }
        return [
            "seconds": .double(seconds(elapsed)), "tokens": .int(Int64(tokens)),
            "busy_seconds": .double(seconds(after.busy - before.busy)),
            "product_seconds": .double(seconds(after.products - before.products)),
            "product_operations": .int(Int64(after.operations - before.operations)),
        ]
    }

    private static func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }

    private static func tell(_ value: JSON) {
        print(value)
        fflush(nil)
    }
}
