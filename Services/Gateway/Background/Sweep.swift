import Crypto
import Foundation
import Jobs
import Storage

/// Walks over what may be old and forgets it, in small batches at a gentle pace: it works for a fifth of the time at the most.
///
/// Order of effects for jobs and uploads: the rows of a job's documents go, a batch at a time, because they may be millions; the files'
/// content is removed from the disk; then the other rows go in one transaction. A crash in between leaves jobs without their documents
/// and rows whose content is gone; they are past their retention, and the next walk finds them again. The other order would leave
/// content that nothing names.
///
/// Jobs are walked in the order of their ids, which needs no index of its own. Ids of version 7 begin with their time, so the walk
/// skips those of the time in which none can be old; ids that others chose lie before and behind.
struct Sweep: Sendable {
    static let jobPage = 500
    private static let filePage = 200
    private static let documentPage = 2000
    /// Pauses are so much longer than the batch before them.
    private static let rest = 4.0
    private static let shortestRest: Duration = .milliseconds(20)

    let store: JobStore
    let content: any ArtifactStore
    let configuration: RetentionConfiguration

    /// What one walk has forgotten.
    struct Report: Sendable, Equatable {
        var jobs = 0
        var files = 0
        var deadLetters = 0
    }

    /// Walks over everything once.
    ///
    /// - Parameter mayGoOn: asked before each batch; throws when another process has taken over the duty.
    func run(_ days: RetentionDays, mayGoOn: () async throws -> Void) async throws -> Report {
        var report = Report()
        for range in Self.ranges(days, now: Date()) {
            var position: UUID? = range.lowerBound
            while let start = position {
                let page = try await gently(mayGoOn) {
                    try await store.oldJobs(after: start, through: range.upperBound, days: days, limit: Self.jobPage)
                }
                position = page.last
                if page.old.isEmpty { continue }
                try await sweepRows(of: page.old, mayGoOn)
                try await gently(mayGoOn) {
                    report.files += try await removeContent(try await store.files(of: page.old))
                    report.jobs += try await store.deleteJobs(page.old)
                }
            }
        }
        var hasReplaced = true
        while hasReplaced {
            hasReplaced = try await gently(mayGoOn) { try await store.forgetReplacedSources(limit: Self.documentPage) }
        }
        report.files += try await sweepUploads(usedDays: days.longest, mayGoOn)
        var hasAbandoned = true
        while hasAbandoned {
            hasAbandoned = try await gently(mayGoOn) {
                let abandoned = try await store.abandonedFiles(limit: Self.filePage)
                report.files += try await removeContent(abandoned)
                try await store.forgetPendingFiles(abandoned)
                return abandoned.count == Self.filePage
            }
        }
        var deleted = Self.filePage
        while deleted == Self.filePage {
            deleted = try await gently(mayGoOn) {
                try await store.deleteDeadLetters(olderThan: configuration.deadLetterDays, limit: Self.filePage)
            }
            report.deadLetters += deleted
        }
        return report
    }

    private func sweepRows(of jobs: [UUID], _ mayGoOn: () async throws -> Void) async throws {
        var hasMore = true
        while hasMore {
            hasMore = try await gently(mayGoOn) {
                let hasDocuments = try await store.deleteDocuments(of: jobs, limit: Self.documentPage)
                let hasCrawls = try await store.deleteCrawls(of: jobs, limit: Self.documentPage)
                let hasEmbeddings = try await store.deleteEmbeddings(of: jobs, limit: Self.documentPage)
                return hasDocuments || hasCrawls || hasEmbeddings
            }
        }
    }

    private func sweepUploads(usedDays: Int?, _ mayGoOn: () async throws -> Void) async throws -> Int {
        var count = 0
        var position: (createdAt: Date, id: UUID)?
        repeat {
            position = try await gently(mayGoOn) {
                let page = try await store.oldUploads(
                    after: position, unusedDays: configuration.uploadDays, usedDays: usedDays, limit: Self.filePage)
                count += try await removeContent(page.old)
                if !page.old.isEmpty { try await store.deleteUploads(page.old) }
                return page.last
            }
        } while position != nil
        return count
    }

    private func removeContent(_ files: [UUID]) async throws -> Int {
        for file in files { try await content.remove(file) }
        return files.count
    }

    private func gently<Output>(
        _ mayGoOn: () async throws -> Void, _ batch: () async throws -> Output
    ) async throws -> Output {
        try await mayGoOn()
        let start = ContinuousClock.now
        let output = try await batch()
        try await Task.sleep(for: max(Self.shortestRest, (ContinuousClock.now - start) * Self.rest))
        return output
    }

    /// The ids among which old jobs may be: from the lowest up to the youngest that can be old, and those above the present.
    static func ranges(_ days: RetentionDays, now: Date) -> [ClosedRange<UUID>] {
        guard let shortest = days.shortest else { return [] }
        let lowest = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        let highest = UUID(
            uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
        // A day on each side, for clocks that differ.
        let youngest = UUIDv7.lowest(at: now.addingTimeInterval(-Double(shortest - 1) * 86_400))
        let future = UUIDv7.lowest(at: now.addingTimeInterval(86_400))
        return youngest < future ? [lowest...youngest, future...highest] : [lowest...highest]
    }
}
