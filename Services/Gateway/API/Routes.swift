import HTTPServer

extension Gateway {
    /// The whole API on one screen.
    var routes: [Route] {
        [
            Route("POST", "/api/v1/jobs", .submit, body: .collect(limit: Limits.job), submitJob),
            Route("POST", "/api/v1/jobs/batch", .submit, body: .collect(limit: Limits.batch), submitBatch),
            Route("GET", "/api/v1/jobs", .read, listJobs),
            Route("GET", "/api/v1/jobs/*", .read, getJob),
            Route("POST", "/api/v1/jobs/*/cancel", .control, body: .collect(limit: Limits.control), cancelJob),
            Route("POST", "/api/v1/jobs/*/retry", .control, retryJob),
            Route("POST", "/api/v1/jobs/*/rerun", .control, rerunJob),
            Route("GET", "/api/v1/jobs/*/executions", .read, listExecutions),
            Route("GET", "/api/v1/jobs/*/checkpoints", .read, listCheckpoints),
            Route("GET", "/api/v1/jobs/*/checkpoints/*", .read, getCheckpoint),
            Route("GET", "/api/v1/jobs/*/events", .read, streamEvents),
            Route("GET", "/api/v1/jobs/*/history", .read, listHistory),
            Route("GET", "/api/v1/jobs/*/logs", .read, listLogs),
            Route("GET", "/api/v1/jobs/*/checkpoints/*/entries", .read, listCheckpointEntries),
            Route("GET", "/api/v1/jobs/*/results", .read, getResults),
            Route("GET", "/api/v1/jobs/*/output", .read, listOutput),
            Route("GET", "/api/v1/jobs/*/errors", .read, listErrors),
            Route("GET", "/api/v1/jobs/*/metrics", .read, getMetrics),
            Route("GET", "/api/v1/jobs/*/metric-groups", .read, getMetricGroups),
            Route("GET", "/api/v1/jobs/*/operators/*/metrics", .read, getOperatorMetrics),
            Route("POST", "/api/v1/files", .submit, body: .stream(limit: configuration.maxUpload), uploadFile),
            Route("GET", "/api/v1/artifacts/*", .read, getArtifact),
            Route("GET", "/api/v1/types", .read, listTypes),
            Route("GET", "/api/v1/dead-letters", .admin, listDeadLetters),
        ]
    }
}

/// The sizes of what the API takes, in bytes and items.
enum Limits {
    static let job = 1 << 20
    static let batch = 16 << 20
    static let batchJobs = 1000
    static let control = 16 << 10
    static let page = 500
    static let defaultPage = 50
    static let maxWait: Duration = .seconds(60)
}
