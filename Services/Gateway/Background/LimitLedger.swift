import Foundation
import Jobs

/// How much room the limits leave at one moment, and what of it is taken: an account that is opened anew for every look at the
/// backlog.
///
/// Jobs count from when their command leaves for the broker until their attempt has ended. A rate is a bucket of tokens, told by the
/// time at which it is full again.
struct LimitLedger {
    private let limits: [LimitSubject: Limit]
    private var running: [LimitSubject: Int] = [:]
    private var fullAt: [LimitSubject: Date] = [:]
    private var spent: Set<LimitSubject> = []
    private let now: Date

    init(_ limits: [LimitSubject: Limit], uses: [LimitUse], buckets: [LimitBucket], now: Date) {
        self.limits = limits
        self.now = now
        for use in uses {
            for subject in LimitSubject.of(type: use.type, namespace: use.namespace, key: use.concurrencyKey) {
                running[subject, default: 0] += use.count
            }
        }
        for bucket in buckets { fullAt[bucket.subject] = bucket.fullAt }
    }

    /// The limit that holds for a subject: its own, or the one for all that have none.
    static func limit(_ subject: LimitSubject, in limits: [LimitSubject: Limit]) -> Limit? {
        limits[subject] ?? limits[subject.standard]
    }

    /// Whether any limit holds for the job.
    func isLimited(_ job: BacklogJob, type: String) -> Bool {
        subjects(job, type).contains { Self.limit($0, in: limits) != nil }
    }

    /// Whether nothing of the lane may go, whatever the keys of its jobs.
    func isClosed(_ lane: Lane, type: String) -> Bool {
        LimitSubject.of(type: type, namespace: lane.namespace, key: nil).contains { obstacle($0) != nil }
    }

    /// Takes a place for the job under each of its limits; false, and nothing is taken, when one of them has none.
    mutating func take(_ job: BacklogJob, type: String) -> Bool {
        let subjects = subjects(job, type)
        guard subjects.allSatisfy({ obstacle($0) == nil }) else { return false }
        for subject in subjects {
            running[subject, default: 0] += 1
            guard let interval = interval(subject) else { continue }
            fullAt[subject] = max(fullAt[subject] ?? now, now).addingTimeInterval(interval)
            spent.insert(subject)
        }
        return true
    }

    /// The buckets that were taken from.
    var buckets: [LimitBucket] {
        spent.compactMap { subject in fullAt[subject].map { LimitBucket(subject, fullAt: $0) } }
    }

    /// A limit that keeps a subject's jobs back, and for how long when that is known.
    struct Obstacle {
        let limit: Limit
        let running: Int
        /// When the next token comes; nil when a running job has to end.
        let freeAt: Date?
    }

    /// What keeps a subject's jobs back.
    func obstacle(_ subject: LimitSubject) -> Obstacle? {
        guard let limit = Self.limit(subject, in: limits) else { return nil }
        let running = running[subject] ?? 0
        if let most = limit.maxRunning, running >= most { return Obstacle(limit: limit, running: running, freeAt: nil) }
        guard let interval = interval(subject), let perSeconds = limit.perSeconds, let fullAt = fullAt[subject] else {
            return nil
        }
        let missing = fullAt.timeIntervalSince(now)
        // A token is there when as much of the bucket is full.
        let wait = missing + interval - Double(perSeconds)
        return wait > 1e-6 ? Obstacle(limit: limit, running: running, freeAt: now.addingTimeInterval(wait)) : nil
    }

    /// The time in which one token comes back.
    private func interval(_ subject: LimitSubject) -> TimeInterval? {
        guard let limit = Self.limit(subject, in: limits), let starts = limit.maxStarts, let time = limit.perSeconds
        else { return nil }
        return Double(time) / Double(starts)
    }

    private func subjects(_ job: BacklogJob, _ type: String) -> [LimitSubject] {
        LimitSubject.of(type: type, namespace: job.lane.namespace, key: job.concurrencyKey)
    }
}
