/// What comes out of a job.
struct EmbeddedSources: Encodable, Sendable {
    let model: String
    let revision: String
    let dimensions: Int
    let counts: EmbeddingTally
    /// What the provider takes for the tokens; nothing for a model on the worker's machine.
    let cost: Double

    private enum CodingKeys: String, CodingKey {
        case model, revision, dimensions, sources, unchanged, chunks, embedded, reused, tokens, failed, cost
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(model, forKey: .model)
        try values.encode(revision, forKey: .revision)
        try values.encode(dimensions, forKey: .dimensions)
        try values.encode(counts.sources, forKey: .sources)
        try values.encode(counts.unchanged, forKey: .unchanged)
        try values.encode(counts.chunks, forKey: .chunks)
        try values.encode(counts.embedded, forKey: .embedded)
        try values.encode(counts.chunks - counts.embedded - counts.failed, forKey: .reused)
        try values.encode(counts.tokens, forKey: .tokens)
        try values.encode(counts.failed, forKey: .failed)
        try values.encode(cost, forKey: .cost)
    }
}

/// What a job has counted, over all of its attempts.
struct EmbeddingTally: Codable, Sendable, Equatable {
    /// Texts that are done with.
    var sources = 0
    /// Those of them that were embedded before, with the same cuts.
    var unchanged = 0
    /// Their chunks.
    var chunks = 0
    /// Chunks whose text was embedded, for this job, that is.
    var embedded = 0
    /// Tokens that the model has read for this job.
    var tokens = 0
    /// Chunks that have no vector, and are not found therefore; each has a record error.
    var failed = 0

    /// What a later attempt goes on from that begins again where these counts were taken, after more was counted: what comes again is counted
    /// again, but not what was embedded or found to be unchanged.
    func begunAgain(after more: EmbeddingTally) -> EmbeddingTally {
        var tally = self
        (tally.unchanged, tally.embedded, tally.tokens) = (more.unchanged, more.embedded, more.tokens)
        return tally
    }
}
