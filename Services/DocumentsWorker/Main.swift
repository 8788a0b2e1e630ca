import Foundation

@main
enum Main {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case ParserHelper.argument:
            ParserHelper.run()
        case ExtractCommand.argument:
            ExtractCommand.run(Array(arguments.dropFirst()))
        default:
            FileHandle.standardError.write(Data("DocumentsWorker: use 'extract FILE'\n".utf8))
            exit(EX_USAGE)
        }
    }
}
