import AMQP
import Foundation
import Jobs
import Telemetry

/// Measures the queues: one gateway counts what stands in them and keeps the figures in the database, for all gateways to tell.
///
/// Rates are taken over the last minute. What came is counted by the times in the ids of the jobs, what ended follows from it and
/// from how many jobs have not ended. The counts cost what waits and runs, so the pause between two of them grows with
/// the time that they take: measuring never takes more than a fiftieth of one connection.
struct QueueMeter: Sendable {
    let store: JobStore
    let types: TypeCache
    let publisher: Publisher
    let holder: String
    let log: Logger

    private static let duty = "measure"
    private static let pause: Duration = .seconds(2)
    private static let share = 50.0
    /// A job's id is made a moment before its row is committed: what is younger is left for the next count.
    private static let commitTime: TimeInterval = 1

    /// Measures until cancelled.
    func run() async throws {
        var rates = QueueRates()
        var pause = Self.pause
        while !Task.isCancelled {
            do {
                if try await store.lead(Self.duty, as: holder, for: max(.seconds(10), pause * 2)) {
                    let start = ContinuousClock.now
                    try await measure(&rates)
                    pause = min(max(Self.pause, (.now - start) * Self.share), .seconds(300))
                } else {
                    rates = QueueRates()
                    pause = Self.pause
                }
            } catch is CancellationError {
                break
            } catch {
                log.warning("the queues cannot be measured", ["error": .error(error)])
            }
            do { try await Task.sleep(for: pause) } catch { break }
        }
    }

    private func measure(_ rates: inout QueueRates) async throws {
        let names = types.names
        guard !names.isEmpty else { return }
        let counts = try await store.countQueues(names)
        guard let now = counts.first?.countedAt else { return }
        let end = now.addingTimeInterval(-Self.commitTime)
        var arrivals: [String: Int] = [:]
        if let start = rates.countedUntil { arrivals = try await store.arrivals(from: start, to: end) }
        rates.add(counts, arrivals: arrivals, until: end)
        var figures: [QueueFigures] = []
        for count in counts { figures.append(rates.figures(count, consumers: await consumers(of: count.type))) }
        try await store.write(figures)
    }

    private func consumers(of type: String) async -> Int? {
        guard publisher.isConnected else { return nil }
        do {
            return try await publisher.declare(Topics.commands(ofType: type), timeout: .seconds(1)).consumers
        } catch {
            // The dispatcher says what is wrong with the queue.
            return nil
        }
    }
}

/// What the counts of the last minute tell about rates.
struct QueueRates {
    private struct Sample {
        let counts: QueueCounts
        /// Jobs that came since the sample before.
        let arrived: Int
    }

    private static let window: TimeInterval = 60

    /// Until when arrivals have been counted; nil before the first sample.
    private(set) var countedUntil: Date?
    private var samples: [String: [Sample]] = [:]

    /// Adds a sample of every queue.
    mutating func add(_ counts: [QueueCounts], arrivals: [String: Int], until: Date) {
        for count in counts {
            let sample = Sample(counts: count, arrived: arrivals[count.type] ?? 0)
            samples[count.type, default: []].append(sample)
            samples[count.type]?.removeAll { count.countedAt.timeIntervalSince($0.counts.countedAt) > Self.window }
        }
        let known = Set(counts.map(\.type))
        samples = samples.filter { known.contains($0.key) }
        countedUntil = until
    }

    /// The figures of a queue, as of its last sample.
    func figures(_ counts: QueueCounts, consumers: Int?) -> QueueFigures {
        let samples = samples[counts.type] ?? []
        guard let first = samples.first, samples.count > 1 else {
            return QueueFigures(counts: counts, consumers: consumers, rateIn: nil, rateOut: nil, serviceSeconds: nil)
        }
        let time = counts.countedAt.timeIntervalSince(first.counts.countedAt)
        let came = samples.dropFirst().reduce(0) { $0 + $1.arrived }
        let ended = max(0, came - (counts.active - first.counts.active))
        let busy = Double(samples.reduce(0) { $0 + $1.counts.running }) / Double(samples.count)
        return QueueFigures(
            counts: counts, consumers: consumers, rateIn: Double(came) / time, rateOut: Double(ended) / time,
            serviceSeconds: busy > 0 ? busy * time / Double(max(1, ended)) : nil)
    }
}
