import Jobs
import Telemetry

extension JobStore {
    /// Lets another gateway take a duty at once; where that fails, it is left to run out.
    func giveUp(_ duty: String, as holder: String, log: Logger) async {
        do {
            try await resign(duty, as: holder)
        } catch {
            log.info("leadership is left to run out", ["duty": .string(duty), "error": .error(error)])
        }
    }
}
