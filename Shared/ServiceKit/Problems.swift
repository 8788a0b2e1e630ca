import AMQP
import Jobs

extension JobStore {
    /// What keeps the database from answering; nil when it answers.
    public func problem() async -> String? {
        do {
            _ = try await database.query("SELECT 1")
            return nil
        } catch {
            return "\(error)"
        }
    }
}

extension Consumer {
    /// What keeps the consumer from consuming; nil when it does, or was paused on purpose.
    public var problem: String? {
        switch state {
        case .consuming, .paused: nil
        case let other: "\(other)"
        }
    }
}
