import HTTPServer
import JSON
import Jobs

extension Gateway {
    var crawlRoutes: RouteGroup {
        RouteGroup(
            name: "Crawls",
            description:
                "What crawls have made: pages, and what became of each URL. A job that goes on from another one's checkpoint "
                + "goes on with its crawl, and both show the same; a job without a crawl shows nothing.",
            routes: [
                Route(
                    "listCrawledPages", "GET", "/api/v1/jobs/{job}/pages", .read, "Lists the pages of a crawl",
                    details: "In the order of their discovery. " + Self.shortPages,
                    query: [
                        QueryParameter(
                            "host", .text(max: 300),
                            "Only pages of this host: its name as it stands in their URLs, with the port if there is one."
                        ),
                        QueryParameter(
                            "duplicates", .word(["include", "exclude"]),
                            "`exclude`: only pages whose main text no earlier page has, or nearly. `include` when absent."
                        ),
                        .limit, .cursor,
                    ],
                    answers: [.page("pages", of: CrawlPage.self, "A page of pages, in order.")], listCrawledPages),
                Route(
                    "getCrawledPage", "GET", "/api/v1/jobs/{job}/pages/{number}", .read, "Reads a page of a crawl",
                    answers: [.json(CrawlPage.self, "The page.")], getCrawledPage),
                Route(
                    "listCrawledURLs", "GET", "/api/v1/jobs/{job}/urls", .read, "Lists what became of a crawl's URLs",
                    details: "In the order of their discovery.",
                    query: [
                        QueryParameter(
                            "state", .words(CrawledURL.State.allCases.map(\.rawValue)),
                            "Only URLs in one of these states."),
                        .limit, .cursor,
                    ],
                    answers: [.page("urls", of: CrawledURL.self, "A page of URLs, in order.")], listCrawledURLs),
            ])
    }
}
