import Jobs
import Synchronization

/// How many commands of each type may still be published right now.
///
/// The broker's queues are kept short, because only what waits in the database can be counted, reordered and cancelled. The window
/// is soft: it is counted anew at every tick, and in between only what this gateway publishes is known.
final class DispatchWindow: Sendable {
    private let size: Int
    private let room = Mutex<[String: Int]>([:])

    init(size: Int) { self.size = size }

    /// Takes room for one command on the direct path; false when its job must wait its turn in the database.
    func take(_ type: String) -> Bool {
        room.withLock { room in
            guard let left = room[type], left > 0 else { return false }
            room[type] = left - 1
            return true
        }
    }

    /// Counts anew. While jobs wait in the database the direct path is closed: new ones must not overtake them.
    ///
    /// - Parameters:
    ///   - pending: commands that the broker has and the rows do not tell, of any type.
    ///   - closed: types that the broker takes nothing of at the moment.
    func update(_ states: [DispatchState], pending: Int = 0, closed: Set<String> = []) {
        room.withLock { room in
            for state in states {
                let isClosed = state.hasBacklog || closed.contains(state.type)
                room[state.type] = isClosed ? 0 : max(0, size - state.dispatched - pending)
            }
        }
    }

    /// How many commands the dispatcher may publish for a type with a backlog.
    func roomForBacklog(_ state: DispatchState, pending: Int = 0) -> Int { max(0, size - state.dispatched - pending) }

    /// Closes the direct path: the broker does not take commands.
    func close() { room.withLock { $0 = [:] } }
}
