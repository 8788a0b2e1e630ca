import WorkerKit

extension Import.Target {
    /// Opens what the rows go into.
    ///
    /// - Throws: `JobFailure` when it is not there, or not to be had so.
    func open(
        _ input: Import, _ catalogue: DatasetCatalogue, _ context: JobContext
    ) async throws -> any ImportTarget {
        if let dataset { return try await TableTarget(input, dataset: dataset, catalogue, context) }
        guard input.key.isEmpty else {
            throw JobFailure(
                code: "invalid_key", message: "Only rows of a table have a key: leave out `key` for another target.")
        }
        if let jobs { return try await JobsTarget(input, template: jobs, context) }
        if let documents { return try DocumentsTarget(input, documents, context) }
        return try await TextsTarget(input, embedding: texts ?? [:], context)
    }
}
