import WorkerKit

/// What a provider answers that is no success.
struct ForgeError: Error, Sendable {
    enum Kind: Sendable, Equatable {
        /// It will not, now or later.
        case refused
        /// There is no such thing, or the credentials do not show it.
        case notFound
        /// It is there already, or is not as it was.
        case conflict
        /// The request is not taken as it stands.
        case invalid
        /// Too much at a time: again after so long.
        case limited(Duration)
        /// It is not known whether the request took effect.
        case unclear
    }

    let kind: Kind
    /// A stable word in snake_case.
    let code: String
    /// What happened, with what the provider says.
    let message: String

    init(_ kind: Kind, _ code: String, _ message: String) {
        (self.kind, self.code, self.message) = (kind, code, message)
    }

    static let tokenBusy = ForgeError(
        .limited(.seconds(5)), "token_busy", "another job writes with the same token")

    static let cancelled = ForgeError(.unclear, "cancelled", "The job was asked to end.")

    static func unknownReviewer(_ name: String) -> ForgeError {
        ForgeError(
            .refused, "unknown_reviewer",
            "\(name) cannot review here: there is no such person, or they do not see the repository.")
    }

    static func unknownMode(_ path: String, _ provider: String, _ what: String) -> ForgeError {
        ForgeError(.refused, "mode_not_supported", "\(provider)'s API knows no \(what), which \"\(path)\" would need.")
    }

    /// It cannot be merged now, but perhaps a moment later.
    static func beingChecked(_ request: ForgePullRequest, _ reason: String) -> ForgeError {
        ForgeError(.unclear, "not_mergeable_yet", "\(request.url) cannot be merged yet, or at all: \(reason)")
    }

    /// The provider itself has refused a request as too much.
    var isLimit: Bool { code == "rate_limited" }

    var failure: JobFailure { JobFailure(code: code, message: message) }
}
