import Config
import Foundation
import HTTPClient

extension HTTPEmbedderSettings {
    /// Reads `SWITCHYARD_EMBEDDING_URL`, `…_MODEL`, `…_KEY` and what else begins so; nil where no URL is set, which means that there is
    /// no endpoint.
    public init?(_ environment: Environment) throws(ConfigError) {
        func name(_ setting: String) -> String { "SWITCHYARD_EMBEDDING_\(setting)" }
        guard environment.contains(name("URL")) else { return nil }
        let text = try environment.url(name("URL"), schemes: ["http", "https"]).absoluteString
        let base: WebURL
        do throws(WebError) { base = try WebURL(text) } catch {
            throw ConfigError(name: name("URL"), found: .hidden, wanted: "the URL of an endpoint: \(error.message)")
        }
        self.init(base: base, model: try environment.string(name("MODEL")))
        if environment.contains(name("KEY")) { key = try environment.secret(name("KEY")) }
        if environment.contains(name("DIMENSIONS")) {
            dimensions = try environment.int(name("DIMENSIONS"), range: 1...ProviderAnswer.mostDimensions)
        }
        maxTokens = try environment.int(name("MAX_TOKENS"), default: maxTokens, range: 8...1_000_000)
        batch.items = try environment.int(name("BATCH_ITEMS"), default: batch.items, range: 1...10_000)
        batch.tokens = try environment.int(name("BATCH_TOKENS"), default: batch.tokens, range: 1...10_000_000)
        batch.bytes = try environment.bytes(name("BATCH_BYTES"), default: batch.bytes, range: 1024...(64 << 20))
        concurrency = try environment.int(name("CONCURRENCY"), default: concurrency, range: 1...256)
        patience.timeout = try environment.duration(
            name("TIMEOUT"), default: patience.timeout, range: .milliseconds(100)...(.seconds(3600)))
        patience.tries = try environment.int(name("TRIES"), default: patience.tries, range: 1...100)
        patience.total = try environment.duration(
            name("PATIENCE"), default: patience.total, range: .milliseconds(100)...(.seconds(86_400)))
        encoding = try environment.choice(name("ENCODING"), default: encoding)
        pricePerMillionTokens = try Self.price(environment, name("PRICE"))
        queryPrefix = try environment.string(name("QUERY_PREFIX"), default: "")
        passagePrefix = try environment.string(name("PASSAGE_PREFIX"), default: "")
        guard room >= Self.leastRoom else {
            throw ConfigError(
                name: name("MAX_TOKENS"), found: .text(String(maxTokens)),
                wanted: "at least \(maxTokens - room + Self.leastRoom), as the prefixes have about \(maxTokens - room)")
        }
    }

    private static func price(_ environment: Environment, _ name: String) throws(ConfigError) -> Double {
        let text = try environment.string(name, default: "0")
        guard let price = Double(text), price.isFinite, price >= 0 else {
            throw ConfigError(name: name, found: .text(text), wanted: "what a million tokens cost, such as 0.02")
        }
        return price
    }
}
