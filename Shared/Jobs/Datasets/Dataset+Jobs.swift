import Postgres

extension Dataset {
    /// The datasets that every installation has.
    public static let builtIn = [
        jobs, executions, jobLogs, files, documents, documentPages, documentChunks, crawledPages, embeddings,
    ]

    static let jobs = Dataset(
        "jobs", "Jobs with their specs, results and errors; secrets are masked.",
        parameters: [
            Parameter("ids", .uuids, "Only these."),
            Parameter("types", .texts, "Only of these types."),
            Parameter("statuses", .texts, "Only in these."),
            Parameter("labels", .json, "Only those that have all of these labels."),
            created("from", "Only those that were created then or later."),
            created("until", "Only those that were created before."),
        ],
        query: """
            SELECT j.id, j.type, j.status, j.name, j.labels, j.priority, j.attempt, j.max_attempts, j.failures, j.crashes,
                j.parent_id, j.original_job_id, j.worker, j.phase, j.created_at, j.due_at, j.started_at, j.finished_at,
                -- Sealed strings are shown to nobody (`Redaction`).
                regexp_replace(j.spec::text, '"sealed:v1:[A-Za-z0-9_=-]*"', '"***"', 'g')::jsonb AS spec, j.progress, j.result, j.error
            FROM jobs j, parameters p
            WHERE j.namespace = p.namespace AND (p.ids IS NULL OR j.id = ANY(p.ids))
                AND (p.types IS NULL OR j.type = ANY(p.types)) AND (p.statuses IS NULL OR j.status = ANY(p.statuses))
                AND (p.labels IS NULL OR j.labels @> p.labels)
                AND (p."from" IS NULL OR j.created_at >= p."from") AND (p."until" IS NULL OR j.created_at < p."until")
            ORDER BY j.id
            """)

    static let executions = Dataset(
        "executions", "The ended attempts of jobs.", parameters: [ofJobs],
        query: """
            SELECT x.job_id, j.type, x.attempt, x.worker, x.status, x.started_at, x.finished_at, x.error
            FROM executions x JOIN jobs j ON j.id = x.job_id, parameters p
            WHERE j.namespace = p.namespace AND (p.jobs IS NULL OR x.job_id = ANY(p.jobs))
            ORDER BY x.job_id, x.attempt
            """)

    static let jobLogs = Dataset(
        "logs", "What jobs have written to their logs.", parameters: [ofJobs],
        query: """
            SELECT l.job_id, l.attempt, l.number, l.at, l.level, l.message, l.operator, l.details
            FROM job_logs l JOIN jobs j ON j.id = l.job_id, parameters p
            WHERE j.namespace = p.namespace AND (p.jobs IS NULL OR l.job_id = ANY(p.jobs))
            ORDER BY l.job_id, l.attempt, l.number
            """)

    static let files = Dataset(
        "files", "Uploaded files and artifacts of jobs, without their content.", parameters: [ofJobs],
        query: """
            SELECT f.id, f.job_id, f.name, f.media_type, f.size, f.sha256, f.created_at
            FROM files f, parameters p
            WHERE f.namespace = p.namespace AND (p.jobs IS NULL OR f.job_id = ANY(p.jobs))
            ORDER BY f.id
            """)

    static let ofJobs = Parameter("jobs", .uuids, "Only of these jobs.")

    private static func created(_ name: String, _ description: String) -> Parameter {
        Parameter(name, .timestamp, description)
    }
}
