import Fetching
import Foundation
import HTTPClient
import JSON
import Jobs
import ObjectStorage
import Postgres
import Tabular
import WorkerKit

/// Runs `import`: reads a batch of rows while the one before is loaded.
///
/// Order of effects for a batch, all in one transaction within the job's fence: the rows are in their table, what could not be taken is told of, and
/// `imports` says where the source goes on. So a death leaves no row twice and none out, whatever the attempt that follows. The file is one that does
/// not change: an upload, an artifact, a copy whose SHA-256 is that of the beginning, or a file whose size and time are.
///
/// A retry is another job; its checkpoint names the job whose row in `imports` it goes on with.
struct ImportsWorker: Worker {
    /// What a checkpoint says: whose progress counts, and of what file.
    struct Origin: Codable, Sendable {
        let job: UUID
        let file: ImportFile.Identity
    }

    static let defaultSlots = 2
    /// What a dry run shows.
    private static let mostFaults = 100
    private static let mostExamples = 5

    static func jobType() throws -> JobType { try Import.jobType() }

    let catalogue: DatasetCatalogue
    /// Opens the connections to buckets and web servers.
    let web: WebClient

    func perform(_ input: Import, in context: JobContext) async throws -> Outcome<ImportedRows> {
        do {
            var target = try await input.target.open(input, catalogue, context)
            let file = try await ImportFile(input, context, web)
            let reading = TableReading(TableFile(path: file.path, settings: input.settings))
            defer { withExtendedLifetime(file) {} }
            let layout = try await reading.findLayout(naming: Set(target.names.map(\.plain)))
            try target.map(layout)
            let secrets = Set(target.places.filter(\.isSecret).map(\.field))
            let guesses = try await reading.guess().enumerated().map { field, guess in
                secrets.contains(field) ? guess.withoutValues : guess
            }
            var result = ImportedRows(
                dryRun: input.dryRun, layout: layout, columns: guesses,
                mapping: target.places.map { ImportedRows.Mapped(source: layout.columns[$0.field], target: $0.name) })
            guard !input.dryRun else {
                try await Self.look(at: reading, for: target, &result)
                return .done(result)
            }
            let origin = try await origin(of: file, context)
            let run = ImportRun(input: input, target: target, reading: reading, origin: origin.job, context: context)
            let rejects = RejectsFile(origin.job, layout.columns, context)
            do {
                guard let progress = try await run.load() else { return .stopped }
                (result.loaded, result.updated, result.rejected) = (
                    progress.loaded, progress.updated, progress.rejected
                )
            } catch let failure as JobFailure {
                // What was wrong is of use most of all when there was too much of it.
                _ = try await rejects.write()
                throw failure
            }
            result.artifacts = try await rejects.write()
            result.origin = origin.job
            result.jobs = try await target.made(by: origin.job, context)
            return .done(result)
        } catch let error as TableError {
            return .reject(
                JobFailure(
                    code: "source_\(error.kind.rawValue)", message: "The source cannot be read: \(error.message)."))
        } catch let failure as JobFailure {
            return .reject(failure)
        } catch let error as FetchFailure {
            guard error.isTransient else { return .reject(error.failure) }
            throw error.failure
        } catch let error as S3Error {
            return try error.outcome()
        } catch let error as PostgresError where error.sqlState?.hasPrefix("42") == true {
            return .reject(
                JobFailure(code: "invalid_target", message: "The database refuses the import: \(error.message)."))
        }
    }

    /// Shows what would become of the first rows.
    private static func look(
        at reading: TableReading, for target: any ImportTarget, _ result: inout ImportedRows
    ) async throws {
        try await reading.begin(for: target, at: nil)
        let batch = try await reading.next(mostRejected: mostFaults)
        result.faults = batch.rejected.map(\.json)
        result.examples = try batch.rows.indices.prefix(mostExamples).compactMap { try target.example(batch[$0]) }
    }

    /// The job that the import began as.
    private func origin(of file: ImportFile, _ context: JobContext) async throws -> Origin {
        if let origin = try context.checkpoint(as: Origin.self) {
            guard origin.file == file.identity else {
                throw JobFailure(
                    code: "source_changed",
                    message:
                        "The file is another one than the one that the import began with; submit it as an import of its own."
                )
            }
            return origin
        }
        let origin = Origin(job: context.job, file: file.identity)
        try await context.save(checkpoint: origin)
        return origin
    }
}
