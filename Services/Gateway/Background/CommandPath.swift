import AMQP
import Foundation
import Jobs

/// The last stretch to the broker, shared by both paths: publishes, waits for the confirms, and keeps account of what stands there.
struct CommandPath: Sendable {
    let publisher: Publisher
    let window: DispatchWindow
    let unmarked: Unmarked

    /// When the row of a job says that its command is in the broker.
    enum Marking: Sendable {
        /// It says so already.
        case before
        /// Some time after the confirm, if the job still waits then; with when it was read from the backlog, nil on the direct path.
        case after(readAt: Date?)

        fileprivate var isBefore: Bool { if case .before = self { true } else { false } }
    }

    /// Counts commands that are to be published as standing in the broker already; `publish` corrects it.
    func expect(_ commands: [Command], marking: Marking) {
        window.begin(Self.counts(commands), isCounted: marking.isBefore)
    }

    /// Publishes commands that are expected.
    ///
    /// - Returns: the jobs whose commands the broker did not confirm, and the last reason.
    func publish(
        _ commands: [Command], path: String, marking: Marking
    ) async -> (failed: [UUID], error: (any Error)?) {
        let start = ContinuousClock.now
        let counts = Self.counts(commands)
        let results = await publisher.publish(
            batch: commands.map {
                Publication($0.message, exchange: Topics.jobs, routingKey: $0.type, mandatory: true)
            }, timeout: .seconds(10))
        var confirmed: [Command] = []
        var failed: [Command] = []
        var reason: (any Error)?
        for (command, result) in zip(commands, results) {
            switch result {
            case .success(.confirmed):
                confirmed.append(command)
                continue
            case .success(let outcome):
                reason = AMQPError(.closed, "the broker answered \(outcome) for \(command.type)")
            case .failure(let error): reason = error
            }
            failed.append(command)
        }
        GatewayMetrics.published.add(confirmed.count, path)
        if case .after(let readAt) = marking { unmarked.add(confirmed.map { ($0.id, $0.type) }, readAt: readAt) }
        window.end(counts, failed: Self.counts(failed), isCounted: marking.isBefore, after: .now - start)
        return (failed.map(\.id), reason)
    }

    private static func counts(_ commands: [Command]) -> [String: Int] {
        commands.reduce(into: [:]) { $0[$1.type, default: 0] += 1 }
    }
}
