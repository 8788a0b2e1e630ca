import AMQP
import Jobs
import Telemetry

/// Finds commands that the broker has lost: more rows say dispatched, for some time, than its queue holds. Commands that a
/// worker holds unacknowledged are missing from the depth too; publishing those again is harmless.
struct CommandAudit: Sendable {
    let store: JobStore
    let types: TypeCache
    let publisher: Publisher
    let trouble: TypeTrouble
    let lostAfter: Duration
    let log: Logger

    /// Puts lost commands back into the backlog; answers how many.
    func publishLost() async throws -> Int {
        let troubled = trouble.types
        var found = 0
        for state in try await store.dispatchStates(types: types.names, staleAfter: lostAfter)
        where state.stale > 0 && !troubled.contains(state.type) {
            do {
                found += try await publishLost(state)
            } catch {
                trouble.note(state.type, error)
            }
        }
        return found
    }

    private func publishLost(_ state: DispatchState) async throws -> Int {
        try await publisher.update(topology: Topics.topology(types: [state.type]))
        let depth = try await publisher.declare(Topics.commands(ofType: state.type)).messagesReady
        let missing = min(state.stale, state.dispatched - depth)
        guard missing > 0 else { return 0 }
        let found = try await store.undispatchLost(type: state.type, count: missing, staleAfter: lostAfter)
        GatewayMetrics.lost.add(found)
        log.warning(
            "commands lost by the broker are published again", ["type": .string(state.type), "count": .int(found)])
        return found
    }
}
