import Foundation

@testable import Jobs

/// One operation of an interleaving. Everything in it is relative to where the model stands, so that a sequence keeps its meaning when
/// another of its steps is left out.
struct Step: Sendable, CustomStringConvertible {
    enum Action: Sendable {
        case submit(isScheduled: Bool)
        /// The time of a scheduled job comes, and the dispatcher looks.
        case release
        case claim
        /// The lease ends, and the reaper comes.
        case expire
        /// Records of an attempt: 0 is the newest, -1 the one before it, 1 one that does not exist.
        case heartbeat(Int32)
        case progress(Int32)
        /// The epoch counts from the newest checkpoint.
        case checkpoint(Int32, epoch: Int32)
        case end(Int32, Int)
        case stop(Wish, seconds: Int)
        case retry
        case rerun
        /// Names the checkpoint so many epochs before the newest, or none.
        case restart(back: Int32?)
    }

    /// Which job: 0 is the newest that the interleaving has made, 1 the one before it.
    var target = 0
    var action: Action

    /// How an attempt may end, as a worker writes it.
    static let endings = [
        ending(.completed, "completed"), ending(.failed, "failed", fails: true),
        ending(.scheduled, "retrying", dueIn: .seconds(600), fails: true),
        ending(.scheduled, "snoozed", dueIn: .seconds(600)), ending(.queued, "handed_back"),
        ending(.cancelled, "cancelled"), ending(.stopped, "stopped"),
    ]

    var description: String {
        let text =
            if case .end(let attempt, let index) = action {
                "end(attempt \(attempt), \(Self.endings[index].kind))"
            } else {
                String(describing: action)
            }
        return target == 0 ? text : "\(text) of job -\(target)"
    }
}

extension Step {
    /// What may happen next to a job in this status, the likely more often.
    static func next(_ status: JobStatus, earlier: Int, using random: inout Generator) -> Step {
        let target =
            earlier > 0 && Int.random(in: 0..<8, using: &random) == 0 ? Int.random(in: 1...earlier, using: &random) : 0
        return Step(target: target, action: action(status, using: &random))
    }

    private static func action(_ status: JobStatus, using random: inout Generator) -> Action {
        let choices: [(weight: Int, kind: Kind)] =
            switch status {
            case .scheduled: [(10, .release), (3, .stop), (2, .write), (1, .claim), (1, .again)]
            case .queued: [(12, .claim), (3, .stop), (3, .write), (1, .expire), (1, .again)]
            case .running: [(6, .write), (6, .save), (8, .end), (6, .stop), (3, .expire), (1, .again), (1, .claim)]
            case .stopping: [(4, .write), (3, .save), (6, .end), (6, .stop), (3, .expire), (2, .again), (1, .claim)]
            case .completed, .failed, .cancelled, .stopped:
                [(6, .again), (3, .write), (2, .end), (2, .stop), (1, .save), (1, .expire), (1, .claim), (1, .release)]
            }
        var left = Int.random(in: 0..<choices.reduce(0) { $0 + $1.weight }, using: &random)
        for choice in choices {
            left -= choice.weight
            if left < 0 { return action(choice.kind, using: &random) }
        }
        return .claim
    }

    private enum Kind { case release, claim, expire, write, save, end, stop, again }

    private static func action(_ kind: Kind, using random: inout Generator) -> Action {
        func pick<Element>(_ elements: [Element]) -> Element {
            elements[Int.random(in: 0..<elements.count, using: &random)]
        }
        // One in three comes from a worker whose lease was stolen, or that is mad.
        let attempt: Int32 = pick([0, 0, 0, 0, -1, 1])
        switch kind {
        case .release: return .release
        case .claim: return .claim
        case .expire: return .expire
        case .write: return pick([.heartbeat(attempt), .progress(attempt)])
        case .save: return .checkpoint(attempt, epoch: pick([1, 1, 1, 1, 2, 0]))
        case .end: return .end(attempt, pick(Array(endings.indices)))
        case .stop:
            return .stop(
                pick([.checkpoint, .checkpoint, .immediate, .cancel, .cancel, .force]),
                seconds: pick([300, 600, 600, 0]))
        case .again: return pick([.retry, .retry, .rerun, .restart(back: nil), .restart(back: 0), .restart(back: 1)])
        }
    }
}

/// SplitMix64, so that a failure can be repeated.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
