import Concurrency
import Crypto
import HTTPClient

/// Turns texts into vectors by an endpoint that speaks as OpenAI's does: `POST /v1/embeddings`, also of Text Embeddings Inference,
/// Ollama and vLLM.
///
/// - Texts go in batches of limited items, tokens and bytes, some at a time.
/// - 429, 5xx, broken connections and answers that cannot be read are no text's fault: see `ProviderPace` and `EmbeddingProvider`.
/// - A batch that the endpoint refuses is cut in two until the text that it refuses is alone. Where it refuses all texts of a call, and the probe too, it is the
///   endpoint's fault, and no text's.
/// - A text whose vector is missing or none is asked for once more, alone.
///
/// Whoever embeds much gives it in parts: what `embed` throws concerns all texts of the call.
public final class HTTPEmbedder: Embedder {
    /// A text on its way.
    private struct Item: Sendable {
        let index: Int
        let text: String
        let tokens: Int
    }

    private typealias Solved = (index: Int, result: Result<EmbeddedText, EmbeddingError>)

    /// Whose vectors they are; its revision tells endpoints, dimensions and prefixes of passages apart.
    public let model: EmbeddingModel
    /// Estimates, as the model's own is not known.
    public var tokenizer: any TextTokenizer { estimator }

    private let settings: HTTPEmbedderSettings
    private let provider: EmbeddingProvider
    private let permits: Permits
    private let estimator = EstimatingTokenizer()

    private init(_ settings: HTTPEmbedderSettings, _ provider: EmbeddingProvider, dimensions: Int) {
        // What a query begins with changes no vector that is kept.
        let parts = [settings.base.text, String(dimensions), settings.passagePrefix]
        // Lengths keep apart what would be the same text in a row.
        let identity = parts.map { "\($0.utf8.count):\($0)" }.joined()
        model = EmbeddingModel(
            name: settings.model, revision: Hex.encode(Array(sha256(identity).prefix(8))), dimensions: dimensions,
            maxTokens: settings.room)
        self.settings = settings
        self.provider = provider
        permits = Permits(count: settings.concurrency)
    }

    /// Asks the endpoint for the vector of one word: so its dimensions are known, and settings that it refuses are found at once.
    ///
    /// - Parameter client: sends the requests; its address policy has to allow the endpoint.
    /// - Throws: `unavailable`, `denied`, `model` when it gives no vector of the dimensions that were asked for, `cancelled`.
    public static func connect(
        _ settings: HTTPEmbedderSettings, client: WebClient
    ) async throws(EmbeddingError) -> HTTPEmbedder {
        let provider = try EmbeddingProvider(settings, client: client)
        let answer = try await probe(provider, settings)
        guard case .success(let vector)? = answer.vectors.first else {
            let fault = answer.vectors.first?.fault?.message ?? "the answer is empty"
            throw EmbeddingError(.model, "the model \(settings.model) gives no vector for a probe: \(fault)")
        }
        return HTTPEmbedder(settings, provider, dimensions: vector.count)
    }

    /// Asks for the vector of one word, which no endpoint has a reason to refuse.
    @discardableResult
    private static func probe(
        _ provider: EmbeddingProvider, _ settings: HTTPEmbedderSettings
    ) async throws(EmbeddingError) -> ProviderAnswer {
        switch try await provider.ask(
            [settings.passagePrefix + "probe"], estimate: 1, dimensions: settings.dimensions)
        {
        case .answered(let answer): return answer
        case .refused(let words):
            throw EmbeddingError(.denied, "the embedding provider at \(settings.base.origin) refuses a probe: \(words)")
        }
    }

    /// What was asked of the endpoint so far, the probe included.
    public var counters: HTTPEmbedderCounters { provider.counters }

    /// The vector of each text, in order, or why it has none: `empty`, `tooLong`, `refused`, `badVector`.
    ///
    /// Where the endpoint tells the tokens of a batch only, its texts share them by what they are thought to have.
    ///
    /// - Throws: `unavailable`, `denied`, `cancelled`.
    public func embed(
        _ texts: [String], as role: TextRole
    ) async throws(EmbeddingError) -> [Result<EmbeddedText, EmbeddingError>] {
        var results: [Result<EmbeddedText, EmbeddingError>] = Array(
            repeating: .failure(EmbeddingError(.empty, "the text is empty")), count: texts.count)
        var items: [Item] = []
        for (index, text) in texts.enumerated() where text.utf8.contains(where: { !$0.isASCIIBlank }) {
            let prefixed = settings.prefix(role) + text
            // Of the text alone: what is cut to the limit must fit, however its beginning goes with the prefix.
            let tokens = estimator.count(of: text)
            if tokens > settings.room || prefixed.utf8.count > settings.batch.bytes {
                results[index] = .failure(tooLong(tokens))
            } else {
                items.append(Item(index: index, text: prefixed, tokens: estimator.count(of: prefixed)))
            }
        }
        let all = try await solve(batches(of: items))
        if !all.isEmpty, all.allSatisfy({ $0.result.fault?.code == .refused }) {
            try await Self.probe(provider, settings)
        }
        for solved in all { results[solved.index] = solved.result }
        return results
    }

    private func tooLong(_ tokens: Int) -> EmbeddingError {
        EmbeddingError(
            .tooLong,
            "the text has about \(tokens) tokens; \(settings.room), and \(settings.batch.bytes) bytes, are the limit"
        )
    }

    private func batches(of items: [Item]) -> [ArraySlice<Item>] {
        let limits = settings.batch
        var batches: [ArraySlice<Item>] = []
        var (start, tokens, bytes) = (0, 0, 0)
        for (index, item) in items.enumerated() {
            let size = item.text.utf8.count
            let isFull =
                index - start >= limits.items || tokens + item.tokens > limits.tokens || bytes + size > limits.bytes
            if isFull, index > start {
                batches.append(items[start..<index])
                (start, tokens, bytes) = (index, 0, 0)
            }
            tokens += item.tokens
            bytes += size
        }
        if start < items.count { batches.append(items[start...]) }
        return batches
    }

    /// Runs the batches, a few together; the first error ends them all.
    private func solve(_ batches: [ArraySlice<Item>]) async throws(EmbeddingError) -> [Solved] {
        let outcome = await withTaskGroup(of: Result<[Solved], EmbeddingError>.self) { group in
            var waiting = batches.makeIterator()
            func startNext() {
                guard let batch = waiting.next() else { return }
                group.addTask { await self.solve(batch) }
            }
            for _ in 0..<max(1, settings.concurrency) { startNext() }
            var solved: [Solved] = []
            while let result = await group.next() {
                switch result {
                case .success(let part):
                    solved += part
                    startNext()
                case .failure(let error):
                    group.cancelAll()
                    return Result<[Solved], EmbeddingError>.failure(error)
                }
            }
            return .success(solved)
        }
        return try outcome.get()
    }

    private func solve(_ batch: ArraySlice<Item>) async -> Result<[Solved], EmbeddingError> {
        do throws(EmbeddingError) {
            return .success(
                try await permits.run(whenCancelled: .wasCancelled) { () async throws(EmbeddingError) in
                    try await self.vectors(of: batch)
                })
        } catch {
            return .failure(error)
        }
    }

    private func vectors(of items: ArraySlice<Item>) async throws(EmbeddingError) -> [Solved] {
        switch try await ask(items) {
        case .answered(let answer):
            var solved: [Solved] = []
            for (item, (vector, tokens)) in zip(items, zip(answer.vectors, shares(of: answer.tokens, among: items))) {
                switch vector {
                case .success(let vector):
                    solved.append((item.index, .success(EmbeddedText(vector: vector, tokens: tokens))))
                case .failure: solved.append((item.index, try await repaired(item)))
                }
            }
            return solved
        case .refused(let words):
            guard items.count > 1 else {
                return items.map {
                    ($0.index, .failure(EmbeddingError(.refused, "the embedding provider refuses the text: \(words)")))
                }
            }
            provider.count { $0.splits += 1 }
            let middle = items.startIndex + items.count / 2
            return try await vectors(of: items[..<middle]) + vectors(of: items[middle...])
        }
    }

    /// Asks for one text that got no vector among others, or a bad one.
    private func repaired(_ item: Item) async throws(EmbeddingError) -> Result<EmbeddedText, EmbeddingError> {
        provider.count { $0.repairs += 1 }
        switch try await ask([item]) {
        case .refused(let words):
            return .failure(EmbeddingError(.refused, "the embedding provider refuses the text: \(words)"))
        case .answered(let answer):
            switch answer.vectors[0] {
            case .success(let vector):
                return .success(EmbeddedText(vector: vector, tokens: answer.tokens ?? item.tokens))
            case .failure(let fault):
                return .failure(EmbeddingError(.badVector, "also when asked again, \(fault.message)"))
            }
        }
    }

    private func ask(_ items: ArraySlice<Item>) async throws(EmbeddingError) -> EmbeddingProvider.Reply {
        try await provider.ask(
            items.map(\.text), estimate: items.reduce(0) { $0 + $1.tokens }, dimensions: model.dimensions)
    }

    /// What each text has of the tokens of all; together they are as many.
    private func shares(of total: Int?, among items: ArraySlice<Item>) -> [Int] {
        let estimate = items.reduce(0) { $0 + $1.tokens }
        guard let total, estimate > 0 else { return items.map(\.tokens) }
        var (before, given) = (0, 0)
        return items.map { item in
            before += item.tokens
            let share = Int((Double(total) * Double(before) / Double(estimate)).rounded()) - given
            given += share
            return share
        }
    }
}

extension Result {
    fileprivate var fault: Failure? {
        guard case .failure(let fault) = self else { return nil }
        return fault
    }
}
