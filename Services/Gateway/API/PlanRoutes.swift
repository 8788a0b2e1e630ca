import HTTPServer

extension Gateway {
    /// Schedules and workflows.
    var planRoutes: [Route] {
        [
            Route("POST", "/api/v1/schedules", .submit, body: .collect(limit: Limits.job), createSchedule),
            Route("GET", "/api/v1/schedules", .read, listSchedules),
            Route("GET", "/api/v1/schedules/*", .read, getSchedule),
            Route("PATCH", "/api/v1/schedules/*", .submit, body: .collect(limit: Limits.job), changeSchedule),
            Route("DELETE", "/api/v1/schedules/*", .submit, deleteSchedule),
            Route("POST", "/api/v1/schedules/*/pause", .control, pauseSchedule),
            Route("POST", "/api/v1/schedules/*/resume", .control, resumeSchedule),
            Route("POST", "/api/v1/schedules/*/trigger", .submit, triggerSchedule),
            Route("POST", "/api/v1/workflows", .submit, body: .collect(limit: Limits.batch), startWorkflow),
            Route("GET", "/api/v1/workflows", .read, listWorkflows),
            Route("GET", "/api/v1/workflows/*", .read, getWorkflow),
            Route(
                "POST", "/api/v1/workflows/*/cancel", .control, body: .collect(limit: Limits.control), cancelWorkflow),
            Route("POST", "/api/v1/workflows/*/retry", .control, retryWorkflow),
        ]
    }
}
