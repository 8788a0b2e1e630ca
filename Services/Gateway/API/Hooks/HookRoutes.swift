import Crypto
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// The calls of git providers.
    var hookRoutes: RouteGroup {
        RouteGroup(
            name: "Hooks",
            description: """
                Git providers tell what became of the pull requests of jobs. Set one of these addresses as a webhook of a repository, group or organisation, \
                with the content type JSON and the secret that the gateway has. A pull request that is merged, closed or reopened, and a check of it that has \
                ended, becomes an event `pull_request` of its job, also after the job's end.
                """,
            routes: HookProvider.allCases.map { provider in
                Route(
                    signed: "take\(provider.capitalised)Delivery", "/api/v1/hooks/\(provider.rawValue)",
                    "Takes a delivery of \(provider.title)",
                    details: """
                        Signed with a secret of `\(provider.setting)`: \(provider.signatureHeaders.map { "`\($0)`" }.joined(separator: " or ")). A delivery \
                        that comes again, and one about nothing of ours, changes nothing.
                        """,
                    limit: HookBodies.largest,
                    answers: [
                        .json(
                            schema: Schema.answer(
                                "The event that was made.",
                                [
                                    "job_id": Schema.uuid,
                                    "action": Schema.word(ForgeNews.Action.allCases.map(\.rawValue)),
                                ]),
                            "It is an event of a job now."),
                        .none(204, "Nothing is to be done."),
                    ], problems: [.notFound, .badDelivery]
                ) { [self] request in try await take(request, from: provider) }
            })
    }

    private func take(_ request: HTTPRequest, from provider: HookProvider) async throws -> HTTPResponse {
        let proof = try configuration.hookSecrets.proof(in: request.headers, of: provider)
        return try await hookBodies.with(request) { body in
            try proof.check(body)
            let type = request.headers["Content-Type"]?.lowercased() ?? ""
            guard !type.hasPrefix("application/x-www-form-urlencoded") else { throw Problem.formDelivery }
            let json = try parse(body)
            let digest = Hex.encode(sha256(body))
            let name = provider.deliveryHeaders.lazy.compactMap { request.headers[$0] }.first ?? digest
            let delivery = HookDelivery(
                event: provider.event(request.headers), name: name, id: provider.signsBodies ? digest : name, body: json
            )
            guard let news = provider.news(in: delivery), let job = try await store.note(news) else {
                return HTTPResponse(status: 204)
            }
            log.info(
                "a pull request has news",
                ["job": .string(job.text), "action": .string(news.action.rawValue), "delivery": .string(news.delivery)])
            return .json(
                status: 200, ["job_id": .string(job.text), "action": .string(news.action.rawValue)])
        }
    }
}

extension HookProvider {
    fileprivate var capitalised: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}

extension Problem {
    fileprivate static let formDelivery = Problem(
        .unsupportedMediaType, "Let the provider send the content type application/json.")
}
