import Jobs

/// What is looked for, how, and where.
public struct SearchRequest: Sendable, Equatable {
    /// By what chunks are found.
    public enum Mode: String, Sendable, CaseIterable {
        /// By how near their vectors are.
        case vector
        /// By their words.
        case text
        /// By both, fused by rank.
        case hybrid
    }

    /// The most hits.
    public static let maxHits = 100
    /// The most bytes of a query.
    public static let maxText = 8192
    /// The longest vector.
    public static let maxDimensions = 8192

    /// A text to look for.
    public var text: String?
    /// A vector to look for; any length but nothing, it is brought to unit length.
    public var vector: [Float]?
    /// By what chunks are found.
    public var mode: Mode
    /// The name of the model; nil for the operator's standard, or else the one that the namespace used last.
    public var model: String?
    /// The most hits, from 1.
    public var count: Int
    /// What is looked at.
    public var filter = ChunkFilter()
    /// The least similarity of what is found by its vector; what is found by its words is not held to it.
    public var minSimilarity: Double?

    /// Looks for a text.
    public init(text: String, mode: Mode = .hybrid, count: Int = 10) {
        self.text = text
        self.mode = mode
        self.count = count
    }

    /// Looks for a vector, and for the words of a text if there is one.
    public init(vector: [Float], text: String? = nil, count: Int = 10) {
        self.vector = vector
        self.text = text
        mode = text == nil ? .vector : .hybrid
        self.count = count
    }
}

/// Why there is no answer.
public struct SearchError: Error, Sendable, Equatable {
    /// What kind of error it is.
    public enum Code: Sendable {
        /// The namespace has nothing of a model of this name, and neither has the operator.
        case unknownModel
        /// The vector has not as many numbers as the model's, or no direction.
        case badVector
        /// The text cannot be turned into a vector here.
        case noEmbedder
        /// The text cannot be looked for: it has nothing to look for, or too much.
        case badText
        /// The model's provider cannot be reached, or is not well.
        case modelUnavailable
        /// The time is over.
        case tooSlow
        /// Too many searches wait already.
        case busy
    }

    /// What kind of error it is.
    public let code: Code
    /// What is wrong and what to do.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
