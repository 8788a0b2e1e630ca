import HTTPServer

extension Gateway {
    /// The flow of jobs: queues, limits, and why a job waits.
    var flowRoutes: [Route] {
        [
            Route("GET", "/api/v1/queues", .read, listQueues),
            Route("GET", "/api/v1/queues/*", .read, getQueue),
            Route("POST", "/api/v1/queues/*/pause", .admin, body: .collect(limit: Limits.control), pauseQueue),
            Route("POST", "/api/v1/queues/*/resume", .admin, resumeQueue),
            Route("GET", "/api/v1/limits", .admin, listLimits),
            Route("PUT", "/api/v1/limits/*/*", .admin, body: .collect(limit: Limits.control), putLimit),
            Route("DELETE", "/api/v1/limits/*/*", .admin, deleteLimit),
            Route("GET", "/api/v1/jobs/*/why", .read, explainJob),
        ]
    }
}
