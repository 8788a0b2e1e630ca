import Config
import Jobs

/// How long what is kept, as the gateway's environment tells it.
struct RetentionConfiguration: Sendable {
    /// `SWITCHYARD_RETENTION_DAYS`: in place of the types' policies; `30` for all, `noop=1,export=365` for some, or both.
    let rules: RetentionRules
    /// `SWITCHYARD_UPLOAD_RETENTION_DAYS`: for uploads that no job has used.
    let uploadDays: Int
    /// `SWITCHYARD_DEAD_LETTER_RETENTION_DAYS`
    let deadLetterDays: Int
    /// `SWITCHYARD_AUDIT_RETENTION_DAYS`
    let auditDays: Int
    /// `SWITCHYARD_SWEEP_EVERY`: the pause between two walks over what may be old.
    let sweepEvery: Duration

    init(_ environment: Environment) throws {
        let parts = try environment.list("SWITCHYARD_RETENTION_DAYS", default: [])
        guard let rules = RetentionRules(parts) else {
            throw ConfigError(
                name: "SWITCHYARD_RETENTION_DAYS", found: .text(parts.joined(separator: ",")),
                wanted: "days from 0 (for ever) to 36500, such as 30, or noop=1,export=365, or 30,noop=1")
        }
        self.rules = rules
        uploadDays = try environment.int("SWITCHYARD_UPLOAD_RETENTION_DAYS", default: 7, range: 1...36_500)
        deadLetterDays = try environment.int("SWITCHYARD_DEAD_LETTER_RETENTION_DAYS", default: 90, range: 1...36_500)
        auditDays = try environment.int("SWITCHYARD_AUDIT_RETENTION_DAYS", default: 400, range: 1...36_500)
        sweepEvery = try environment.duration("SWITCHYARD_SWEEP_EVERY", default: .seconds(3600))
    }
}
