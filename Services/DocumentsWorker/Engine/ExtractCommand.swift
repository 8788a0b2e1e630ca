import Foundation
import Markup

/// `DocumentsWorker extract [--parallel N] FILE...`: what the worker would read, for operators and measurements.
///
/// One file prints its text; several, and documents inside one, print a line each with pages and bytes, or the error.
enum ExtractCommand {
    /// The first argument of the process.
    static let argument = "extract"

    static func run(_ arguments: [String]) -> Never {
        var files = arguments
        var parallel = 1
        if files.first == "--parallel", files.count > 1, let number = Int(files[1]) {
            parallel = max(1, number)
            files.removeFirst(2)
        }
        guard !files.isEmpty else {
            say("usage: DocumentsWorker extract [--parallel N] FILE...", to: .standardError)
            exit(EX_USAGE)
        }
        let (paths, width) = (files, parallel)
        Task {
            exit(await extract(paths, parallel: width) ? 0 : 1)
        }
        dispatchMain()
    }

    private static func extract(_ files: [String], parallel: Int) async -> Bool {
        let extractor = Extractor()
        return await withTaskGroup(of: Bool.self) { group in
            var allRead = true
            for (index, file) in files.enumerated() {
                if index >= parallel, let isRead = await group.next() { allRead = allRead && isRead }
                group.addTask { await extract(file, with: extractor, isOnly: files.count == 1) }
            }
            for await isRead in group { allRead = allRead && isRead }
            return allRead
        }
    }

    private static func extract(_ file: String, with extractor: Extractor, isOnly: Bool) async -> Bool {
        await show(file, isOnly: isOnly, with: extractor) { () async throws(ExtractionError) in
            try await extractor.extract(path: file, name: file)
        }
    }

    /// Shows a document and then all inside it.
    private static func show(
        _ name: String, isOnly: Bool, with extractor: Extractor,
        _ extract: () async throws(ExtractionError) -> Extracted
    ) async -> Bool {
        do throws(ExtractionError) {
            let document = try await extract()
            let summary = "\(name): \(document.pages.count) pages, \(document.text.utf8.count) bytes"
            say(isOnly ? (document.markdown ?? document.text) : summary, to: .standardOutput)
            var isWhole = true
            if let shortfall = document.contents?.shortfall {
                say("\(name): \(shortfall)", to: .standardError)
                isWhole = false
            }
            for member in document.contents?.members ?? [] {
                let isRead = await show("\(name): \(member.name)", isOnly: false, with: extractor) {
                    () async throws(ExtractionError) in
                    try await extractor.extract(
                        member.open().document, name: member.name, declaredType: member.declaredType)
                }
                isWhole = isWhole && isRead
            }
            return isWhole
        } catch {
            say("\(name): \(error)", to: .standardError)
            return false
        }
    }

    private static func say(_ line: String, to file: FileHandle) {
        file.write(Data((line + "\n").utf8))
    }
}
