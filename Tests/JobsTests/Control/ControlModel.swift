import Crypto
import Foundation

@testable import Jobs

/// What the rules say about one job, in memory and without SQL.
struct JobModel: Sendable {
    let id: UUID
    /// Whether it goes on from another job.
    var isResumed = false
    private(set) var status: JobStatus
    private(set) var attempt: Int32 = 0
    private var failures = 0
    private var crashes = 0
    private(set) var wish: Wish?
    /// The time that was promised to the worker, in seconds; that the clock goes on meanwhile is not seen in it.
    private var promised = 0
    private var executions: [Int32: String] = [:]
    private(set) var checkpoints: [Int32: Int] = [:]
    private var events: [String] = []
    private(set) var isRetried = false

    init(id: UUID, status: JobStatus, checkpoint: (epoch: Int32, value: Int)? = nil) {
        self.id = id
        self.status = status
        if let checkpoint { checkpoints[checkpoint.epoch] = checkpoint.value }
        note(status.rawValue)
    }

    var isLive: Bool { status == .running || status == .stopping }
    var newest: Int32? { checkpoints.keys.max() }

    /// Everything that can be seen of it, as `JobStore.pictures` tells it of the row.
    var picture: String {
        func list(_ entries: [String]) -> String { entries.isEmpty ? "-" : entries.joined(separator: ",") }
        let saved = checkpoints.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let ended = executions.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
        let wanted = wish.map { "\($0.rawValue) \(promised)" } ?? "- -"
        return "\(status.rawValue) attempt \(attempt) failures \(failures) crashes \(crashes) wanted \(wanted) "
            + "ended \(list(ended)) saved \(list(saved)) events \(list(events))"
    }

    private mutating func note(_ kind: String) { events.append("\(kind)/\(status.rawValue)/\(attempt)") }

    private mutating func move(_ status: JobStatus, _ kind: String? = nil) {
        self.status = status
        if status != .stopping { wish = nil }
        note(kind ?? status.rawValue)
    }

    mutating func release() { if status == .scheduled { move(.queued) } }

    mutating func claim() -> String {
        guard status == .queued else { return "stale" }
        attempt += 1
        move(.running)
        let start = isResumed || attempt > 1 ? newest : nil
        return "attempt \(attempt) from \(start.flatMap { checkpoints[$0] } ?? 0)"
    }

    mutating func expire() {
        guard isLive else { return }
        crashes += 1
        executions[attempt] = "lost"
        let end = wish?.end ?? (crashes >= 3 ? .failed : .queued)
        move(end, end == .queued ? "lease_expired" : nil)
    }

    func owns(_ offset: Int32) -> Bool { isLive && offset == 0 }

    func heartbeat() -> String { wish.map { "wanted \($0.rawValue) \(promised)" } ?? "written" }

    mutating func progress() { note("progress") }

    mutating func save(_ epoch: Int32, _ value: Int) {
        if checkpoints[epoch] == nil {
            checkpoints[epoch] = value
            note("checkpoint")
        }
        checkpoints = checkpoints.filter { $0.key > epoch - 10 }
    }

    mutating func end(_ ending: Ending) {
        failures += ending.countsAsFailure ? 1 : 0
        let isDecided = ending.status == .completed || ending.status == .failed
        let end = isDecided ? ending.status : wish?.end ?? ending.status
        let kind = end == ending.status ? ending.kind : end.rawValue
        executions[attempt] = kind
        move(end, kind)
    }

    mutating func stop(_ wanted: Wish, seconds: Int) -> String {
        guard !status.isTerminal else { return status == wanted.end ? "done" : "ended \(status.rawValue)" }
        guard isLive else {
            move(wanted.end)
            return "done"
        }
        let (old, new) = (wish?.strength ?? 0, wanted.strength)
        if new >= old {
            if seconds == 0 || wanted == .force {
                executions[attempt] = wanted.end.rawValue
                move(wanted.end)
                return "done abandoned"
            }
            if new > old || seconds < promised {
                promised = wish == nil ? seconds : min(promised, seconds)
                wish = wanted
                move(.stopping)
            }
        }
        return "asked \(wish?.rawValue ?? "") \(promised)"
    }

    mutating func retry() -> Bool {
        guard Repetition.retry.sources.contains(status), !isRetried else { return false }
        isRetried = true
        return true
    }

    func checkpoint(_ epoch: Int32?) -> (epoch: Int32, value: Int)? {
        epoch.flatMap { epoch in checkpoints[epoch].map { (epoch, $0) } }
    }
}
