import Config
import Foundation
import Telemetry
import WorkerKit

@main
enum Main {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case ParserHelper.argument:
            ParserHelper.run()
        case ExtractCommand.argument:
            ExtractCommand.run(Array(arguments.dropFirst()))
        case nil:
            await serve()
        default:
            FileHandle.standardError.write(Data("usage: DocumentsWorker [extract FILE]\n".utf8))
            exit(EX_USAGE)
        }
    }

    /// Takes no work where a hostile document would not be confined.
    private static func serve() async {
        let extractor = Extractor()
        do {
            try await extractor.verifySandbox()
        } catch {
            Logger(service: "document_processing").error("\(error)")
            exit(70)
        }
        await WorkerService.run(DocumentsWorker(extractor: extractor, fetcher: try Fetcher(Environment())))
    }
}
