import Foundation
import Jobs
import Synchronization

/// What one execution says about itself, on its way to the database.
///
/// Log lines, record errors and samples keep their order and go together; progress and the numbers of operators are written at most
/// a few times a second, always the newest. One flush is under way at a time, and nothing is written by a job that says nothing.
final class JobJournal: Sendable {
    private struct State {
        var entries: JournalEntries
        var progress: (phase: String?, json: [UInt8])?
        var progressPace = Pace(interval: .milliseconds(250))
        var hasNumbers = false
        var numbersPace = Pace(interval: .seconds(1))
        var flush: Task<Void, Never>?
        var hasFinished = false
    }

    /// A new line must not wait for long behind numbers that are not due yet.
    private static let longestSleep: Duration = .milliseconds(250)

    private let fence: Fence
    private let recorder: Recorder
    private let operators = Operators()
    private let state: Mutex<State>

    init(fence: Fence, recorder: Recorder) {
        self.fence = fence
        state = Mutex(State(entries: JournalEntries(attempt: fence.attempt)))
        self.recorder = recorder
    }

    /// Adds a line; beyond the limit one last line says that the rest is dropped.
    func log(
        _ level: LogLevel, _ message: String, operatorName: String?, taskIndex: Int? = nil, details: [UInt8]?
    ) {
        add { $0.log(level, message, operatorName: operatorName, taskIndex: taskIndex, details: details) }
    }

    /// Adds a record error; beyond the limit it is dropped, after one line that says so.
    func error(_ level: LogLevel, _ message: String, in part: Operator, details: [UInt8]?, record: String?) {
        add { $0.error(level, message, in: part, details: details, record: record) }
    }

    /// Whether there is room for another sample of this operator.
    func takesSamples(of part: Operator) -> Bool {
        state.withLock { !$0.hasFinished && $0.entries.takesSamples(of: part.name) }
    }

    /// Adds a sample, unless there is no room for it.
    func sample(_ record: [UInt8], of part: Operator) { add { $0.sample(record, of: part) } }

    /// Replaces the progress that is to be written.
    func report(phase: String?, progress: [UInt8]) {
        state.withLock { state in
            guard !state.hasFinished else { return }
            state.progress = (phase, progress)
            startFlush(&state)
        }
    }

    /// The operator of this name; the first call decides its kind.
    func `operator`(_ name: String, kind: OperatorKind, subtask: Int) -> Operator {
        let make = { @Sendable in
            Operator(name: name, kind: kind, subtask: subtask) { [weak self] in self?.numbersChanged() }
        }
        guard let found = operators.find(name, subtask: subtask, make: make) else {
            log(
                .warning, "the counters of \(name) \(subtask) are not kept (limit: \(Operators.limit) subtasks)",
                operatorName: name, details: nil)
            return Operator(name: name, kind: kind, subtask: subtask) {}
        }
        numbersChanged()
        return found
    }

    /// Writes what is left; the newest progress is answered instead, because it goes with the end. What comes later is dropped.
    func finish() async -> (phase: String?, json: [UInt8])? {
        let (progress, flush) = state.withLock { state in
            state.hasFinished = true
            defer { state.progress = nil }
            return (state.progress, state.flush)
        }
        // It may sleep until the next progress is due, which nobody waits for any more; a write under way is not cut short.
        flush?.cancel()
        await flush?.value
        let rest = state.withLock { $0.entries.take(fence) }
        let numbers = operators.reports(attempt: fence.attempt)
        await write(rest + (numbers.isEmpty ? [] : [.operators(fence, numbers)]))
        return progress
    }

    private func add(_ entry: (inout JournalEntries) -> Void) {
        state.withLock { state in
            guard !state.hasFinished else { return }
            entry(&state.entries)
            if !state.entries.isEmpty { startFlush(&state) }
        }
    }

    private func numbersChanged() {
        state.withLock { state in
            guard !state.hasFinished else { return }
            state.hasNumbers = true
            startFlush(&state)
        }
    }

    private func startFlush(_ state: inout State) {
        guard state.flush == nil else { return }
        state.flush = Task { await flush() }
    }

    private enum Step {
        case write([Record])
        case sleep(Duration)
        case rest
    }

    private func flush() async {
        while true {
            switch state.withLock({ next(&$0) }) {
            case .write(let records): await write(records)
            case .sleep(let time): do { try await Task.sleep(for: time) } catch { return }
            case .rest: return
            }
        }
    }

    private func next(_ state: inout State) -> Step {
        var records = state.entries.take(fence)
        let now = ContinuousClock.now
        if let progress = state.progress, state.progressPace.passes(now) {
            state.progress = nil
            records.append(.progress(fence, phase: progress.phase, progress: progress.json))
        }
        if state.hasNumbers, state.numbersPace.passes(now) {
            state.hasNumbers = false
            let news = operators.takeNews(attempt: fence.attempt)
            if !news.isEmpty { records.append(.operators(fence, news)) }
        }
        if !records.isEmpty { return .write(records) }
        if state.progress != nil { return .sleep(state.progressPace.wait(from: now)) }
        if state.hasNumbers { return .sleep(min(state.numbersPace.wait(from: now), Self.longestSleep)) }
        state.flush = nil
        return .rest
    }

    /// Writes these at the same time, so that they share a transaction, and waits for all of them.
    private func write(_ records: [Record]) async {
        guard records.count > 1 else {
            if let only = records.first { await write(only) }
            return
        }
        await withDiscardingTaskGroup { group in
            for record in records { group.addTask { await self.write(record) } }
        }
    }

    private func write(_ record: Record) async {
        do {
            _ = try await recorder.write(record)
        } catch {
            let parts = record.parts
            if parts.count > 1 {
                // One of them is at fault; its neighbours are written without it.
                for part in parts { await write(part) }
                return
            }
            // What a job says about itself must not fail the job: a line that PostgreSQL refuses is lost, and counted.
            WorkerMetrics.lostJournalEntries.add()
        }
    }
}

/// Lets something pass at most once in each interval.
private struct Pace {
    let interval: Duration
    private var last: ContinuousClock.Instant?

    init(interval: Duration) { self.interval = interval }

    mutating func passes(_ now: ContinuousClock.Instant) -> Bool {
        if let last, now - last < interval { return false }
        last = now
        return true
    }

    func wait(from now: ContinuousClock.Instant) -> Duration { last.map { interval - (now - $0) } ?? .zero }
}

extension Record {
    /// The record's entries, each as a record of its own.
    fileprivate var parts: [Record] {
        switch self {
        case .logs(let fence, let lines): lines.map { .logs(fence, [$0]) }
        case .operators(let fence, let reports): reports.map { .operators(fence, [$0]) }
        case .errors(let fence, let errors): errors.map { .errors(fence, [$0]) }
        case .samples(let fence, let samples): samples.map { .samples(fence, [$0]) }
        case .heartbeat, .progress, .checkpoint, .outcome: []
        }
    }
}
