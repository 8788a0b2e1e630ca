import Config
import Foundation
import ServiceKit
import Telemetry
import WorkerKit

@main
enum Main {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case PageReader.argument: PageReader.run()
        case ExtractPageCommand.argument: exit(ExtractPageCommand.run(Array(arguments.dropFirst())))
        case nil: await serve()
        default:
            FileHandle.standardError.write(Data("usage: CrawlingWorker [extract FILE...]\n".utf8))
            exit(EX_USAGE)
        }
    }

    /// Takes no work where a hostile page would not be confined.
    private static func serve() async {
        let log = Logger(service: "web_crawling")
        // Pages pass from thread to thread.
        ProcessMemory.limitArenas(to: 2)
        do {
            let tools = try CrawlTools(Environment())
            try await tools.parsers.verify()
            await WorkerService.run(CrawlingWorker(tools: tools))
        } catch let error as ConfigError {
            log.error("\(error)")
            exit(78)
        } catch {
            log.error("\(error)")
            exit(70)
        }
    }
}
