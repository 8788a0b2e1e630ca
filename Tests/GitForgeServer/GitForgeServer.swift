import Foundation
import GitForges

/// A forge with one repository, for clients in other languages and for people to try.
@main
enum GitForgeServer {
    private static let usage = "usage: GitForgeServer github|gitlab|gitea [PORT]\n"

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let provider = arguments.first.flatMap(ForgeProvider.init(rawValue:)), arguments.count <= 2,
            let port = arguments.count == 2 ? UInt16(arguments[1]) : 0
        else {
            FileHandle.standardError.write(Data(usage.utf8))
            exit(2)
        }
        do { try await serve(provider, port) } catch {
            FileHandle.standardError.write(Data("GitForgeServer: \(error)\n".utf8))
            exit(1)
        }
    }

    /// Prints where it is, as one line of JSON, and serves until a line or the end comes on standard input.
    private static func serve(_ provider: ForgeProvider, _ port: UInt16) async throws {
        let forge = try GitForge(provider, port: port)
        try await forge.addRepository("acme/site", collaborators: ["robot", "maria"])
        let token = await forge.addToken(for: "robot")
        let folder = try await forge.folder("acme/site")
        let place = ["url": forge.url, "token": token, "repository": "acme/site", "folder": folder]
        let line = try JSONEncoder().encode(place) + Data("\n".utf8)
        FileHandle.standardOutput.write(line)
        // A thread of its own: reading blocks.
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                _ = readLine()
                continuation.resume()
            }
        }
        let violations = await forge.violations
        try await forge.stop()
        for violation in violations { FileHandle.standardError.write(Data("violation: \(violation)\n".utf8)) }
        exit(violations.isEmpty ? 0 : 1)
    }
}
