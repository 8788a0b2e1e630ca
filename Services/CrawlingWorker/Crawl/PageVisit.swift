import Foundation
import HTTPClient
import JSON
import Jobs
import Postgres
import Sandbox
import WebAddress
import WorkerKit

/// One URL on its way: fetched, read, judged, and written.
struct PageVisit: Sendable {
    static let mostHops = 10
    private static let mostListDepth = 5

    let url: FrontierURL
    let page: PageURL
    let template: Template?
    let host: HostVisit
    private var share: CrawlShare { host.share }
    private var plan: CrawlPlan { share.plan }

    func run() async throws {
        try await share.passages.run(whenCancelled: CancellationError() as any Error) { try await pass() }
    }

    private func pass() async throws {
        let start = Date()
        let answer = try await share.transfers.run(whenCancelled: CancellationError()) {
            () async throws(CancellationError) in await fetch()
        }
        guard let answer else { return host.leave(url) }
        // What an ended task was answered says nothing about the URL.
        try Task.checkCancellation()
        if let delay = retryDelay(after: answer) { return try await retry(after: delay) }
        var record = try await judge(answer)
        if plan.isArchived { record.capture = try capture(of: answer, from: start) }
        record.template = template.map { Int64(bitPattern: $0.hash) }
        try await share.write(record)
        host.end(url, template, isFresh: record.isFresh)
    }

    private func fetch() async -> FetchedAnswer? {
        let start = ContinuousClock.now
        share.stages.fetch.took()
        let answer = await host.fetch(
            FetchRequest(
                url: page, headers: plan.headers(for: page), validators: url.known?.validators,
                mediaTypes: url.kind == .page ? plan.mediaTypes : nil, maxBytes: plan.pageBytes, time: plan.pageTime),
            wasLetGo: true)
        let time = ContinuousClock.now - start
        share.stages.fetch.took(time)
        share.stages.fetch.wasBusy(time)
        if case .body(let body, _) = answer { share.stages.fetch.gave(records: 1, bytes: body.count) }
        return answer
    }

    /// The exchange, for the archive; nil for one that had no answer. The request is left out: its headers may be secrets.
    private func capture(of answer: FetchedAnswer, from start: Date) throws -> [UInt8]? {
        let exchange: (head: WebHead, body: [UInt8], truncation: WARCRecord.Truncation?)
        switch answer {
        case .body(let body, let head): exchange = (head, body, nil)
        case .notModified(let head): exchange = (head, [], nil)
        case .redirect(_, let head), .unwanted(_, let head): exchange = (head, [], .unspecified)
        case .fault(let fault, _, let head, let body):
            guard let head else { return nil }
            exchange = (head, body, WARCRecord.Truncation(fault))
        }
        var capture = WARCCapture(
            url: url.url, date: start, address: exchange.head.address,
            responseHead: WARCHead.bytes(of: exchange.head), body: exchange.body)
        capture.truncation = exchange.truncation
        return try ArchiveExport.compressed(capture.record(namespace: share.crawl.id))
    }

    private func retryDelay(after answer: FetchedAnswer) -> Duration? {
        guard case .fault(let fault, _, let head, _) = answer, fault.isTransient else { return nil }
        return plan.retries.delay(
            after: fault, failures: Int(url.tries) + 1, retryAfter: head?.retryAfter, jitter: Double.random(in: 0...1))
    }

    /// That it was tried is written, so that a death does not make it endless.
    private func retry(after delay: Duration) async throws {
        let again = url.triedOnceMore
        try await share.write(CrawlRecord(again, nil))
        host.retry(again, after: delay)
    }

    // MARK: judging

    private func judge(_ answer: FetchedAnswer) async throws -> CrawlRecord {
        switch answer {
        case .body(let body, let head):
            var record = try await read(body, head)
            record.bytes = body.count
            return record.answered(by: head)
        case .notModified(let head): return try await unchanged().answered(by: head)
        case .redirect(let target, let head): return redirect(to: target, status: head.status).answered(by: head)
        case .unwanted(let mediaType, let head):
            share.context.log(.debug, in: share.stages.fetch, "left out as \(mediaType): \(url.url)")
            return CrawlRecord(url, .skipped, reason: FetchFault.contentType.rawValue).answered(by: head)
        case .fault(let fault, let message, let head, let body):
            if let head, !body.isEmpty, case .page(let reading) = try await parse(body, head),
                reading.verdict == .botWall
            {
                return judge(reading, head).answered(by: head)
            }
            let record = failed(fault.rawValue, message, status: head?.status)
            return head.map { record.answered(by: $0) } ?? record
        }
    }

    private func failed(_ code: String, _ message: String, status: Int? = nil) -> CrawlRecord {
        share.note(code, message, of: url.url, status: status)
        return CrawlRecord(url, .failed, reason: code)
    }

    /// Where a redirect leads is a URL like any other; what is kept of the chain is each one's `location`.
    private func redirect(to target: String, status: Int) -> CrawlRecord {
        guard let next = page.resolving(checking: target)?.canonical(withoutTracking: !plan.keepsTracking) else {
            return failed(
                FetchFault.badRedirect.rawValue,
                "the redirect leads to no URL that may be followed: \(target.prefix(200))",
                status: status)
        }
        guard next.text != url.url else {
            return failed(FetchFault.redirectLoop.rawValue, "the redirect leads to itself", status: status)
        }
        guard Int(url.hops) < Self.mostHops else {
            return failed(
                FetchFault.tooManyRedirects.rawValue, "more than \(Self.mostHops) redirects in a row", status: status)
        }
        var record = CrawlRecord(url, .redirect)
        record.location = next.text
        guard plan.scope.contains(next) else {
            record.reason = "out_of_scope"
            return record
        }
        record.found = [
            FoundURL(next, kind: url.kind, depth: url.depth, hops: url.hops + 1, referrer: url.id)
        ]
        return record
    }

    private func unchanged() async throws -> CrawlRecord {
        guard let earlier = share.earlier,
            let page = try await share.context.read({ store in
                try await share.crawl.page(of: url, host: host.host.id, from: earlier, in: store)
            })
        else {
            return failed(FetchFault.brokenAnswer.rawValue, "the server answered 304 to who knows nothing", status: 304)
        }
        var record = CrawlRecord(url, .page, reason: "not_modified")
        record.page = page
        record.isFresh = true
        record.validators = url.known?.validators
        record.found = share.found(try page.pageLinks(), on: url)
        return record
    }

    private func read(_ body: [UInt8], _ head: WebHead) async throws -> CrawlRecord {
        let answer = try await parse(body, head)
        share.stages.read(answer, bytes: body.count)
        switch answer {
        case .page(let reading): return judge(reading, head)
        case .sitemap(let reading): return list(reading)
        case .failure(let code, let message): return failed(code, message)
        }
    }

    /// What a child reads in a body.
    private func parse(_ body: [UInt8], _ head: WebHead) async throws -> ReadingAnswer {
        let request = PageRequest(
            kind: url.kind, url: url.url, contentType: head["Content-Type"], robotsTag: head.list("X-Robots-Tag"),
            agent: plan.userAgent, keepsTracking: plan.keepsTracking, body: body)
        do {
            return try ReadingAnswer(frame: try await share.tools.parsers.read(request.frame))
        } catch let fault as ParserFault {
            switch fault {
            case .crashed: return .failure(code: "parser_crashed", message: "reading the page ended its parser")
            case .timeout: return .failure(code: "parser_timed_out", message: "reading the page took too long")
            case .tooLarge:
                return .failure(code: FetchFault.tooLarge.rawValue, message: "what was read in the page is too large")
            case .cancelled: throw CancellationError()
            case .unavailable(let reason):
                throw JobFailure(code: "parser_unavailable", message: "No page can be read here: \(reason).")
            }
        } catch is FrameError {
            return .failure(code: "parser_crashed", message: "the page's parser answered nonsense")
        }
    }

    private func list(_ reading: SitemapReading) -> CrawlRecord {
        var record = CrawlRecord(url, .sitemap)
        record.found = share.found(reading.pages, on: url, depth: 1)
        if Int(url.depth) < Self.mostListDepth {
            record.found += share.found(reading.sitemaps, on: url, kind: .sitemap)
        }
        return record
    }

    private func judge(_ reading: PageReading, _ head: WebHead) -> CrawlRecord {
        switch reading.verdict {
        case .content: break
        case .softNotFound, .botWall, .loginWall:
            let reason = reading.verdict.reason
            share.context.error(
                .warning, in: share.stages.extract, "left out as \(reason): \(reading.mark ?? "")",
                details: ["code": .string(reason), "url": .string(url.url)], record: url.url)
            return CrawlRecord(url, .skipped, reason: reason)
        }
        var record = CrawlRecord(url, .page)
        record.validators = FrontierURL.Validators(head)
        if reading.isFollowed {
            record.found = share.found(reading.links, on: url)
            record.found += share.found([reading.canonical].compactMap(\.self), on: url, depth: Int(url.depth))
        }
        if let refresh = reading.refresh, Int(url.hops) < Self.mostHops {
            record.found += share.found([refresh], on: url, depth: Int(url.depth))
        }
        var isLeftOut: String?
        if !reading.isIndexed { isLeftOut = "noindex" }
        if !plan.languages.isEmpty, !plan.languages.contains(String((reading.language ?? "").prefix { $0 != "-" })) {
            isLeftOut = isLeftOut ?? "language"
        }
        var page = CrawlPage(url, host: host.host.id, status: Int16(clamping: head.status))
        page.take(reading)
        if let hash = reading.similarity {
            page.duplicateOf = host.similarPage(to: hash, of: page.number)
            page.isNear = page.duplicateOf != nil
            record.isFresh = !page.isNear
        }
        if let isLeftOut { return record.leftOut(isLeftOut, url) }
        record.page = page
        share.context.sample(share.stages.extract, page.sample)
        return record
    }
}

extension PageReading.Verdict {
    fileprivate var reason: String {
        switch self {
        case .content: "content"
        case .softNotFound: FetchFault.softNotFound.rawValue
        case .botWall: FetchFault.botWall.rawValue
        case .loginWall: "login_wall"
        }
    }
}

extension CrawlRecord {
    fileprivate func answered(by head: WebHead) -> CrawlRecord {
        var record = self
        record.status = Int16(clamping: head.status)
        return record
    }

    /// The same without its page: what was found on it stays.
    fileprivate func leftOut(_ reason: String, _ url: FrontierURL) -> CrawlRecord {
        var record = CrawlRecord(url, .skipped, reason: reason)
        record.found = found
        record.isFresh = isFresh
        return record
    }
}

extension FrontierURL.Validators {
    fileprivate init?(_ head: WebHead) {
        let (etag, lastModified) = (head["ETag"], head["Last-Modified"])
        guard etag != nil || lastModified != nil else { return nil }
        self.init(etag: etag.map { String($0.prefix(500)) }, lastModified: lastModified.map { String($0.prefix(100)) })
    }
}
