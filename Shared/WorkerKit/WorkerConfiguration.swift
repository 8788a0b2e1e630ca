import Concurrency
import Config
import Foundation
import JSON
import Jobs
import ServiceKit

/// What a worker service reads from its environment.
public struct WorkerConfiguration: Sendable {
    /// What every service reads.
    public let service: ServiceConfiguration
    /// `SWITCHYARD_SLOTS`: how many jobs run at once.
    public let slots: Int
    /// `SWITCHYARD_ADMIN_PORT`: the port of `/healthz`, `/readyz` and `/metrics`; 0 takes a free one.
    public let adminPort: UInt16
    /// `SWITCHYARD_DRAIN`: how long a shutdown may take; jobs get half of it to finish and the rest to hand back.
    public let drain: Duration
    /// `SWITCHYARD_LEASE`: overrides the lease of the type's policy.
    public let lease: Duration?
    /// `SWITCHYARD_FILE_ROOTS`: folders, separated by commas, below which `file://` inputs may lie.
    public let fileRoots: [String]

    /// `SWITCHYARD_BUILD`: which build this is, for the registry of workers; when the executable was made, by default.
    public let build: String

    /// Reads the environment; the error names the variable and what would be right.
    public init(_ environment: Environment, defaultSlots: Int) throws {
        service = try ServiceConfiguration(environment)
        slots = try environment.int("SWITCHYARD_SLOTS", default: defaultSlots, range: 1...10_000)
        adminPort = UInt16(try environment.int("SWITCHYARD_ADMIN_PORT", default: 0, range: 0...65_535))
        drain = try environment.duration("SWITCHYARD_DRAIN", default: .seconds(25))
        lease = environment.contains("SWITCHYARD_LEASE") ? try environment.duration("SWITCHYARD_LEASE") : nil
        build = try environment.string("SWITCHYARD_BUILD", default: Self.executableDate)
        fileRoots = try environment.list("SWITCHYARD_FILE_ROOTS", default: []).map(Self.resolved)
    }

    private static var executableDate: String {
        var status = stat()
        guard stat("/proc/self/exe", &status) == 0 else { return "unknown" }
        return Date(timeIntervalSince1970: TimeInterval(status.st_mtim.tv_sec)).rfc3339()
    }

    private static func resolved(_ folder: String) throws -> String {
        guard let real = realpath(folder, nil) else {
            throw ConfigError(
                name: "SWITCHYARD_FILE_ROOTS", found: .text(folder), wanted: "folders that exist, separated by commas")
        }
        defer { free(real) }
        return String(cString: real)
    }
}

extension JobPolicy {
    /// The delays between attempts.
    var backoff: Backoff {
        Backoff(base: .seconds(backoffBaseSeconds), factor: 2, cap: .seconds(backoffCapSeconds))
    }
}
