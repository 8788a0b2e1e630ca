import Config
import Foundation
import HTTPClient
import JSON
import Jobs
import Sandbox
import WorkerKit

/// Runs `web_crawling`: each job a crawl, or a share of one.
///
/// The job that is submitted leads its crawl. Where its client wants `parallelism`, it submits as many jobs less one of the same type, which help: each
/// takes a share of the crawl's hosts, wherever it runs, and ends when nothing is left to do. They are children of the leader, under ids that come from
/// its own, so that a leader that begins anew finds them again.
///
/// The checkpoint says which crawl it is, and nothing else: what is done stands in the crawl's own rows (see `CrawlShare`). A job that goes on from
/// another one's checkpoint goes on with its crawl.
struct CrawlingWorker: Worker {
    /// Which crawl a job leads.
    struct Mark: Codable, Sendable { let crawl: UUID }

    static let defaultSlots = 8
    static func jobType() throws -> JobType { try WebCrawling.jobType() }

    let tools: CrawlTools

    func perform(_ input: WebCrawling, in context: JobContext) async throws -> Outcome<CrawledSite> {
        let plan: CrawlPlan
        do { plan = try CrawlPlan(input) } catch { return .reject(error) }
        if let leader = input.helps { return try await help(leader, plan, context) }
        let crawl = try await open(plan, context)
        let earlier = try await earlier(plan, context)
        guard plan.revisited == nil || earlier != nil else {
            return .reject(
                JobFailure(code: "unknown_crawl", message: "revisit.job_id names no crawl of this namespace."))
        }
        if let parallelism = context.parallelism, parallelism > 1 {
            try await context.submitHelpers(parallelism - 1, type: WebCrawling.typeName, member: "helps")
        }
        let share = CrawlShare(of: crawl, plan: plan, context: context, tools: tools, earlier: earlier, isLeader: true)
        let ending = try await share.run()
        guard ending != .stopped else { return .stopped }
        guard var artifacts = try await PageExport(crawl: crawl, context: context).run() else { return .stopped }
        if plan.isArchived {
            let export = ArchiveExport(crawl: crawl, context: context, userAgent: plan.userAgent)
            guard let archive = try await export.run() else { return .stopped }
            artifacts += archive
        }
        let endings = try await context.read { try await crawl.endings(in: $0) }
        return .done(CrawledSite(ending, share.counts, endings, artifacts))
    }

    private func open(_ plan: CrawlPlan, _ context: JobContext) async throws -> Crawl {
        let mark = try context.checkpoint(as: Mark.self)
        let id = mark?.crawl ?? context.job
        let seeds = plan.seeds.map { FoundURL($0, depth: 0) }
        let crawl = try await context.transaction { [job = context.job, namespace = context.namespace] session in
            let crawl = try Crawl.open(id: id, namespace: namespace, leader: job, session)
            try crawl.add(seeds, session)
            return crawl
        }
        if mark == nil { try await context.save(checkpoint: Mark(crawl: id)) } else { context.log(.info, "going on") }
        return crawl
    }

    /// The crawl whose pages are asked for only if they have changed.
    private func earlier(_ plan: CrawlPlan, _ context: JobContext) async throws -> Crawl? {
        guard let job = plan.revisited else { return nil }
        return try await context.read { try await Crawl.of(job, namespace: context.namespace, in: $0) }
    }

    /// Takes a share of a crawl that another job leads.
    private func help(_ leader: UUID, _ plan: CrawlPlan, _ context: JobContext) async throws -> Outcome<CrawledSite> {
        let crawl = try await context.read { try await Crawl.led(by: leader, namespace: context.namespace, in: $0) }
        guard let crawl else { return .done(CrawledSite(.exhausted, CrawlCounts(), [], [])) }
        let earlier = try await earlier(plan, context)
        let share = CrawlShare(of: crawl, plan: plan, context: context, tools: tools, earlier: earlier, isLeader: false)
        let ending = try await share.run()
        if ending == .stopped, context.stopReason != nil { return .stopped }
        return .done(CrawledSite(ending, share.counts, [], []))
    }
}

extension CrawlTools {
    /// More than the concurrency of a few crawls together; the others wait for a place.
    private static let transfers = 512

    /// Reads `SWITCHYARD_FETCH_ALLOW`: addresses, networks and hosts that may be fetched from although they are not public; `SWITCHYARD_PARSERS`: how many
    /// processes read pages; and `SWITCHYARD_LEASE`.
    init(_ environment: Environment) throws(ConfigError) {
        client = WebClient(
            addresses: try environment.addressPolicy("SWITCHYARD_FETCH_ALLOW"), concurrency: Self.transfers,
            maxQueued: 100_000, name: "crawler")
        let cores = ProcessInfo.processInfo.activeProcessorCount
        parsers = ParserPool(
            executable: "/proc/self/exe", arguments: [PageReader.argument],
            children: try environment.int("SWITCHYARD_PARSERS", default: cores, range: 1...256),
            limits: ParserLimits(waitingCallers: 10_000))
        lease = try environment.duration(
            "SWITCHYARD_LEASE", default: .seconds(30), range: .seconds(1)...(.seconds(3600)))
    }
}
