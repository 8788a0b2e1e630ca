import Foundation

extension BenchReport {
    /// The report for people, with the targets of the design on two cores.
    var table: String {
        var lines = [
            "\(machine.cores) cores, Linux \(machine.kernel), PostgreSQL \(machine.postgres), "
                + "RabbitMQ \(machine.rabbitMQ ?? "?"), fsync \(machine.fsync), "
                + "synchronous_commit \(machine.synchronousCommit), load before \(fixed(machine.loadBefore))\(isQuick ? "; QUICK RUN" : "")",
            Self.row("floor: commits/s, one connection", whole(machine.commitsPerSecond)),
        ]
        for (connections, outcome) in submits {
            lines.append(
                Self.row(
                    "submits/s, \(connections) connections", whole(outcome.rate),
                    target: connections == 64 ? "10000" : "", detail: times(outcome)))
        }
        if let endToEnd {
            lines.append(
                Self.row(
                    "no-op jobs/s end to end", whole(endToEnd.rate), target: "5000",
                    detail: "\(endToEnd.jobs) jobs in \(fixed(endToEnd.seconds)) s, "
                        + "accepted after \(fixed(endToEnd.submitSeconds)) s"))
        }
        if let idleLatency {
            lines.append(
                Self.row(
                    "one idle job, p50 ms", fixed(idleLatency.milliseconds(0.5)), target: "< 5",
                    detail: percentiles(idleLatency)))
        }
        if let fairness {
            lines.append(
                Self.row(
                    "wait beside a busy tenant, p50 ms", fixed(fairness.busy.milliseconds(0.5)),
                    target: "< \(fixed(2 * fairness.idle.milliseconds(0.5)))",
                    detail: "\(percentiles(fairness.busy)); idle: \(percentiles(fairness.idle)); "
                        + "\(fairness.queued) jobs of the other were left"))
        }
        if let reads {
            lines.append(
                Self.row(
                    "status reads/s, 64 connections", whole(reads.rate), target: "20000", detail: times(reads)))
        }
        if let documents { lines += rows(of: documents) }
        for stage in frontier?.stages ?? [] {
            lines.append(
                Self.row(
                    "frontier of \(stage.waiting) URLs: 64 taken, ms", fixed(stage.take),
                    detail: "64 written \(fixed(stage.write)), 1,000 added \(fixed(stage.add)), "
                        + "\(stage.isInOrder ? "in order" : "OUT OF ORDER"), \(whole(stage.memory)) MB"))
        }
        for stage in lists?.stages ?? [] {
            for page in stage.pages {
                lines.append(
                    Self.row(
                        "page, p50 ms, \(stage.rows) jobs", fixed(page.first),
                        detail: "\(page.name); its page 500: \(fixed(page.far))"))
            }
            lines.append(Self.row("submits/s, \(stage.rows) jobs", whole(stage.submits.rate)))
        }
        for (service, idle) in idleMemory.sorted(by: { $0.key < $1.key }) {
            lines.append(
                Self.row(
                    "RSS MB, \(service)", loadMemory[service].map(fixed) ?? "-", target: "< 60",
                    detail: "idle \(fixed(idle))"))
        }
        return lines.joined(separator: "\n")
    }

    private func rows(of documents: DocumentFigures) -> [String] {
        let contests: [(Contest?, name: String, unit: String, target: String)] = [
            (documents.pdf, "PDF pages/s of pdftotext's", "pages", "0.9"),
            (documents.recognition, "OCR pages/s of tesseract's", "pages", ""),
            (documents.word, "DOCX/s of python-docx's", "files", ""),
        ]
        var lines = contests.compactMap { contest, name, unit, target in
            contest.map {
                Self.row(
                    name, fixed($0.ratio), target: target,
                    detail:
                        "\(rate(median($0.stack))) of \(rate(median($0.other))), \($0.units) \(unit) a round; \($0.program)"
                )
            }
        }
        for memory in documents.memory {
            let children = memory.children.map { "\($0.program) \(fixed($0.size))" }.joined(separator: ", ")
            lines.append(
                Self.row(
                    "RSS MB, worker, PDF of \(memory.pages) pages", fixed(memory.worker),
                    detail: "idle \(fixed(memory.idle)); its largest children: \(children)"))
        }
        return lines
    }

    /// Figures of which the digits behind the point matter only where there are few before it.
    private func rate(_ value: Double) -> String { value < 100 ? fixed(value) : whole(value) }

    private static func row(_ name: String, _ value: String, target: String = "", detail: String = "") -> String {
        pad(name, to: 34) + pad(value, to: 10, isRight: true) + pad(target, to: 9, isRight: true) + "  " + detail
    }

    private static func pad(_ text: String, to width: Int, isRight: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.count))
        return isRight ? blanks + text : text + blanks
    }

    private func times(_ outcome: LoadOutcome) -> String {
        "\(percentiles(outcome.latencies)); the generator used \(fixed(outcome.generatorShare)) cores"
    }

    private func percentiles(_ times: Percentiles) -> String {
        [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)].map { "\($0) \(fixed(times.milliseconds($1)))" }
            .joined(separator: ", ") + " ms"
    }

    private func whole(_ value: Double) -> String { String(format: "%.0f", value) }

    private func fixed(_ value: Double) -> String { String(format: "%.2f", value) }
}
