import Config
import Embedding
import Foundation
import WorkerKit

@main
enum Main {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case nil: await WorkerService.run(EmbeddingsWorker(models: try EmbeddingModels(Environment())))
        case EmbedCommand.argument: exit(await EmbedCommand.run(Array(arguments.dropFirst())))
        case BenchCommand.argument: exit(await BenchCommand.run(Array(arguments.dropFirst())))
        default:
            FileHandle.standardError.write(Data("usage: EmbeddingsWorker [\(EmbedCommand.usage)]\n".utf8))
            exit(EX_USAGE)
        }
    }
}
