import Foundation
import Jobs
import Synchronization

/// The log lines and the progress of one execution, on their way to the database.
///
/// Lines keep their order and go together; progress is written at most every quarter of a second, always the newest. One flush is
/// under way at a time, and nothing is written by a job that says nothing.
final class JobJournal: Sendable {
    private struct State {
        var lines: [LogLine] = []
        var lastNumber: Int32 = 0
        var progress: (phase: String?, json: [UInt8])?
        var lastProgress: ContinuousClock.Instant?
        var flush: Task<Void, Never>?
        var hasFinished = false
    }

    static let maxLines: Int32 = 10_000
    static let maxMessageBytes = 8192
    private static let progressInterval: Duration = .milliseconds(250)

    private let fence: Fence
    private let recorder: Recorder
    private let state = Mutex(State())

    init(fence: Fence, recorder: Recorder) {
        self.fence = fence
        self.recorder = recorder
    }

    /// Adds a line; beyond `maxLines` one last line says that the rest is dropped.
    func log(_ level: LogLevel, _ message: String, operatorName: String?, details: [UInt8]?) {
        state.withLock { state in
            guard !state.hasFinished, state.lastNumber <= Self.maxLines else { return }
            state.lastNumber += 1
            let isLast = state.lastNumber > Self.maxLines
            let text =
                isLast ? "further lines of this attempt are dropped (limit: \(Self.maxLines))" : Self.cut(message)
            state.lines.append(
                LogLine(
                    attempt: fence.attempt, number: state.lastNumber, at: Date(), level: isLast ? .warning : level,
                    message: text, operatorName: operatorName.map(Self.cut), details: isLast ? nil : details))
            startFlush(&state)
        }
    }

    /// Replaces the progress that is to be written.
    func report(phase: String?, progress: [UInt8]) {
        state.withLock { state in
            guard !state.hasFinished else { return }
            state.progress = (phase, progress)
            startFlush(&state)
        }
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
        let lines = state.withLock { state in
            defer { state.lines = [] }
            return state.lines
        }
        if !lines.isEmpty { await write(.logs(fence, lines)) }
        return progress
    }

    private func startFlush(_ state: inout State) {
        guard state.flush == nil else { return }
        state.flush = Task { await flush() }
    }

    private func flush() async {
        while true {
            let work = state.withLock {
                state -> (lines: [LogLine], progress: (phase: String?, json: [UInt8])?, wait: Duration?)? in
                let lines = state.lines
                state.lines = []
                let isDue = state.lastProgress.map { .now - $0 >= Self.progressInterval } ?? true
                if let progress = state.progress, isDue {
                    state.progress = nil
                    state.lastProgress = .now
                    return (lines, progress, nil)
                }
                if !lines.isEmpty { return (lines, nil, nil) }
                if state.progress != nil, let last = state.lastProgress {
                    return ([], nil, Self.progressInterval - (.now - last))
                }
                state.flush = nil
                return nil
            }
            guard let work else { return }
            if let wait = work.wait {
                do { try await Task.sleep(for: wait) } catch { return }
            }
            if !work.lines.isEmpty { await write(.logs(fence, work.lines)) }
            if let progress = work.progress {
                await write(.progress(fence, phase: progress.phase, progress: progress.json))
            }
        }
    }

    private func write(_ record: Record) async {
        do {
            _ = try await recorder.write(record)
        } catch {
            if case .logs(let fence, let lines) = record, lines.count > 1 {
                // One of them is at fault; its neighbours are written without it.
                for line in lines { await write(.logs(fence, [line])) }
                return
            }
            // What a job says about itself must not fail the job: a line that PostgreSQL refuses is lost, and counted.
            WorkerMetrics.lostJournalEntries.add()
        }
    }

    /// Cuts at a whole character and replaces NUL, which PostgreSQL's text cannot hold.
    private static func cut(_ message: String) -> String {
        let clean = message.utf8.contains(0) ? message.replacing("\0", with: "\u{FFFD}") : message
        guard clean.utf8.count > maxMessageBytes else { return clean }
        var end = clean.utf8.index(clean.startIndex, offsetBy: maxMessageBytes - 3)
        while end.samePosition(in: clean.unicodeScalars) == nil {
            end = clean.utf8.index(before: end)
        }
        return clean[..<end] + "…"
    }
}
