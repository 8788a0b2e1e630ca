import JSON
import Jobs

extension Gateway {
    /// Jobs that come again by the clock.
    var scheduleRoutes: RouteGroup {
        RouteGroup(
            name: "Schedules", description: "Jobs that are submitted again and again, by a cron expression.",
            routes: [
                Route(
                    "createSchedule", "POST", "/api/v1/schedules", .submit, "Makes a schedule",
                    details: """
                        `cron` has five fields (minute, hour, day of month, month, day of week) of `*`, numbers, ranges `a-b`, steps
                        `*/n` and `a-b/n`, and lists of these; names of months and days; or `@hourly`, `@daily`, `@weekly`, `@monthly`,
                        `@yearly`. When both fields of days are restricted, a day that fits either is meant. Where the clock of the time
                        zone is moved, a tick that is passed over happens once at the moment of the change, one that is shown twice
                        happens once, and an expression with every hour goes by the time that passes.
                        """, headers: [.idempotencyKey],
                    body: .submission(ScheduleDefinition.schema, limit: Limits.job),
                    answers: [
                        .json(201, Schedule.self, "The schedule is committed."),
                        .json(200, Schedule.self, "The same request was made before: its schedule."),
                    ], problems: [.tooManySchedules], createSchedule),
                Route(
                    "listSchedules", "GET", "/api/v1/schedules", .read, "Lists schedules, the newest first",
                    query: [.limit, .cursor], answers: [.page("schedules", of: Schedule.self, "A page of schedules.")],
                    listSchedules),
                Route(
                    "getSchedule", "GET", "/api/v1/schedules/{schedule}", .read, "Reads a schedule with its next ticks",
                    answers: [.json(Schedule.self, "The schedule.")], getSchedule),
                Route(
                    "changeSchedule", "PATCH", "/api/v1/schedules/{schedule}", .submit,
                    "Replaces the fields that are given; null brings back a default",
                    body: .submission(ScheduleDefinition.patchSchema, limit: Limits.job),
                    answers: [.json(Schedule.self, "The changed schedule.")], problems: [.changedMeanwhile],
                    changeSchedule),
                Route(
                    "deleteSchedule", "DELETE", "/api/v1/schedules/{schedule}", .submit,
                    "Deletes a schedule; its jobs stay",
                    answers: [.none(204, "It is gone.")], deleteSchedule),
                Route(
                    "pauseSchedule", "POST", "/api/v1/schedules/{schedule}/pause", .control,
                    "Lets no tick fire until the schedule is resumed",
                    answers: [.json(Schedule.self, "The paused schedule.")], pauseSchedule),
                Route(
                    "resumeSchedule", "POST", "/api/v1/schedules/{schedule}/resume", .control,
                    "Lets ticks fire again; what was missed is dealt with as `catch_up` says",
                    answers: [.json(Schedule.self, "The resumed schedule.")], resumeSchedule),
                Route(
                    "triggerSchedule", "POST", "/api/v1/schedules/{schedule}/trigger", .submit,
                    "Submits the schedule's job now, whatever its policies say", headers: [.idempotencyKey],
                    answers: [
                        .json(201, Job.self, "The job is committed."),
                        .json(200, Job.self, "The same request was made before: its job."),
                    ], problems: [.unknownType, .invalidSpec, .invalidField], triggerSchedule),
            ])
    }

    /// Jobs that need other jobs.
    var workflowRoutes: RouteGroup {
        RouteGroup(
            name: "Workflows", description: "Named jobs of which some need others, with one status for the whole.",
            routes: [
                Route(
                    "startWorkflow", "POST", "/api/v1/workflows", .submit, "Starts a workflow",
                    details: """
                        A job is queued once every job in its `depends_on` has completed. `{"$ref": "#/jobs/NAME/result/…"}` in a spec is
                        replaced with what the job NAME has answered, and makes the job depend on it; `#/jobs/NAME/id` is its id. When a job
                        does not complete, those that need it are cancelled with the code `dependency_failed` and the rest goes on; with
                        `fail_fast` a failure cancels the rest too.
                        """, headers: [.idempotencyKey],
                    body: .submission(WorkflowDefinition.schema, limit: Limits.batch),
                    answers: [
                        .json(201, Workflow.self, "All of its jobs are committed."),
                        .json(200, Workflow.self, "The same request was made before: its workflow."),
                    ], startWorkflow),
                Route(
                    "listWorkflows", "GET", "/api/v1/workflows", .read, "Lists workflows, the newest first",
                    query: [
                        QueryParameter(
                            "status", .word(Workflow.Status.allCases.map(\.rawValue)), "Only workflows in this status."),
                        .limit, .cursor,
                    ], answers: [.page("workflows", of: Workflow.self, "A page of workflows, without their jobs.")],
                    listWorkflows),
                Route(
                    "getWorkflow", "GET", "/api/v1/workflows/{workflow}", .read, "Reads a workflow and its jobs",
                    answers: [.json(Workflow.self, "The workflow.")], getWorkflow),
                Route(
                    "cancelWorkflow", "POST", "/api/v1/workflows/{workflow}/cancel", .control,
                    "Cancels all jobs of a workflow that have not ended",
                    body: .object(Schema.request(["reason": Schema.text(max: 500)]), isOptional: true),
                    answers: [
                        .json(202, Workflow.self, "Waiting jobs are cancelled, running ones asked to end."),
                        .json(Workflow.self, "It was cancelled before."),
                    ], problems: [.illegalMove], cancelWorkflow),
                Route(
                    "retryWorkflow", "POST", "/api/v1/workflows/{workflow}/retry", .control,
                    "Goes on with what did not complete of a workflow that has ended",
                    answers: [
                        .json(
                            201, Workflow.self, "A new workflow, linked by `retry_of`; completed jobs are not repeated."
                        ),
                        .json(200, Workflow.self, "The same was asked for before: its workflow."),
                    ], problems: [.illegalMove, .unknownType, .invalidSpec, .invalidField], retryWorkflow),
            ])
    }
}
