import HTTPServer
import JSON
import Jobs

extension Gateway {
    var controlRoutes: RouteGroup {
        RouteGroup(
            name: "Control",
            description:
                "Safe to call twice, and while the job ends by itself: the answer follows from how the job stands then.",
            routes: [
                Route(
                    "cancelJob", "POST", "/api/v1/jobs/{job}/cancel", .control, "Cancels a job for good",
                    details:
                        "One that waits never runs; the worker of one that runs is asked, and after the time it is ended by force.",
                    body: .object(
                        Schema.request(["reason": ControlSchema.reason, "timeout_seconds": ControlSchema.timeout]),
                        isOptional: true),
                    answers: stopAnswers("cancelled"), problems: [.illegalMove], cancelJob),
                Route(
                    "stopJob", "POST", "/api/v1/jobs/{job}/stop", .control, "Stops a job so that it can be resumed",
                    details: """
                        `checkpoint` lets the worker finish the unit in hand and save a checkpoint, `immediate` ends it now with the \
                        newest checkpoint that there is, `force` abandons the execution at once. After the time a gentler stop \
                        becomes a forced one. A stronger request takes the place of an earlier one; a weaker one changes nothing.
                        """,
                    body: .object(
                        Schema.request([
                            "mode": ControlSchema.mode, "reason": ControlSchema.reason,
                            "timeout_seconds": ControlSchema.timeout,
                        ]), isOptional: true),
                    answers: stopAnswers("stopped"), problems: [.illegalMove], stopJob),
                Route(
                    "retryJob", "POST", "/api/v1/jobs/{job}/retry", .control,
                    "Goes on from the last checkpoint of a job that failed, was stopped or cancelled",
                    headers: [.idempotencyKey],
                    body: .object(Schema.request(["reason": ControlSchema.reason]), isOptional: true),
                    answers: repeatAnswers, problems: [.illegalMove], retryJob),
                Route(
                    "rerunJob", "POST", "/api/v1/jobs/{job}/rerun", .control, "Runs an ended job anew, from the start",
                    headers: [.idempotencyKey],
                    body: .object(Schema.request(["reason": ControlSchema.reason]), isOptional: true),
                    answers: repeatAnswers, problems: [.illegalMove], rerunJob),
                Route(
                    "restartJob", "POST", "/api/v1/jobs/{job}/restart", .control,
                    "Starts a job again from a checkpoint, also one that runs",
                    details: "One that runs is stopped by force first.", headers: [.idempotencyKey],
                    body: .object(
                        Schema.request([
                            "checkpoint_id": Schema.integer(0...Int(Int32.max)).described(
                                "The `epoch` of one of its checkpoints; the newest when left out."),
                            "parallelism": Submission.parallelism.described(
                                "How much to do at a time, in the units of the type."),
                            "reason": ControlSchema.reason,
                        ]), isOptional: true),
                    answers: repeatAnswers, problems: [.illegalMove], restartJob),
                Route(
                    "retryPullRequest", "POST", "/api/v1/jobs/{job}/retry-pr", .control,
                    "Retries a pull request that alone has failed, and waits for its end",
                    details: """
                        The job is the pull request's, or another one of its workflow. What was made for it is not made anew: it goes on from its last receipt, and \
                        in a workflow as part of a new one that refers to the jobs that have completed. Asked for while a retry is under way it waits \
                        for that one; once that has failed too, it is the next retry.
                        """,
                    query: [
                        QueryParameter("wait", .duration, "How long to wait for the end: 30s when absent, at most 60s.")
                    ],
                    answers: [
                        .json(Job.self, "The pull request is there; the job that has made it."),
                        .json(202, Job.self, "The retry is under way; `Location` is its job."),
                    ], problems: [.illegalMove, .pullRequestFailed], retryPullRequest),
                Route(
                    "bulkJobs", "POST", "/api/v1/jobs/bulk", .control, "Does the same to every job that a filter finds",
                    details: """
                        Each call does one batch, the newest jobs first, and answers `next_cursor` while there are more. A batch may \
                        be repeated: what was done stays. `rerun` needs an `Idempotency-Key`, by which each job is rerun once.
                        """,
                    headers: [.idempotencyKey], body: .object(ControlSchema.bulk),
                    answers: [
                        .json(
                            schema: Schema.answer(
                                "What the batch came to, or, of a dry run, how many jobs there are.",
                                [
                                    "matched": Schema.count, "changed": Schema.count, "skipped": Schema.count,
                                    "next_cursor": Schema.text.orNull,
                                    "at_least": Schema.bool.described("Whether there are more than were counted."),
                                ], optional: ["changed", "skipped", "next_cursor", "at_least"]), "The batch is done.")
                    ], problems: [.invalidCursor], bulkJobs),
            ])
    }

    private func stopAnswers(_ word: String) -> [Answer] {
        [
            .json(Job.self, "The job is \(word)."),
            .json(202, StoppingJob.self, "Its worker was asked to end it."),
        ]
    }

    private var repeatAnswers: [Answer] {
        [
            .json(201, Job.self, "A new job, linked by `original_job_id`."),
            .json(200, Job.self, "The same was asked for before: its job."),
        ]
    }
}

/// What control requests may say.
private enum ControlSchema {
    static let reason = Schema.text(max: 500).described("Kept in the job's history.")
    static let timeout: JSON = [
        "type": "number", "minimum": 0, "maximum": 86_400,
        "description":
            "How long the worker may take; by default the `cancel_grace_seconds` of the type. 0 is by force.",
    ]
    static let mode = Schema.word(["checkpoint", "immediate", "force"]).defaulting(to: "checkpoint")

    static let bulk = Schema.request(
        [
            "action": Schema.word(["cancel", "stop", "retry", "rerun"]),
            "filter": [
                "type": "object", "additionalProperties": false, "minProperties": 1,
                "properties": [
                    "type": Schema.text(max: 100),
                    "status": Schema.list(Schema.word(JobStatus.allCases.map(\.rawValue)), 1...8),
                    "labels": ["type": "object", "minProperties": 1, "additionalProperties": Schema.text],
                    "parent": Schema.uuid, "created_after": Schema.time, "created_before": Schema.time,
                ],
            ],
            "dry_run": Schema.bool.described("Only counts, up to \(Limits.bulkCount).").defaulting(to: false),
            "mode": mode, "timeout_seconds": timeout, "reason": reason,
            "limit": Schema.integer(1...Limits.page).defaulting(to: .int(Int64(Limits.page))),
            "cursor": Schema.text.described("`next_cursor` of the batch before."),
        ], required: ["action", "filter"])
}
