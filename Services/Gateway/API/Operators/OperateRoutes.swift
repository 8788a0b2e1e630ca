import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// What operators and admins call.
    var operatorRoutes: [RouteGroup] { [workerRoutes, deadLetterRoutes, keyRoutes] }

    private var workerRoutes: RouteGroup {
        RouteGroup(
            name: "Workers", description: "The registry of worker processes. It belongs to the installation.",
            routes: [
                Route(
                    "listWorkers", "GET", "/api/v1/workers", .operator, "Lists the workers by id",
                    query: [
                        QueryParameter("type", .text(max: 100), "Only workers of this type."),
                        QueryParameter(
                            "state", .word(WorkerState.allCases.map(\.rawValue)), "Only workers in this state."),
                        .limit, .cursor,
                    ], answers: [.page("workers", of: WorkerRecord.self, "A page of workers.")], listWorkers),
                Route(
                    "getWorker", "GET", "/api/v1/workers/{worker}", .operator,
                    "Reads a worker with the jobs that it runs",
                    answers: [.json(WorkerRecord.self, "The worker.")], getWorker),
                Route(
                    "drainWorker", "POST", "/api/v1/workers/{worker}/drain", .operator,
                    "Lets a worker end or hand back its jobs, and take no more",
                    details: "No attempt is burnt. The process stays, drained, until it is resumed or started anew.",
                    answers: [
                        .json(202, WorkerRecord.self, "The worker is asked to."),
                        .json(WorkerRecord.self, "It is drained."),
                    ], problems: [.workerGone], drainWorker),
                Route(
                    "resumeWorker", "POST", "/api/v1/workers/{worker}/resume", .operator,
                    "Lets a drained worker take jobs again",
                    answers: [
                        .json(202, WorkerRecord.self, "The worker is asked to."),
                        .json(WorkerRecord.self, "It takes jobs."),
                    ], problems: [.workerGone], resumeWorker),
            ])
    }

    private var deadLetterRoutes: RouteGroup {
        RouteGroup(
            name: "Dead letters", description: "Messages that no worker could take. They belong to the installation.",
            routes: [
                Route(
                    "listDeadLetters", "GET", "/api/v1/dead-letters", .operator,
                    "Lists what no worker could take, the newest first",
                    query: [
                        QueryParameter("reason", .text(max: 100), "Only those with this reason."),
                        QueryParameter("type", .text(max: 255), "Only those with this routing key."),
                        QueryParameter(
                            "state", .word(["waiting", "redriven"]), "Only those that wait, or that were sent again."),
                        .limit, .cursor,
                    ],
                    answers: [.page("dead_letters", of: DeadLetter.self, "A page, with the start of each body.")],
                    listDeadLetters),
                Route(
                    "redriveDeadLetters", "POST", "/api/v1/dead-letters/redrive", .operator,
                    "Sends up to 1,000 waiting messages with one reason again, the oldest first",
                    body: .object(
                        Schema.request(
                            ["reason": Schema.text(max: 100), "type": Schema.text(max: 255)], required: ["reason"])),
                    answers: [
                        .json(
                            schema: Schema.answer(
                                "What was done.",
                                [
                                    "redriven": Schema.count,
                                    "skipped": Schema.count.described(
                                        "No worker has their type, their job has ended, or the broker did not confirm."),
                                    "remaining": Schema.bool.described("Whether there are more: call once more."),
                                ]), "They are with the broker.")
                    ], redriveDeadLetters),
                Route(
                    "getDeadLetter", "GET", "/api/v1/dead-letters/{letter}", .operator,
                    "Reads a dead letter with its whole body", answers: [.json(DeadLetter.self, "The dead letter.")],
                    getDeadLetter),
                Route(
                    "deleteDeadLetter", "DELETE", "/api/v1/dead-letters/{letter}", .operator,
                    "Forgets a dead letter for good", answers: [.none(204, "It is gone.")], deleteDeadLetter),
                Route(
                    "redriveDeadLetter", "POST", "/api/v1/dead-letters/{letter}/redrive", .operator,
                    "Sends a message again, as it came or corrected",
                    details: "To the exchange switchyard.jobs. Harmless when repeated: the same job id is one job.",
                    body: .object(
                        Schema.request([
                            "body": [
                                "type": ["object", "string"], "description": "In place of the message's own body.",
                            ],
                            "routing_key": Schema.text(max: 100).described("In place of the message's own."),
                        ]), limit: Limits.job, isOptional: true),
                    answers: [.json(DeadLetter.self, "The broker has it.")],
                    problems: [.jobEnded, .unknownType, .invalidSpec], redriveDeadLetter),
            ])
    }

    private var keyRoutes: RouteGroup {
        RouteGroup(
            name: "Keys and audit",
            description:
                "Keys manage those of their own namespace; with `operator`, those of all. Every action leaves an entry.",
            routes: [
                Route(
                    "listKeys", "GET", "/api/v1/keys", .admin, "Lists keys, the newest first",
                    query: [namespace, .limit, .cursor],
                    answers: [.page("keys", of: KeyRecord.self, "A page of keys.")],
                    listKeys),
                Route(
                    "makeKey", "POST", "/api/v1/keys", .admin, "Makes a key and shows it, once",
                    details: "It allows no more than the key of the request, and not for longer.",
                    body: .object(
                        Schema.request(
                            [
                                "name": Schema.text(max: 200),
                                "scopes": Schema.list(Schema.word(Scope.allCases.map(\.rawValue)), 1...5),
                                "namespace": [
                                    "type": "string", "maxLength": 63, "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$",
                                ],
                                "expires_at": Schema.time,
                            ], required: ["name", "scopes"])),
                    answers: [.json(201, KeyRecord.self, "The key, with its text.")], problems: [.grantsMore], makeKey),
                Route(
                    "getKey", "GET", "/api/v1/keys/{key}", .admin, "Reads a key, without its text",
                    answers: [.json(KeyRecord.self, "The key.")], getKey),
                Route(
                    "rotateKey", "POST", "/api/v1/keys/{key}/rotate", .admin,
                    "Gives a key a new text and shows it, once",
                    body: .object(
                        Schema.request([
                            "grace_seconds": Schema.integer(0...2_592_000).defaulting(to: 86_400).described(
                                "How long the old text works on.")
                        ]), isOptional: true),
                    answers: [.json(KeyRecord.self, "The key, with its new text.")],
                    problems: [.grantsMore, .keyEnded],
                    rotateKey),
                Route(
                    "revokeKey", "POST", "/api/v1/keys/{key}/revoke", .admin, "Ends a key for good, within 5 s",
                    query: [
                        QueryParameter(
                            "force", .bool, "Also the installation's last key with `admin` or with `operator`.")
                    ], answers: [.json(KeyRecord.self, "The key works no more.")], problems: [.grantsMore, .lastKey],
                    revokeKey),
                Route(
                    "listAudit", "GET", "/api/v1/audit", .admin, "Lists what was done, the newest first",
                    query: [
                        namespace, QueryParameter("action", .text(max: 100), "Only this action, such as worker.drain."),
                        QueryParameter("object", .text(max: 300), "Only what was done to this object: its path."),
                        QueryParameter("key_id", .uuid, "Only what this key did."),
                        QueryParameter("since", .time, "Only entries from this time on."),
                        QueryParameter("until", .time, "Only entries before this time."), .limit, .cursor,
                    ], answers: [.page("entries", of: AuditEntry.self, "A page of the log.")], listAudit),
            ])
    }

    private var namespace: QueryParameter {
        QueryParameter(
            "namespace", .text(max: 63), "Another namespace than the key's, or `*` for all; for operators.")
    }
}
