import Foundation
import JSON
import Postgres

/// `switchyard bench`: measures the running stack from the outside and prints a table, or JSON.
///
/// Run it on an idle stack that nobody else uses: it counts the namespace's unfinished no-op jobs, and it leaves its jobs behind.
enum Bench {
    /// Runs the parts that are asked for; the first wrong or missing answer ends it with an error that says what was answered.
    static func run(_ options: BenchOptions) async throws {
        let target = try BenchTarget()
        let database = Database(
            PostgresConfiguration(url: target.databaseURL, applicationName: "switchyard bench"), size: 1)
        let report = try await measure(options, target, database)
        await database.close()
        if options.wantsJSON {
            note(report.table)
            print(report.json)
        } else {
            print(report.table)
        }
    }

    private static func measure(
        _ options: BenchOptions, _ target: BenchTarget, _ database: Database
    ) async throws -> BenchReport {
        let types = try await registeredTypes(target)
        guard types.contains("noop") else {
            throw BenchError("the type noop is not registered; is its worker running?")
        }
        let memory = ResidentMemory(runFolder: target.runFolder)
        let idle = options.parts.contains(.memory) ? memory.read() : [:]
        if options.parts.contains(.memory), idle.isEmpty {
            note("\(target.runFolder) names no living process: no memory is reported (SWITCHYARD_RUN names the folder)")
        }
        let ledger = JobLedger(database, namespace: try await warmUp(target))
        let measurements = Measurements(target: target, ledger: ledger, isQuick: options.isQuick)
        let machine = try await Machine.look(at: target, database: database, isQuick: options.isQuick)
        var report = BenchReport(machine: machine, isQuick: options.isQuick)
        report.idleMemory = idle
        // First, because it is about an idle stack: after the loads vacuum and checkpoints run for a while.
        if options.parts.contains(.latency) { report.idleLatency = try await measurements.idleLatency() }
        if options.parts.contains(.fairness) {
            report.fairness = try await Fairness.measure(
                on: target, database: database, ledger: ledger, isQuick: options.isQuick)
        }
        if options.parts.contains(.submits) {
            for connections in [1, 16, 64] {
                let (outcome, peak) = try await memory.peak { try await measurements.submits(connections: connections) }
                report.submits.append((connections, outcome))
                report.loadMemory.merge(peak, uniquingKeysWith: max)
            }
        }
        if options.parts.contains(.endToEnd) {
            let (endToEnd, peak) = try await memory.peak { try await measurements.endToEnd() }
            report.endToEnd = endToEnd
            report.loadMemory.merge(peak, uniquingKeysWith: max)
        }
        if options.parts.contains(.reads) {
            let (reads, peak) = try await memory.peak { try await measurements.reads() }
            report.reads = reads
            report.loadMemory.merge(peak, uniquingKeysWith: max)
        }
        if options.parts.contains(.pdf) {
            if types.contains("document_processing") {
                let (documents, peak) = try await memory.peak {
                    try await DocumentFigures.measure(options, on: target, ledger: ledger)
                }
                report.documents = documents
                report.loadMemory.merge(peak, uniquingKeysWith: max)
            } else {
                note("the type document_processing is not registered: no documents are measured")
            }
        }
        if options.parts.contains(.lists) {
            report.lists = try await ListPages.measure(
                on: target, database: database, ledger: ledger, measurements: measurements,
                rows: options.rows ?? [10_000, 5_000_000])
        }
        if options.parts.contains(.frontier) {
            report.frontier = try await FrontierFigures.measure(
                database, namespace: ledger.namespace, rows: options.rows ?? [10_000, 1_000_000])
        }
        return report
    }

    private static func registeredTypes(_ target: BenchTarget) async throws -> [String] {
        try await onThread("types") {
            let connection = try WireConnection(host: target.host, port: target.port)
            let answer = try connection.exchange(target.request("GET", "/api/v1/types"))
            return try JSON.parse(answer.body)["types"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        }
    }

    /// One job all the way, which shows that jobs flow before anything is measured; answers the key's namespace.
    private static func warmUp(_ target: BenchTarget) async throws -> String {
        try await onThread("warm-up") {
            let connection = try WireConnection(host: target.host, port: target.port)
            let created = try connection.exchange(target.submission(#"{"type":"noop"}"#))
            try connection.exchange(target.waiting(for: try created.createdID())).requireCompleted()
            guard let namespace = try JSON.parse(created.body)["namespace"]?.stringValue else {
                throw BenchError("a job without a namespace: \(created.text)")
            }
            return namespace
        }
    }
}
