import HTTPServer
import JSON
import Jobs

extension Gateway {
    var observeRoutes: RouteGroup {
        RouteGroup(
            name: "Observe", description: "What a job did and does.",
            routes: eventRoutes + logRoutes + checkpointRoutes + metricRoutes + outputRoutes)
    }

    private var eventRoutes: [Route] {
        [
            Route(
                "streamEvents", "GET", "/api/v1/jobs/{job}/events", .read, "Follows a job until it ends",
                query: [
                    QueryParameter(
                        "after", .integer(0...Int.max), "Like Last-Event-ID, for clients that cannot set it.")
                ],
                headers: [.lastEventID],
                answers: [
                    .events(Event.self, "Server-sent events, from the first one on."),
                    .none(204, "The job has ended and everything was seen: do not come back."),
                ], streamEvents),
            Route(
                "listHistory", "GET", "/api/v1/jobs/{job}/history", .read, "Lists a job's events in order",
                query: [
                    QueryParameter(
                        "event", .text(max: 500), "Only events of this kind; several are separated by commas."),
                    QueryParameter(
                        "level", .word(EventFilter.Level.allCases.map(\.rawValue) + ["all"]),
                        "`job`: what changed its status; `execution`: what happened in an attempt. Some are both."),
                    .attempt, .since, .until, .limit, .cursor,
                ], answers: [.page("events", of: Event.self, "A page of events.")],
                listHistory),
            Route(
                "listExecutions", "GET", "/api/v1/jobs/{job}/executions", .read, "Lists the attempts at a job",
                query: [
                    QueryParameter("order", .word(["asc", "desc"]), "`desc`: the newest first."), .limit, .cursor,
                ],
                answers: [.page("executions", of: Execution.self, "A page of attempts, in order.")], listExecutions),
        ]
    }

    private var logRoutes: [Route] {
        [
            Route(
                "listLogs", "GET", "/api/v1/jobs/{job}/logs", .read,
                "Lists a job's log lines in order, or follows them",
                details:
                    "A stream goes on after `Last-Event-ID`, or begins with the last `tail` lines, and ends with the job.",
                query: [
                    QueryParameter(
                        "level", .word(LogLevel.allCases.map(\.word) + ["warn"]), "Only lines of this level and above."),
                    .operatorName,
                    QueryParameter("task_index", .integer(0...Int(Int32.max)), "Only this subtask."), .attempt, .since,
                    .until,
                    QueryParameter("tail", .integer(1...Limits.page), "Only the last lines; without cursor."),
                    QueryParameter("follow", .bool, "Server-sent events until the job ends."), .limit, .cursor,
                ],
                headers: [.lastLineID],
                answers: [
                    .either(
                        [.page("logs", of: LogLine.self, ""), .events(LogLine.self, "")],
                        "A page of log lines, or with `follow` a stream of them."),
                    .none(204, "The job has ended and everything was seen: do not come back."),
                ], listLogs)
        ]
    }

    private var checkpointRoutes: [Route] {
        [
            Route(
                "listCheckpoints", "GET", "/api/v1/jobs/{job}/checkpoints", .read,
                "Lists a job's checkpoints, the newest first", query: [.limit, .cursor],
                answers: [.page("checkpoints", of: Checkpoint.self, "A page of checkpoints, without their states.")],
                listCheckpoints),
            Route(
                "getCheckpoint", "GET", "/api/v1/jobs/{job}/checkpoints/{epoch}", .read,
                "Reads one checkpoint with its state", answers: [.json(Checkpoint.self, "The checkpoint.")],
                getCheckpoint),
            Route(
                "listCheckpointEntries", "GET", "/api/v1/jobs/{job}/checkpoints/{epoch}/entries", .read,
                "Lists the finished work that belongs to a checkpoint", query: [.limit, .cursor],
                answers: [
                    .page("entries", of: CheckpointEntry.self, "A page of entries, in the order they were stored.")
                ],
                listCheckpointEntries),
        ]
    }

    private var metricRoutes: [Route] {
        [
            Route(
                "getMetrics", "GET", "/api/v1/jobs/{job}/metrics", .read, "Reads what a job's operators have counted",
                details:
                    "Work that was done twice, because a worker died before the next checkpoint, is counted twice.",
                query: [.attempt], answers: [.json(JobMetrics.self, "Totals, and each operator.")], getMetrics),
            Route(
                "getOperatorMetrics", "GET", "/api/v1/jobs/{job}/operators/{operator}/metrics", .read,
                "Reads what one operator has counted, with its subtasks", query: [.attempt],
                answers: [.json(OperatorMetrics.self, "The operator.")], getOperatorMetrics),
            Route(
                "getMetricGroups", "GET", "/api/v1/jobs/{job}/metric-groups", .read,
                "Reads the sums of sources, transforms and sinks", query: [.attempt],
                answers: [.json(MetricGroups.self, "The groups.")], getMetricGroups),
        ]
    }

    private var outputRoutes: [Route] {
        [
            Route(
                "listErrors", "GET", "/api/v1/jobs/{job}/errors", .read, "Lists records that operators could not take",
                query: [
                    QueryParameter("level", .word(["error", "warning", "warn"]), "Only errors of this level."),
                    .operatorName, .attempt, .limit, .cursor,
                ],
                answers: [.page("errors", of: RecordError.self, "A page of errors, in order.")], listErrors),
            Route(
                "listOutput", "GET", "/api/v1/jobs/{job}/output", .read,
                "Lists the first records that operators put out",
                details:
                    "At most 100 of each operator. A page of CSV has the columns of its own records, tells the next one in "
                    + "`Link` and the total in `X-Total-Records`; cells that look like formulas begin with an apostrophe.",
                query: [
                    .operatorName, QueryParameter("format", .word(["json", "csv"]), "json when absent."), .limit,
                    .cursor,
                ],
                answers: [
                    .either(
                        [
                            .json(schema: Self.outputSchema, ""),
                            Answer(status: 200, description: "", content: .text("text/csv")),
                        ], "A page of records.")
                ], listOutput),
            Route(
                "getResults", "GET", "/api/v1/jobs/{job}/results", .read, "Reads a job's result and lists its files",
                query: [.limit, .cursor], answers: [.json(schema: Self.resultsSchema, "A page of files.")], getResults),
        ]
    }

    private static let outputSchema = Schema.answer(
        "A page of records.",
        [
            "samples": Schema.list(OutputSample.reference),
            "total_records": Schema.count.described("How many records were put out, kept or not."),
            "next_cursor": Schema.text.orNull.described("Send it as `cursor` for the next page; null at the end."),
        ])

    private static let resultsSchema = Schema.answer(
        "A page of a job's files. `result` stands in the first page.",
        [
            "job_id": Schema.uuid, "status": Schema.word(JobStatus.allCases.map(\.rawValue)), "attempt": Schema.count,
            "result": Schema.anyObject.orNull, "artifacts": Schema.list(FileRecord.reference),
            "next_cursor": Schema.text.orNull.described("Send it as `cursor` for the next page; null at the end."),
        ], optional: ["result"])
}
