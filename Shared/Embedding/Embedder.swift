/// A model, told apart from all others: vectors of two models never meet.
public struct EmbeddingModel: Sendable, Hashable, Codable {
    /// By what clients and operators name it: `all-MiniLM-L6-v2`.
    public let name: String
    /// What tells versions under the same name apart: the beginning of a SHA-256 of its weights and of what else a passage's vector depends
    /// on, or of an endpoint's address.
    public let revision: String
    /// How many numbers a vector has.
    public let dimensions: Int
    /// The most tokens of one text, those that the model adds included.
    public let maxTokens: Int

    /// Makes one.
    public init(name: String, revision: String, dimensions: Int, maxTokens: Int) {
        self.name = name
        self.revision = revision
        self.dimensions = dimensions
        self.maxTokens = maxTokens
    }
}

/// What a text is to its search; some models want to be told.
public enum TextRole: Sendable {
    /// Something to be found.
    case passage
    /// What is looked for.
    case query
}

/// A text's vector.
public struct EmbeddedText: Sendable, Equatable {
    /// Of unit length, as many numbers as the model has dimensions, all of them finite.
    public let vector: [Float]
    /// How many tokens the model has read.
    public let tokens: Int

    /// Makes one.
    public init(vector: [Float], tokens: Int) {
        self.vector = vector
        self.tokens = tokens
    }
}

/// Why a text has no vector, or no text has.
public struct EmbeddingError: Error, Sendable, Equatable {
    /// A word for programs.
    public enum Code: String, Sendable {
        /// The text has more tokens than the model reads: nothing is cut off in silence.
        case tooLong = "text_too_long"
        /// The text has nothing to embed.
        case empty = "text_empty"
        /// The provider refuses this text.
        case refused = "text_refused"
        /// The answer has no vector of the model for this text: a wrong dimension, numbers that are none, or no length.
        case badVector = "bad_vector"
        /// The model's files are missing or wrong.
        case model = "model_unusable"
        /// The provider cannot be reached, or is not well, after all tries.
        case unavailable = "provider_unavailable"
        /// The provider's credentials or settings are refused.
        case denied = "provider_denied"
        /// The task was cancelled or its time is over.
        case cancelled = "embedding_cancelled"
    }

    /// What kind of error it is.
    public let code: Code
    /// What is wrong and what to do.
    public let message: String

    /// Makes one.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Turns texts into vectors of one model.
public protocol Embedder: Sendable {
    /// Whose vectors they are.
    var model: EmbeddingModel { get }

    /// Where the model's tokens lie in a text.
    var tokenizer: any TextTokenizer { get }

    /// The vector of each text, in order, or why it has none.
    ///
    /// - Throws: what concerns them all: `unavailable`, `denied`, `model`, `cancelled`.
    func embed(_ texts: [String], as role: TextRole) async throws(EmbeddingError) -> [Result<
        EmbeddedText, EmbeddingError
    >]
}

/// Cuts a text into tokens.
public protocol TextTokenizer: Sendable {
    /// The ranges of the text's tokens in its UTF-8 bytes, in order, without those that the model adds.
    func ranges(in text: String) -> [Range<Int>]
}
