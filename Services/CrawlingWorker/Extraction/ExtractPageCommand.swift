import Foundation
import Markup

/// `CrawlingWorker extract [--text] FILE...`: the main text that the worker would find, for operators and measurements.
///
/// It is Markdown, or with `--text` without marks; after each of several files there is a NUL.
enum ExtractPageCommand {
    /// The first argument of the process.
    static let argument = "extract"

    /// Reads the files and prints each; answers the exit status.
    static func run(_ arguments: [String]) -> Int32 {
        var files = arguments
        let isText = files.first == "--text"
        if isText { files.removeFirst() }
        guard !files.isEmpty else {
            FileHandle.standardError.write(Data("usage: CrawlingWorker extract [--text] FILE...\n".utf8))
            return EX_USAGE
        }
        TextLanguage.load()
        var status: Int32 = 0
        for file in files {
            do {
                let page = try PageExtractor().read([UInt8](Data(contentsOf: URL(filePath: file))), contentType: nil)
                FileHandle.standardOutput.write(Data((isText ? page.text : page.markdown).utf8))
                if files.count > 1 { FileHandle.standardOutput.write(Data([0])) }
            } catch {
                FileHandle.standardError.write(Data("\(file): \(error)\n".utf8))
                if files.count > 1 { FileHandle.standardOutput.write(Data([0])) }
                status = 1
            }
        }
        return status
    }
}
