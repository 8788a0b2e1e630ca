import Foundation
import JSON
import Jobs

/// Why a job is where it is: a word for programs, a sentence for people, and the facts behind it.
struct Explanation: Representation {
    let job: UUID
    let status: JobStatus
    let reason: String
    let sentence: String
    let facts: JSONObject

    static let schema = Schema.answer(
        "Why a job is where it is.",
        [
            "job_id": Schema.uuid, "status": Schema.word(JobStatus.allCases.map(\.rawValue)),
            "reason": Schema.text.described(
                "A word: `scheduled`, `retry`, `dependency`, `queue_paused`, `concurrency_limit`, `rate_limit`, `no_worker`, `slots_busy`, "
                    + "`waiting`, `broker_unreachable`, `running`, `worker_silent`, `stopping`, `quarantined`, `expired`, "
                    + "`dead_letter`, or the status that the job ended in."),
            "sentence": Schema.text, "facts": Schema.anyObject,
        ])

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("job_id", job)
        json.member("status", status.rawValue)
        json.member("reason", reason)
        json.member("sentence", sentence)
        json.member("facts", raw: JSON.object(facts).serialized())
        json.endObject()
    }

    /// Finds the reason. What a job may wait for in a status is asked in one function for each status, the strongest reason first:
    /// a new thing to wait for has its place there.
    init(_ job: Job, _ facts: WaitFacts, _ around: Surroundings) {
        let cause =
            switch job.status {
            case .scheduled: Cause.scheduled(job, around)
            case .queued: Cause.queued(job, facts, around)
            case .running: Cause.running(job, facts, around)
            case .stopping: Cause.stopping(job, facts, around)
            case .completed, .failed, .cancelled, .stopped: Cause.ended(job, facts)
            }
        self.job = job.id
        status = job.status
        reason = cause.reason
        sentence = cause.sentence
        self.facts = cause.facts
    }
}

/// What an explanation says beside the job.
private struct Cause {
    let reason: String
    let sentence: String
    let facts: JSONObject

    private init(_ reason: String, _ sentence: String, _ facts: JSONObject = [:]) {
        self.reason = reason
        self.sentence = sentence
        self.facts = facts
    }

    static func scheduled(_ job: Job, _ around: Surroundings) -> Cause {
        guard let dueAt = job.dueAt else { return waiting(for: around.needs) }
        let wait = max(0, dueAt.timeIntervalSince(around.now))
        let due: JSONObject = ["due_at": .string(dueAt.rfc3339()), "seconds": .double(rounded(wait))]
        guard job.attempt > 0 else {
            return Cause("scheduled", "The job starts in \(span(wait)), at \(dueAt.rfc3339()).", due)
        }
        let error = error(of: job)
        return Cause(
            "retry",
            "Attempt \(job.attempt) failed (\(error.text)); attempt \(job.attempt + 1) starts in \(span(wait)).",
            due.adding([
                "attempt": .int(Int64(job.attempt)), "failures": .int(Int64(job.failures)), "error": error.json,
            ]))
    }

    private static func waiting(for needs: (first: [Dependency], count: Int)) -> Cause {
        let names = needs.first.prefix(3).map {
            "\($0.name ?? "job \($0.job.text)") (\($0.status?.rawValue ?? "gone"))"
        }
        let rest = needs.count - names.count
        let list = names.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
        return Cause(
            "dependency",
            needs.count == 0
                ? "All that the job waited for has ended; it is about to be queued or cancelled."
                : "The job waits for \(list).",
            [
                "open": .int(Int64(needs.count)),
                "jobs": .array(
                    needs.first.map {
                        [
                            "id": .string($0.job.text), "name": $0.name.map { .string($0) } ?? .null,
                            "status": $0.status.map { .string($0.rawValue) } ?? .null,
                        ]
                    }),
            ])
    }

    static func queued(_ job: Job, _ facts: WaitFacts, _ around: Surroundings) -> Cause {
        if let expiresAt = facts.expiresAt, job.attempt == 0, expiresAt <= around.now {
            return Cause(
                "expired", "The job should have started by \(expiresAt.rfc3339()) and will be ended as expired.",
                ["expires_at": .string(expiresAt.rfc3339())])
        }
        if let pause = around.pause { return paused(job, pause, facts, around) }
        if let (subject, obstacle) = around.obstacle { return limited(subject, obstacle, around) }
        if !around.isBrokerReachable {
            return Cause(
                "broker_unreachable", "The message broker cannot be reached; the job is sent when it is back.")
        }
        let ahead: JSONObject = ["ahead": .int(Int64(facts.ahead)), "in_broker": .bool(facts.dispatchedAt != nil)]
        guard let figures = around.figures else {
            return Cause("waiting", "The job waits for a worker; its queue has not been measured yet.", ahead)
        }
        let running = figures.counts.running
        // A worker whose slots are all taken has no consumer at the broker, but then something runs.
        if figures.consumers == 0, running == 0 {
            return Cause(
                "no_worker", "No worker of the type \(job.type) is alive.", ahead.adding(["type": .string(job.type)]))
        }
        let busy = ahead.adding(["running": .int(Int64(running))])
        if figures.consumers == 0 {
            return Cause(
                "slots_busy",
                "All slots are busy with \(count(running, "job")), and \(count(facts.ahead, "job")) of its \(place(facts)) "
                    + "come before it.", busy)
        }
        return Cause(
            "waiting",
            "The job waits for its turn: \(count(facts.ahead, "job")) of its \(place(facts)) come before it.",
            busy)
    }

    private static func paused(
        _ job: Job, _ pause: QueuePause, _ facts: WaitFacts, _ around: Surroundings
    ) -> Cause {
        let since = max(0, around.now.timeIntervalSince(pause.pausedAt))
        let why = pause.reason.map { " (\($0))" } ?? ""
        // What stands in the broker still runs, and is explained by what is before it.
        return Cause(
            "queue_paused", "The queue \(job.type) was paused \(span(since)) ago by \(pause.pausedBy)\(why).",
            [
                "paused_by": .string(pause.pausedBy), "since": .string(pause.pausedAt.rfc3339()),
                "pause_reason": pause.reason.map { .string($0) } ?? .null,
                "in_broker": .bool(facts.dispatchedAt != nil),
            ])
    }

    private static func limited(
        _ subject: LimitSubject, _ obstacle: LimitLedger.Obstacle, _ around: Surroundings
    ) -> Cause {
        let limit = obstacle.limit
        let facts: JSONObject = [
            "scope": .string(subject.scope.rawValue), "subject": .string(subject.name),
            "limit": .string(limit.subject.name), "running": .int(Int64(obstacle.running)),
            "max_running": limit.maxRunning.map { .int(Int64($0)) } ?? .null,
            "max_starts": limit.maxStarts.map { .int(Int64($0)) } ?? .null,
            "per_seconds": limit.perSeconds.map { .int(Int64($0)) } ?? .null,
        ]
        let name = "the \(subject.scope.rawValue) \(subject.name)"
        guard let freeAt = obstacle.freeAt else {
            return Cause(
                "concurrency_limit",
                "As many jobs of \(name) run as may: \(obstacle.running) of \(limit.maxRunning ?? 0).", facts)
        }
        let wait = max(0, freeAt.timeIntervalSince(around.now))
        return Cause(
            "rate_limit",
            "Of \(name), \(limit.maxStarts ?? 0) jobs may start in \(limit.perSeconds ?? 0) s; the next may in \(span(wait)).",
            facts.adding(["next_at": .string(freeAt.rfc3339())]))
    }

    static func running(_ job: Job, _ facts: WaitFacts, _ around: Surroundings) -> Cause {
        let worker = job.worker ?? "its worker"
        let details: JSONObject = [
            "worker": .string(worker), "attempt": .int(Int64(job.attempt)),
            "started_at": job.startedAt.map { .string($0.rfc3339()) } ?? .null,
            "lease_until": facts.leaseUntil.map { .string($0.rfc3339()) } ?? .null,
            "last_event": facts.lastEvent.map { .string($0.kind) } ?? .null,
            "last_event_at": facts.lastEvent.map { .string($0.at.rfc3339()) } ?? .null,
        ]
        if let lease = facts.leaseUntil, lease < around.now {
            return Cause(
                "worker_silent",
                "\(worker) has been silent since its lease ended \(span(around.now.timeIntervalSince(lease))) ago; the job goes on "
                    + "elsewhere when it is taken from it.", details)
        }
        let started = job.startedAt.map { span(max(0, around.now.timeIntervalSince($0))) } ?? "some time"
        let quiet = facts.lastEvent.map { span(max(0, around.now.timeIntervalSince($0.at))) } ?? "its start"
        return Cause(
            "running", "The job has run on \(worker) for \(started); it last told something \(quiet) ago.", details)
    }

    static func stopping(_ job: Job, _ facts: WaitFacts, _ around: Surroundings) -> Cause {
        let since = facts.stopRequestedAt ?? around.now
        let wanted = facts.wanted ?? "stop"
        return Cause(
            "stopping",
            "The job was asked to \(wanted) \(span(max(0, around.now.timeIntervalSince(since)))) ago and has not ended yet.",
            [
                "wanted": .string(wanted), "since": .string(since.rfc3339()),
                "worker": job.worker.map { .string($0) } ?? .null,
            ])
    }

    static func ended(_ job: Job, _ facts: WaitFacts) -> Cause {
        let at = job.finishedAt?.rfc3339() ?? ""
        var details: JSONObject = ["finished_at": .string(at)]
        switch job.status {
        case .failed:
            let error = error(of: job)
            details["error"] = error.json
            let (word, sentence) =
                switch error.code {
                case "crashed": ("quarantined", "The job was set aside at \(at): \(error.text).")
                case "expired": ("expired", "The job was ended at \(at): \(error.text).")
                case "undeliverable", "unknown_type", "dropped":
                    ("dead_letter", "The job's command was kept as a dead letter at \(at): \(error.text).")
                default:
                    ("failed", "The job failed at \(at) after \(count(Int(job.attempt), "attempt")): \(error.text).")
                }
            return Cause(word, sentence, details)
        case .cancelled, .stopped:
            let why = facts.reason.map { " (\($0))" } ?? ""
            details["cancel_reason"] = facts.reason.map { .string($0) } ?? .null
            return Cause(job.status.rawValue, "The job was \(job.status.rawValue) at \(at)\(why).", details)
        default: return Cause(job.status.rawValue, "The job completed at \(at).", details)
        }
    }
}

extension Cause {
    private static func error(of job: Job) -> (code: String, text: String, json: JSON) {
        guard let bytes = job.error else { return ("", "without an error", .null) }
        let json: JSON
        do { json = try JSON.parse(bytes) } catch { return ("", "with an error that cannot be read", .null) }
        let code = json["code"]?.stringValue ?? ""
        let message = json["message"]?.stringValue ?? ""
        return (
            code, [code, message].filter { !$0.isEmpty }.joined(separator: ": ").trimmingCharacters(in: ["."]), json
        )
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        let shown = number >= WaitFacts.most ? "at least \(number)" : "\(number)"
        return "\(shown) \(noun)\(number == 1 ? "" : "s")"
    }

    private static func place(_ facts: WaitFacts) -> String {
        facts.dispatchedAt == nil ? "namespace and priority" : "queue at the broker"
    }

    /// A time as people say it: `12 s`, `3 min`, `2 h`.
    private static func span(_ seconds: TimeInterval) -> String {
        switch seconds {
        case ..<120: "\(Int(seconds.rounded())) s"
        case ..<7200: "\(Int((seconds / 60).rounded())) min"
        case ..<172_800: "\(Int((seconds / 3600).rounded())) h"
        default: "\(Int((seconds / 86_400).rounded())) d"
        }
    }

    private static func rounded(_ seconds: TimeInterval) -> Double { (seconds * 1000).rounded() / 1000 }
}

extension JSONObject {
    fileprivate func adding(_ more: JSONObject) -> JSONObject {
        var sum = self
        for key in more.keys { sum[key] = more[key] }
        return sum
    }
}
