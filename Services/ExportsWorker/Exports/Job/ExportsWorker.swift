import Compression
import Concurrency
import Drawing
import Foundation
import HTTPClient
import JSON
import Jobs
import ObjectStorage
import Postgres
import Search
import WorkerKit

/// Runs `export`: one snapshot of the database, streamed into files that appear all together or not at all.
///
/// Order of effects:
/// 1. What an attempt that died has left is removed: every artifact of the job, for none of them is told of yet.
/// 2. All sources are read in one read-only transaction (REPEATABLE READ). COPY's rows are formatted on the connection's thread and handed on
///    a quarter of a megabyte at a time; the job's task compresses, hashes and stores them. Nobody sees the files.
/// 3. The manifest is stored like them.
/// 4. The rows of all files are written in one transaction within the job's fence: from here on they are there.
/// 5. A checkpoint holds the result, so that an attempt after a death before the job's end does nothing again.
///
/// A death before 4 costs the whole attempt: a snapshot cannot be taken up again.
struct ExportsWorker: Worker {
    static let defaultSlots = 2
    static func jobType() throws -> JobType { try Export.jobType() }

    /// How many pieces wait between the connection and the store.
    private static let pieces = 8

    let database: Database
    let catalogue: DatasetCatalogue
    /// Looks for the hits that are exported.
    let searches: SearchEngine
    /// Opens the connections to buckets.
    let web: WebClient

    func announce(in store: JobStore) async throws {
        try await store.register(try await store.database.withSession { try catalogue.records($0) })
    }

    func perform(_ input: Export, in context: JobContext) async throws -> Outcome<ExportedFiles> {
        if let done = try context.checkpoint(as: ExportedFiles.self) { return .done(done) }
        let queries: [SourceQuery]
        do { queries = SourceQuery.named(try await sources(of: input, context)) } catch let failure as JobFailure {
            return .reject(failure)
        } catch let error as SearchError {
            guard error.isTransient else { return .reject(error.failure) }
            throw error.failure
        }
        let target = try target(of: input, queries, context)
        var files = ExportFiles(input, target, context)
        do {
            try await target.clear()
            let tally = try await produce(queries, input, into: &files)
            return .done(try await files.publish(tally))
        } catch let failure as JobFailure {
            return .reject(failure)
        } catch let error as SearchError {
            return .reject(error.failure)
        } catch let error as PostgresError where error.isOfTheQuery {
            return .reject(SourceQuery.invalid("The database refuses the query: \(error.message)."))
        } catch let error as WorkbookError {
            return .reject(JobFailure(code: "no_workbook", message: "The workbook cannot be written: \(error)."))
        } catch let error as DrawingError {
            return .reject(JobFailure(code: "no_report", message: "The report cannot be drawn: \(error)."))
        } catch let error as S3Error {
            return try error.outcome()
        }
    }

    private func sources(of input: Export, _ context: JobContext) async throws -> [SourceQuery] {
        var queries: [SourceQuery] = []
        for source in input.sources {
            if let request = source.search {
                let plan = try await searches.plan(try SearchRequest(source: request), namespace: context.namespace)
                queries.append(try SourceQuery(source, plan))
            } else {
                let dataset = try catalogue.dataset(named: source.dataset ?? "", namespace: context.namespace)
                queries.append(try SourceQuery(source, dataset, namespace: context.namespace))
            }
        }
        return queries
    }

    private func target(
        of input: Export, _ queries: [SourceQuery], _ context: JobContext
    ) throws -> any ExportTarget {
        guard let place = input.target.s3 else { return ArtifactTarget(context: context) }
        return try BucketTarget(place, names: ExportNames(input, tables: queries.map(\.name)), web: web, context)
    }

    /// Whatever happens, and be it that no connection can be had, the handover ends.
    private func produced(
        by snapshot: ExportSnapshot, to handover: Handover<FilePiece>
    ) async throws -> ExportTally {
        defer { handover.finish() }
        return try await database.withSession { try snapshot.write(to: HandedPieces(handover), $0) }
    }

    private func produce(
        _ queries: [SourceQuery], _ input: Export, into files: inout ExportFiles
    ) async throws -> ExportTally {
        let handover = Handover<FilePiece>(capacity: Self.pieces)
        async let producing = produced(by: ExportSnapshot(queries, input), to: handover)
        do {
            while let piece = try await handover.next() { try await files.take(piece) }
        } catch {
            handover.close()
            await files.discard()
            throw error
        }
        do { return try await producing } catch {
            await files.discard()
            throw error
        }
    }
}

extension PostgresError {
    /// Whether the query itself cannot be run: a mistake in it, or a value that is none of its type. Classes 22, 42 and 0A of SQLSTATE.
    var isOfTheQuery: Bool { sqlState.map { ["22", "42", "0A"].contains($0.prefix(2)) } ?? false }
}
