import Foundation
import Jobs

/// What a diagnosis of the database means, and what to do about it.
enum Judgement {
    /// The duties that some gateway must hold.
    private static let duties = [
        "dispatch": "jobs are not dispatched", "housekeeping": "partitions are not made ahead",
    ]
    private static let toleratedClock: TimeInterval = 2

    static func findings(_ diagnosis: Diagnosis) -> [Finding] {
        database(diagnosis) + jobs(diagnosis) + operators(diagnosis)
    }

    private static func database(_ diagnosis: Diagnosis) -> [Finding] {
        let major = diagnosis.serverVersion / 10_000
        let clock = String(format: "%.1f", abs(diagnosis.clockDifference))
        return [
            (15...17).contains(major)
                ? .good("PostgreSQL \(major), with this build's schema")
                : .warning("PostgreSQL \(major) is not tested with this build", "Use 15, 16 or 17."),
            abs(diagnosis.clockDifference) <= toleratedClock
                ? .good("this machine's clock is \(clock) s from the database's")
                : .bad(
                    "this machine's clock is \(clock) s from the database's", "Synchronise the clocks (chrony, NTP)."),
        ]
            + diagnosis.strays.map {
                .warning(
                    "\($0.rows) rows of \($0.table) have no time partition",
                    "A gateway's housekeeping makes one ahead of time; rows of the far future tell of a wrong clock.")
            }
            + duties.sorted { $0.key < $1.key }.filter { !diagnosis.duties.contains($0.key) }.map {
                .bad("no gateway holds the duty \($0.key): \($0.value)", "Start a gateway, and look at its log.")
            }
    }

    private static func jobs(_ diagnosis: Diagnosis) -> [Finding] {
        var findings: [Finding] =
            diagnosis.types.isEmpty
            ? [.warning("no job type is registered", "Start a worker.")]
            : [.good("job types: \(diagnosis.types.joined(separator: ", "))")]
        findings += diagnosis.orphans.map {
            .bad("\($0.jobs) jobs of type \($0.type) wait and no worker of it is alive", "Start a worker of this type.")
        }
        findings += diagnosis.undispatched.map {
            .warning(
                "\($0.jobs) jobs of type \($0.type) have waited for more than 10 minutes",
                "Its workers are busy, or its queue is paused: add workers, or resume it.")
        }
        if diagnosis.unreaped > 0 {
            findings.append(
                .bad(
                    "\(diagnosis.unreaped) jobs are past their lease and nobody takes them back",
                    "A gateway does that within seconds: start one, and look at its log."))
        }
        return findings
    }

    private static func operators(_ diagnosis: Diagnosis) -> [Finding] {
        var findings: [Finding] = diagnosis.drained.map {
            .warning("the worker \($0) is drained", "POST /api/v1/workers/\($0)/resume lets it take jobs again.")
        }
        if diagnosis.deadLetters > 0 {
            findings.append(
                .warning(
                    "\(diagnosis.deadLetters) dead letters wait",
                    "GET /api/v1/dead-letters tells why; send them again, or delete them."))
        }
        return findings
    }
}
