import Foundation
import HTTPServer
import LocalServers

/// A provider of git repositories and pull requests, played strictly over real sockets and real bare repositories.
///
/// What it does is done by `git`, so a test can look at the outcome with `git` too; what a client does that the provider's description does
/// not allow is refused and kept in `violations`.
public final class GitForge: Sendable {
    /// Whose API it plays.
    public let provider: ForgeProvider
    /// Where a test sets what goes wrong.
    public let faults = FaultBoard()

    let actor: ForgeActor
    private let folder: String
    private let server: HTTPServer
    private let log = RequestLog()

    /// Starts it on loopback, with an empty folder of its own for the repositories.
    ///
    /// - Parameter port: 0 lets the system choose.
    public init(_ provider: ForgeProvider, port: UInt16 = 0) throws {
        self.provider = provider
        folder = NSTemporaryDirectory() + "switchyard-forge-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        actor = ForgeActor(provider, folder: folder)
        server = HTTPServer(
            HTTPServerConfiguration(port: port, maxCollectedBody: 64 << 20),
            handler: ForgeHandler(actor: actor, faults: faults, log: log))
        try server.start()
    }

    /// Ends it and deletes its folder.
    public func stop() async throws {
        await server.drain(deadline: .seconds(1))
        try FileManager.default.removeItem(atPath: folder)
    }

    /// Where it listens.
    public var port: UInt16 { server.port }

    /// `http://127.0.0.1:…`, without a path.
    public var origin: String { "http://127.0.0.1:\(port)" }

    /// What a client is given as the provider's base URL: GitHub's own host has no prefix, an Enterprise Server has `/api/v3`, GitLab
    /// `/api/v4` and Gitea `/api/v1`.
    public var url: String {
        switch provider {
        case .github: origin
        case .gitlab: "\(origin)/api/v4"
        case .gitea: "\(origin)/api/v1"
        }
    }

    /// All requests since the start or the last `clearRequests`, in the order in which they came.
    public var requests: [LoggedRequest] { log.all }

    /// Waits until nothing is done any more for requests that came, also for those whose client has gone away.
    public func settle() async { await log.settle() }

    /// Forgets the requests that came.
    public func clearRequests() { log.clear() }

    /// What clients did that the provider's description does not allow; empty after a run that is right.
    public var violations: [String] {
        get async { await actor.perform { $0.violations } }
    }
}

/// Something that a test asks of a forge and that cannot be.
public struct GitForgeError: Error, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    init(_ description: String) { self.description = description }
}
