import JSON

/// Where a job stands. See `Transition` for how it moves.
public enum JobStatus: String, Sendable, Hashable, Codable, CaseIterable {
    /// Waits for a time: its start, or its next attempt.
    case scheduled
    /// Waits for a worker.
    case queued
    /// Owned by a worker until its lease ends.
    case running
    /// Running, and asked to end.
    case stopping
    /// Ended with a result.
    case completed
    /// Ended with an error.
    case failed
    /// Ended on request, without a way back.
    case cancelled
    /// Ended on request, with a checkpoint to go on from.
    case stopped

    /// A terminal status is given once and never changes.
    public var isTerminal: Bool {
        switch self {
        case .scheduled, .queued, .running, .stopping: false
        case .completed, .failed, .cancelled, .stopped: true
        }
    }
}

extension JobStatus {
    /// The words as JSON Schema.
    static let schema = Schema.word(allCases.map(\.rawValue))
}

/// The only state graph: every way in which a job moves from one status to another.
///
/// ```
///            submit                claim                 finish
///   (new) ─────────────▶ queued ──────────▶ running ─────────────▶ completed | failed | cancelled | stopped
///     │                  ▲  ▲ │               │ │  ▲
///     │ schedule   release│  │ │ cancel        │ │  └ (no way back from a terminal status)
///     ▼                  │  │ ▼               │ │ requestStop
///   scheduled ───────────┘  │ cancelled,      │ ▼
///     ▲   │ cancel          │ stopped         │ stopping ──▶ finish as above, or requestStop by a stronger wish
///     │   └──▶ cancelled,   └── handBack ─────┤       (queued ──▶ failed: refuse)
///     │        stopped                        │
///     └───────────── retryLater ──────────────┘
/// ```
///
/// A stop by force is a `finish` by the client: it needs no attempt, because it ends whichever runs.
///
/// A statement that moves a job binds `sources` in its guard, so that no other file spells a status it leaves. Transitions by a
/// worker out of `running` and `stopping` also name the attempt: that is the fence which keeps a stale worker from overwriting a job.
public enum Transition: String, Sendable, CaseIterable {
    /// A scheduled job's time has come.
    case release
    /// A worker takes the job for one attempt.
    case claim
    /// The job waits for its next attempt.
    case retryLater
    /// The worker gives the job back, or its lease ended.
    case handBack
    /// The job is asked to end while it runs, or asked anew and more urgently.
    case requestStop
    /// The job ends on request before it runs.
    case cancel
    /// The job's command cannot be delivered to any worker.
    case refuse
    /// The job ends in any terminal status.
    case finish

    /// The statuses that this transition leaves.
    public var sources: [JobStatus] {
        switch self {
        case .release: [.scheduled]
        case .claim, .refuse: [.queued]
        case .retryLater, .handBack, .requestStop, .finish: [.running, .stopping]
        case .cancel: [.scheduled, .queued]
        }
    }

    /// The statuses that this transition may lead to.
    public var targets: [JobStatus] {
        switch self {
        case .release, .handBack: [.queued]
        case .claim: [.running]
        case .retryLater: [.scheduled]
        case .requestStop: [.stopping]
        case .cancel: [.cancelled, .stopped]
        case .refuse: [.failed]
        case .finish: [.completed, .failed, .cancelled, .stopped]
        }
    }

    /// The statuses that this transition leaves, as the database spells them.
    var guardStatuses: [String] { sources.map(\.rawValue) }
}
