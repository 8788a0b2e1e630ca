import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// The flow of jobs: queues, limits, and why a job waits.
    var flowRoutes: RouteGroup {
        RouteGroup(
            name: "Flow", description: "How jobs come from the backlog to the workers.",
            routes: [
                Route(
                    "explainJob", "GET", "/api/v1/jobs/{job}/why", .read, "Says why a job is where it is",
                    answers: [.json(Explanation.self, "One sentence and its facts.")], explainJob),
                Route(
                    "listQueues", "GET", "/api/v1/queues", .read, "Lists the queues and how they stand",
                    answers: [.page("queues", of: QueueView.self, "Every queue, by its type.")], listQueues),
                Route(
                    "getQueue", "GET", "/api/v1/queues/{queue}", .read, "Reads how a queue stands",
                    answers: [.json(QueueView.self, "The queue.")], getQueue),
                Route(
                    "pauseQueue", "POST", "/api/v1/queues/{queue}/pause", .operator, "Pauses a queue",
                    details:
                        "Jobs are accepted as before and none is dispatched, at this gateway at once and at the others "
                        + "within a second. The few commands that stand in the broker already still run.",
                    body: .object(Schema.request(["reason": Schema.text(max: 500)]), isOptional: true),
                    answers: [.json(QueueView.self, "The queue is paused.")], pauseQueue),
                Route(
                    "resumeQueue", "POST", "/api/v1/queues/{queue}/resume", .operator, "Lets a paused queue go on",
                    answers: [.json(QueueView.self, "The queue goes on.")], resumeQueue),
                Route(
                    "listLimits", "GET", "/api/v1/limits", .admin, "Lists the limits of queues, namespaces and keys",
                    answers: [
                        .page(
                            "limits", of: Limit.self,
                            "Those that hold here: of queues, this namespace and its keys. Operators see every namespace's."
                        )
                    ],
                    listLimits),
                Route(
                    "putLimit", "PUT", "/api/v1/limits/{scope}/{subject}", .admin, "Sets a limit or replaces it",
                    details:
                        "The scope is `queue`, `namespace` or `key` (a `concurrency_key` of this namespace). The subject `*` "
                        + "stands for each one that has no limit of its own.",
                    body: .object(Self.limitSchema), answers: [.json(Limit.self, "The limit holds.")], putLimit),
                Route(
                    "deleteLimit", "DELETE", "/api/v1/limits/{scope}/{subject}", .admin, "Removes a limit",
                    answers: [.none(204, "The limit is gone.")], deleteLimit),
            ])
    }
}
