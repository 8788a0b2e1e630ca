import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// README's lines for curl, run as they stand, against a real stack with the documents worker.
@Suite(.serialized) struct ReadmeTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    @Test func theLinesForCurlWorkAsTheyStand() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker("DocumentsWorker")
            let folder = stack.folder + "/readme"
            try FileManager.default.createDirectory(atPath: folder + "/.switchyard", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/compose", withDestinationPath: Self.root + "/compose")
            try "SWITCHYARD_URL=http://127.0.0.1:\(stack.api.port)\nSWITCHYARD_KEY=\(stack.key)\n"
                .write(toFile: folder + "/.switchyard/env", atomically: true, encoding: .utf8)
            let lines = try Self.lines()
            let output = try await runScript("set -euo pipefail\n" + lines, in: folder)

            #expect(output.contains("event: running"))
            #expect(output.contains("event: completed"))
            #expect(output.contains(#""status": "completed""#))
            #expect(output.contains(#""documents_processed": 1"#))
            let history = output.split(separator: "\n").compactMap { $0.split(separator: " ").last.map(String.init) }
            #expect(history.contains("queued") && history.contains("completed"))
            // The text of the sample itself comes last.
            let expected = try await runScript(
                "pdftotext -enc UTF-8 compose/samples/sample.pdf - | tr -s '[:space:]' ' '", in: folder)
            let words = expected.split(separator: " ")
            #expect(words.count > 20)
            let printed = Set(output.split(whereSeparator: \.isWhitespace))
            let missing = words.filter { !printed.contains($0) }
            #expect(missing.isEmpty, "\(missing.prefix(10))")
        }
    }

    /// The first block of shell lines in README.
    private static func lines() throws -> String {
        let readme = try String(contentsOfFile: root + "/README.md", encoding: .utf8)
        guard let start = readme.range(of: "```sh\n"),
            let end = readme.range(of: "```", range: start.upperBound..<readme.endIndex)
        else { throw TestKitError("README has no shell lines") }
        return String(readme[start.upperBound..<end.lowerBound])
    }
}
