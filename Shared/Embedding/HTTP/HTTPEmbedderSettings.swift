import Concurrency
import HTTPClient

/// Which endpoint turns texts into vectors, and how hard it may be pressed.
public struct HTTPEmbedderSettings: Sendable {
    /// How an endpoint is asked to spell its numbers.
    public enum Encoding: String, Sendable, CaseIterable {
        /// Little-endian 32-bit floats in base64: a fourth of the bytes. An endpoint that refuses it is asked for `float` from then on.
        case base64
        /// Decimal numbers, which every endpoint knows.
        case float
    }

    /// What one request may hold; the first limit that is reached ends a batch.
    public struct BatchLimits: Sendable, Hashable {
        /// The most texts.
        public var items: Int
        /// The most tokens, as `EstimatingTokenizer` counts them.
        public var tokens: Int
        /// The most bytes of text. A text with more can never be sent.
        public var bytes: Int

        /// Makes limits; the defaults are within those of the known servers.
        public init(items: Int = 32, tokens: Int = 16_384, bytes: Int = 1 << 20) {
            self.items = max(1, items)
            self.tokens = max(1, tokens)
            self.bytes = max(1, bytes)
        }
    }

    /// What an endpoint may take of our patience.
    public struct Patience: Sendable, Hashable {
        /// How long one answer may take, its last byte included.
        public var timeout: Duration
        /// How often one request may be answered by what is no answer. That nobody answers, that the server is not well (5xx) and that it wants less
        /// (429) do not count.
        public var tries: Int
        /// How long one request may wait in all for the endpoint to be there and well.
        public var total: Duration
        /// The longest wait that a `Retry-After` can ask for.
        public var longestWait: Duration
        /// The waits between tries where the endpoint asks for none.
        public var backoff: Backoff

        /// Makes it; the defaults suit an endpoint behind the internet.
        public init(
            timeout: Duration = .seconds(60), tries: Int = 6, total: Duration = .seconds(600),
            longestWait: Duration = .seconds(120),
            backoff: Backoff = Backoff(base: .milliseconds(500), cap: .seconds(30))
        ) {
            self.timeout = timeout
            self.tries = max(1, tries)
            self.total = total
            self.longestWait = longestWait
            self.backoff = backoff
        }
    }

    /// Where the API lies: `https://api.openai.com/v1`, `http://ollama:11434`; without a path, `/v1` is meant.
    public var base: WebURL
    /// The model's name as the endpoint knows it.
    public var model: String
    /// What `Authorization: Bearer` carries; nil sends none.
    public var key: String?
    /// How many numbers to ask for, where the model can give fewer than it has; nil takes what it gives.
    public var dimensions: Int?
    /// The most tokens of one text with its prefix, as `EstimatingTokenizer` counts them: endpoints tend to cut longer ones off in silence.
    public var maxTokens = 512
    /// What one request may hold.
    public var batch = BatchLimits()
    /// How many requests run together.
    public var concurrency = 4
    /// What the endpoint may take of our patience.
    public var patience = Patience()
    /// How numbers are asked for.
    public var encoding = Encoding.base64
    /// What a million tokens cost, in whatever currency; 0 where nothing is paid.
    public var pricePerMillionTokens = 0.0
    /// Put before each text that is looked for, as E5 (`query: `) and others want it.
    public var queryPrefix = ""
    /// Put before each text that is to be found.
    public var passagePrefix = ""

    /// Makes settings with the defaults; the properties change them.
    public init(base: WebURL, model: String, key: String? = nil) {
        self.base = base
        self.model = model
        self.key = key
    }

    /// Where requests go: the base with `embeddings` behind it, unless it ends so already. A query stays at the end.
    var endpoint: WebURL {
        get throws(WebError) {
            let parts = base.text.split(separator: "?", maxSplits: 1)
            var path = String(parts[0])
            while path.hasSuffix("/") { path.removeLast() }
            if base.path.allSatisfy({ $0 == "/" }) { path += "/v1" }
            if !path.hasSuffix("/embeddings") { path += "/embeddings" }
            return try WebURL(path + (parts.count > 1 ? "?\(parts[1])" : ""))
        }
    }

    /// The least tokens of its own that a text must be able to have: what chunks need.
    static let leastRoom = 8

    /// The most tokens of its own that a text of either role may have.
    var room: Int {
        let estimator = EstimatingTokenizer()
        return maxTokens - max(estimator.count(of: queryPrefix), estimator.count(of: passagePrefix))
    }

    func prefix(_ role: TextRole) -> String {
        switch role {
        case .passage: passagePrefix
        case .query: queryPrefix
        }
    }
}

extension HTTPEmbedderSettings: CustomStringConvertible, CustomReflectable {
    /// The model and the endpoint's origin; neither the key nor the rest of the URL, which may hold one.
    public var description: String { "\(model) at \(base.origin)" }

    /// Hides the key from reflection, which loggers and failed assertions use.
    public var customMirror: Mirror { Mirror(self, children: ["model": model, "origin": base.origin]) }
}
