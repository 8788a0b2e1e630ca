import JSON
import Jobs

/// Jobs that take part in the work of this one.
extension JobContext {
    /// Submits jobs of the same type that help with this one, wherever they run: its children, with its spec and one member more that names it.
    ///
    /// They are the same jobs however often they are submitted. What they do with one another is the type's own affair; a leader that has ended
    /// must be noticed by its helpers.
    public func submitHelpers(_ count: Int, type: String, member: String) async throws {
        guard count > 0, case .object(var spec) = try JSON.parse(running.claim.spec) else { return }
        spec[member] = .string(job.text)
        let bytes = JSON.object(spec).serialized()
        let specs = Array(repeating: bytes, count: count)
        try await files.patiently { try await files.store.submitParts(specs, of: running.claim, type: type) }
    }
}
