import HTTPServer

extension Gateway {
    /// What operators and admins call.
    var operateRoutes: [Route] {
        let small = BodyPolicy.collect(limit: Limits.control)
        return [
            Route("GET", "/api/v1/workers", .operator, listWorkers),
            Route("GET", "/api/v1/workers/*", .operator, getWorker),
            Route("POST", "/api/v1/workers/*/drain", .operator, drainWorker),
            Route("POST", "/api/v1/workers/*/resume", .operator, resumeWorker),
            Route("GET", "/api/v1/dead-letters", .operator, listDeadLetters),
            Route("POST", "/api/v1/dead-letters/redrive", .operator, body: small, redriveDeadLetters),
            Route("GET", "/api/v1/dead-letters/*", .operator, getDeadLetter),
            Route("DELETE", "/api/v1/dead-letters/*", .operator, deleteDeadLetter),
            Route(
                "POST", "/api/v1/dead-letters/*/redrive", .operator, body: .collect(limit: Limits.job),
                redriveDeadLetter),
            Route("GET", "/api/v1/audit", .admin, listAudit),
            Route("GET", "/api/v1/keys", .admin, listKeys),
            Route("POST", "/api/v1/keys", .admin, body: small, makeKey),
            Route("GET", "/api/v1/keys/*", .admin, getKey),
            Route("POST", "/api/v1/keys/*/rotate", .admin, body: small, rotateKey),
            Route("POST", "/api/v1/keys/*/revoke", .admin, revokeKey),
        ]
    }
}
