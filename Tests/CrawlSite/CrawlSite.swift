import Foundation
import HTTPServer

/// The generated web site that crawls are tested and measured on.
@main
enum CrawlSite {
    static func main() async {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            switch options.command {
            case .serve: try await serve(options)
            case .expected: try printExpected(options)
            case .check: exit(try await Check(options).run() ? 0 : 1)
            }
        } catch {
            FileHandle.standardError.write(Data("CrawlSite: \(error)\n".utf8))
            exit(2)
        }
    }

    /// Starts the site and answers its server, which runs as long as it is kept.
    static func start(_ options: Options) throws -> (server: HTTPServer, model: SiteModel) {
        let handler = SiteHandler()
        // Headers are made in a connection's memory, which must have room for those of the page that has too many.
        let server = HTTPServer(
            HTTPServerConfiguration(port: options.port, maxHeaderBytes: options.mode == .full ? 1 << 20 : 16_384),
            handler: handler)
        try server.start()
        let model = SiteModel(pages: options.pages, seed: options.seed, port: server.port, mode: options.mode)
        if options.mode == .bench { handler.warm(model) }
        handler.serve(model)
        return (server, model)
    }

    private static func serve(_ options: Options) async throws {
        signal(SIGTERM) { _ in _exit(0) }
        signal(SIGINT) { _ in _exit(0) }
        let (server, _) = try start(options)
        write("{\"port\":\(server.port)}\n")
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    /// A line for each URL: the URL, what it is there for, and how it ends.
    private static func printExpected(_ options: Options) throws {
        guard options.port != 0 else { throw OptionError(message: "expected needs --port, which the URLs name") }
        let model = SiteModel(pages: options.pages, seed: options.seed, port: options.port, mode: options.mode)
        let rows = Expected(model, agent: options.agent).rows.filter { options.showsAll || $0.outcome.isFetched }
        let lines = rows.map { "\($0.url.absolute(port: options.port))\t\($0.kind)\t\($0.outcome.rawValue)\n" }
        write(lines.joined())
    }

    static func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
}
