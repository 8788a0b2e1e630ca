import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// The whole API: its groups of calls, in the order in which `/docs` shows them.
    var routes: [RouteGroup] {
        [
            submitRoutes, jobRoutes, controlRoutes, observeRoutes, scheduleRoutes, workflowRoutes, flowRoutes,
            fileRoutes, documentRoutes, crawlRoutes, searchRoutes, webhookRoutes, hookRoutes, typeRoutes,
        ] + operatorRoutes
    }

    private var submitRoutes: RouteGroup {
        RouteGroup(
            name: "Submit", description: "Jobs are accepted once their row is committed.",
            routes: [
                Route(
                    "submitJob", "POST", "/api/v1/jobs", .submit, "Submits a job", headers: [.idempotencyKey],
                    body: .submission(Submission.schema, limit: Limits.job),
                    answers: [
                        .json(201, Job.self, "The job is committed."),
                        .json(200, Job.self, "The same request was made before, or its unique job exists: that job."),
                    ], problems: [.unknownDependency], submitJob),
                Route(
                    "submitBatch", "POST", "/api/v1/jobs/batch", .submit, "Submits up to 1,000 jobs, all or none",
                    headers: [.idempotencyKey],
                    body: .submission(
                        Schema.request(
                            ["jobs": Schema.list(Submission.schema, 1...1000)], required: ["jobs"]), limit: Limits.batch
                    ),
                    answers: [
                        .json(
                            201,
                            schema: Schema.answer("The jobs, in order.", ["jobs": Schema.list(Job.reference)]),
                            "All are committed.")
                    ], problems: [.unknownDependency], submitBatch),
            ])
    }

    private var jobRoutes: RouteGroup {
        RouteGroup(
            name: "Jobs", description: "What a job is and where it stands.",
            routes: [
                Route(
                    "listJobs", "GET", "/api/v1/jobs", .read, "Lists jobs",
                    query: [
                        QueryParameter("type", .text(max: 100), "Only jobs of this type."),
                        QueryParameter(
                            "status", .words(JobStatus.allCases.map(\.rawValue)), "Only jobs in one of these statuses."),
                        QueryParameter("label", .label, "Only jobs with this label; several must all be there."),
                        QueryParameter("parent", .uuid, "Only jobs below this one."),
                        QueryParameter("worker", .text(max: 255), "Only jobs whose last attempt was on this worker."),
                        QueryParameter("created_after", .time, "Only jobs made at this time or later."),
                        QueryParameter("created_before", .time, "Only jobs made before this time."),
                        QueryParameter(
                            "order", .word(["newest", "oldest"]),
                            "Which come first; the same on every page. The newest when absent."),
                        .limit, .cursor,
                    ],
                    answers: [.page("jobs", of: Job.self, "A page of jobs, without their specs and results.")],
                    listJobs),
                Route(
                    "getJob", "GET", "/api/v1/jobs/{job}", .read, "Reads a job, or waits for a change",
                    query: [
                        QueryParameter(
                            "wait", .duration,
                            "Answers when something about the job changes, at the latest after this (60s)."),
                        QueryParameter("until", .word(["change", "ended"]), "What to wait for."),
                    ],
                    answers: [.json(Job.self, "The job.")], getJob),
            ])
    }

    private var fileRoutes: RouteGroup {
        RouteGroup(
            name: "Files", description: "Inputs and outputs, streamed.",
            routes: [
                Route(
                    "uploadFile", "POST", "/api/v1/files", .submit, "Uploads a file, the raw bytes as body",
                    query: [QueryParameter("name", .text(max: 255), "The file's name; without slashes.")],
                    body: .file(limit: configuration.maxUpload),
                    answers: [.json(201, FileRecord.self, "The file is stored.")], uploadFile),
                Route(
                    "getArtifact", "GET", "/api/v1/artifacts/{artifact}", .read,
                    "Downloads an upload or what a job produced",
                    details: "With `expires` and `signature`, as `signArtifact` gives them, no key is needed.",
                    query: [
                        QueryParameter("expires", .integer(0...Int.max), "Until when the signature holds."),
                        QueryParameter("signature", .text(max: 100), "What stands for a key."),
                    ], headers: [.range, .ifRange, .ifNoneMatch],
                    answers: [
                        Answer(
                            status: 200, description: "The content, with the media type of its maker.", content: .file),
                        Answer(status: 206, description: "The part that was asked for.", content: .file),
                        .none(304, "The content has the tag of `If-None-Match`."),
                    ], problems: [.contentUnavailable, .outOfRange, .urlExpired, .badSignature],
                    signed: getSignedArtifact, getArtifact),
                Route(
                    "signArtifact", "POST", "/api/v1/artifacts/{artifact}/url", .read,
                    "Makes an address that downloads a file without a key",
                    details: "It cannot be taken back, so give it no more time than it needs.",
                    body: .object(
                        Schema.request([
                            "expires_in": Schema.integer(1...SignedURLs.longest).described(
                                "For how many seconds it holds; \(SignedURLs.usual) when absent.")
                        ]), isOptional: true),
                    answers: [.json(SignedURL.self, "The address.")], signArtifact),
            ])
    }

    private var typeRoutes: RouteGroup {
        RouteGroup(
            name: "Types", description: "What can be submitted.",
            routes: [
                Route(
                    "listTypes", "GET", "/api/v1/types", .read, "Lists what can be submitted",
                    answers: [
                        .json(
                            schema: Schema.answer("The types.", ["types": Schema.list(JobType.reference)]),
                            "Every registered type.")
                    ], listTypes),
                Route(
                    "getTypeSchema", "GET", "/api/v1/types/{type}/schema", .read,
                    "Reads the JSON Schema of a type's spec",
                    answers: [.json(schema: Schema.anyObject, "The schema.")], getTypeSchema),
                Route(
                    "listDatasets", "GET", "/api/v1/datasets", .read, "Lists what can be exported and imported",
                    details:
                        "The datasets that sources of `export` can name, and which of them rows can be imported into with `import`. Empty until an exports worker has started; "
                        + "where several know different ones, those of the one that started last.",
                    answers: [
                        .json(
                            schema: Schema.answer("The datasets.", ["datasets": Schema.list(DatasetRecord.reference)]),
                            "Those that the namespace may use, by name.")
                    ], listDatasets),
            ])
    }
}

/// The sizes of what the API takes, in bytes and items.
enum Limits {
    static let job = 1 << 20
    static let batch = 16 << 20
    static let batchJobs = 1000
    static let control = 16 << 10
    /// A vector of 8,192 numbers, each spelled in full.
    static let search = 256 << 10
    static let page = 500
    /// How far the dry run of a bulk action counts.
    static let bulkCount = 10_000
    static let defaultPage = 50
    static let maxWait: Duration = .seconds(60)
}
