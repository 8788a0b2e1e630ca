import Config
import Foundation
import Testing

@testable import Embedding

/// Which models an operator's settings name.
@Suite struct EmbeddingModelsTests {
    private func withFolder(_ models: [String], _ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        for model in models {
            let place = folder.appendingPathComponent(model)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try "{}".write(to: place.appendingPathComponent("config.json"), atomically: true, encoding: .utf8)
        }
        // What is no model's folder is passed over.
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("A-folder"), withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(at: folder) } catch { Issue.record("\(error)") } }
        try await body(folder.path)
    }

    private func code(_ models: EmbeddingModels, _ name: String?) async -> EmbeddingError.Code? {
        do throws(EmbeddingError) {
            _ = try await models.embedder(named: name)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func withoutSettingsThereIsNone() async throws {
        let models = try EmbeddingModels(Environment([:]))
        #expect(models.standard == nil && !models.has("a"))
        #expect(await code(models, nil) == .model)
        #expect(await code(models, "a") == .model)
        let away = try EmbeddingModels(Environment(["SWITCHYARD_MODELS": "/nowhere/at-all"]))
        #expect(away.standard == nil)
    }

    @Test func theFirstFolderIsTheStandardUnlessAnotherIsNamed() async throws {
        try await withFolder(["b-model", "a-model"]) { folder in
            let models = try EmbeddingModels(Environment(["SWITCHYARD_MODELS": folder]))
            #expect(models.standard == "a-model" && models.has("b-model") && !models.has("A-folder"))
            // Its files are no model's: that is found when it is asked for, and again the next time.
            for _ in 1...2 { #expect(await code(models, nil) == .model) }
            let named = try EmbeddingModels(
                Environment(["SWITCHYARD_MODELS": folder, "SWITCHYARD_EMBEDDING_MODEL": "b-model"]))
            #expect(named.standard == "b-model")
            #expect(throws: ConfigError.self) {
                try EmbeddingModels(
                    Environment(["SWITCHYARD_MODELS": folder, "SWITCHYARD_EMBEDDING_MODEL": "none-such"]))
            }
        }
    }

    @Test func anEndpointsModelIsTheStandard() async throws {
        try await withFolder(["a-model"]) { folder in
            let settings = [
                "SWITCHYARD_MODELS": folder, "SWITCHYARD_EMBEDDING_URL": "http://127.0.0.1:9/v1",
                "SWITCHYARD_EMBEDDING_MODEL": "far-model", "SWITCHYARD_EMBEDDING_PRICE": "0.5",
            ]
            let models = try EmbeddingModels(Environment(settings))
            #expect(models.standard == "far-model" && models.has("a-model"))
            #expect(models.pricePerMillionTokens(of: "far-model") == 0.5)
            #expect(models.pricePerMillionTokens(of: "a-model") == 0)
            #expect(throws: ConfigError.self) {
                try EmbeddingModels(Environment(settings.merging(["SWITCHYARD_EMBEDDING_MODEL": ""]) { $1 }))
            }
        }
    }
}
