import JSON

/// All figures of one run; what was not measured is nil.
struct BenchReport: Sendable {
    let machine: Machine
    let isQuick: Bool
    /// By number of connections, in the order in which they were measured.
    var submits: [(connections: Int, outcome: LoadOutcome)] = []
    var endToEnd: Measurements.EndToEnd?
    var idleLatency: Percentiles?
    var fairness: Fairness?
    var reads: LoadOutcome?
    var documents: DocumentFigures?
    var lists: ListPages?
    var frontier: FrontierFigures?
    /// In MB by service, before the first load and the most under load.
    var idleMemory: [String: Double] = [:]
    var loadMemory: [String: Double] = [:]
}

extension BenchReport {
    /// The report for programs.
    var json: JSON {
        [
            "submits_per_s": submits.isEmpty ? .null : .object(submitsByConnections),
            "end_to_end_per_s": endToEnd.map { Self.number($0.rate) } ?? .null,
            "end_to_end": endToEnd.map {
                [
                    "jobs": .int(Int64($0.jobs)), "submit_s": Self.number($0.submitSeconds),
                    "seconds": Self.number($0.seconds),
                    "until": "another database connection saw the last result row (bench's monotonic clock)",
                ]
            } ?? .null,
            "idle_latency_ms": idleLatency.map(Self.percentiles) ?? .null,
            "fairness": fairness.map {
                [
                    "idle_wait_ms": Self.percentiles($0.idle), "busy_wait_ms": Self.percentiles($0.busy),
                    "queued_of_another_tenant": .int(Int64($0.queued)),
                ]
            } ?? .null,
            "reads_per_s": reads.map { Self.number($0.rate) } ?? .null,
            "reads": reads.map { Self.times($0) } ?? .null,
            "pdf_ratio": documents.map { Self.number($0.pdf.ratio) } ?? .null,
            "pdf": documents.map { Self.contest($0.pdf, "pages", "pdftotext") } ?? .null,
            "ocr_ratio": documents?.recognition.map { Self.number($0.ratio) } ?? .null,
            "ocr": documents?.recognition.map { Self.contest($0, "pages", "tesseract") } ?? .null,
            "docx_ratio": documents?.word.map { Self.number($0.ratio) } ?? .null,
            "docx": documents?.word.map { Self.contest($0, "files", "python_docx") } ?? .null,
            "document_memory_mb": .array(documents?.memory.map(Self.memory) ?? []),
            "lists": lists.map { .array($0.stages.map(Self.stage)) } ?? .null,
            "frontier": frontier.map { .array($0.stages.map(Self.stage)) } ?? .null,
            "rss_mb": idleMemory.isEmpty ? .null : .object(memoryByService),
            "measured_on": [
                "cores": .int(Int64(machine.cores)), "kernel": .string(machine.kernel),
                "postgresql": .string(machine.postgres), "rabbitmq": machine.rabbitMQ.map(JSON.string) ?? .null,
                "fsync": .string(machine.fsync), "synchronous_commit": .string(machine.synchronousCommit),
                "one_connection_commits_per_s": Self.number(machine.commitsPerSecond),
                "load_average_before": Self.number(machine.loadBefore),
                "quick": .bool(isQuick),
            ],
        ]
    }

    private var submitsByConnections: JSONObject {
        var object: JSONObject = [:]
        for (connections, outcome) in submits { object[String(connections)] = Self.times(outcome) }
        return object
    }

    private var memoryByService: JSONObject {
        var object: JSONObject = [:]
        for (service, idle) in idleMemory.sorted(by: { $0.key < $1.key }) {
            let load: JSON = loadMemory[service].map(Self.number) ?? .null
            object[service] = ["idle": Self.number(idle), "load": load]
        }
        return object
    }

    private static func stage(_ stage: ListPages.Stage) -> JSON {
        [
            "jobs": .int(Int64(stage.rows)), "submits": times(stage.submits),
            "pages": .array(
                stage.pages.map {
                    ["list": .string($0.name), "first_p50_ms": number($0.first), "page_500_p50_ms": number($0.far)]
                }),
        ]
    }

    private static func stage(_ stage: FrontierFigures.Stage) -> JSON {
        [
            "waiting": .int(Int64(stage.waiting)), "take_64_p50_ms": number(stage.take),
            "write_64_p50_ms": number(stage.write), "add_1000_p50_ms": number(stage.add),
            "in_order": .bool(stage.isInOrder), "rss_mb": number(stage.memory),
        ]
    }

    private static func contest(_ contest: Contest, _ unit: String, _ other: String) -> JSON {
        .object([
            unit: .int(Int64(contest.units)), "\(unit)_per_s": .array(contest.stack.map(number)),
            "\(other)_\(unit)_per_s": .array(contest.other.map(number)), "against": .string(contest.program),
        ])
    }

    private static func memory(_ memory: DocumentMemory) -> JSON {
        var children: JSONObject = [:]
        for (program, size) in memory.children { children[program] = number(size) }
        return [
            "pages": .int(Int64(memory.pages)), "worker_idle": number(memory.idle), "worker": number(memory.worker),
            "largest_child_by_program": .object(children),
        ]
    }

    private static func percentiles(_ times: Percentiles) -> JSON {
        [
            "p50": number(times.milliseconds(0.5)), "p95": number(times.milliseconds(0.95)),
            "p99": number(times.milliseconds(0.99)),
        ]
    }

    private static func times(_ outcome: LoadOutcome) -> JSON {
        [
            "rate": number(outcome.rate), "p50_ms": number(outcome.latencies.milliseconds(0.5)),
            "p95_ms": number(outcome.latencies.milliseconds(0.95)),
            "p99_ms": number(outcome.latencies.milliseconds(0.99)), "generator_cores": number(outcome.generatorShare),
        ]
    }

    private static func number(_ value: Double) -> JSON { .double((value * 1000).rounded() / 1000) }
}
