import Foundation
import Postgres

/// What a client can want of a job that has not ended, the weakest first.
///
/// A later request that is stronger takes the place of an earlier one; a weaker one changes nothing.
public enum Wish: String, Sendable, Hashable, CaseIterable {
    /// Finish the unit of work in hand, save a checkpoint, end as `stopped`.
    case checkpoint
    /// End as `stopped` now, with the newest checkpoint that there is.
    case immediate
    /// End as `cancelled` now.
    case cancel
    /// The execution is abandoned and the row has its end already: whatever still runs must stop.
    case force

    /// The status that the job gets.
    var end: JobStatus { self == .cancel ? .cancelled : .stopped }

    /// The word of the column `wanted`.
    var wanted: String { self == .cancel ? "cancel" : "stop" }

    /// The word of the column `stop_mode`; nil for a cancellation.
    var mode: String? {
        switch self {
        case .checkpoint, .immediate: rawValue
        case .cancel, .force: nil
        }
    }

    /// The wishes that stand in rows, in the order of their strength.
    public static let words = [Wish.checkpoint, .immediate, .cancel].map(\.rawValue)

    /// Its place among `words`, from 1. A stop by force is no stronger than one that asks: a job that is being cancelled stays so.
    var strength: Int32 {
        switch self {
        case .checkpoint: 1
        case .immediate, .force: 2
        case .cancel: 3
        }
    }

    /// Reads the columns; nil when nothing is wanted.
    init?(wanted: String?, mode: String?) {
        guard let wanted else { return nil }
        // A row that a process of an earlier build has written has no mode.
        self = wanted == "cancel" ? .cancel : mode == "checkpoint" ? .checkpoint : .immediate
    }
}

/// A wish and how long the worker has to fulfil it; afterwards the execution is abandoned.
public struct Wanted: Sendable, Hashable {
    /// What is wanted.
    public let wish: Wish
    /// The time that is left, never below zero.
    public let within: Duration

    /// Makes a wish with a time limit.
    public init(_ wish: Wish, within: Duration) {
        self.wish = wish
        self.within = max(.zero, within)
    }
}

extension Row {
    /// Decodes what is wanted of a job from `wanted`, `stop_mode` and `seconds_left`.
    func decodeWanted() throws(PostgresError) -> Wanted? {
        let wish = Wish(
            wanted: try decode("wanted", as: String?.self), mode: try decode("stop_mode", as: String?.self))
        guard let wish else { return nil }
        let left = try decode("seconds_left", as: Double?.self)
        return Wanted(wish, within: .seconds(left ?? 0))
    }
}
