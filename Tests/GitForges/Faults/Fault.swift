/// What goes wrong with a request.
public enum Fault: Sendable {
    /// Nothing is done and no answer comes, until the client gives up.
    case timeoutBefore
    /// The request is done, but no answer comes.
    case timeoutAfterEffect
    /// Nothing is done, and the connection ends in the middle of the answer.
    case dropBefore
    /// The request is done, and the connection ends in the middle of the answer.
    case dropAfterEffect
    /// Another answer comes, and nothing is done unless `afterEffect` is set, as behind a gateway that gives up.
    case status(Int, headers: [String: String] = [:], body: String = "", afterEffect: Bool = false)
    /// The provider's answer to too many requests at a time, with the seconds to wait.
    case secondaryLimit(retryAfter: Int)
    /// The provider's answer when the hour's requests are used up, with the seconds until they come again.
    case primaryLimit(reset: Int)

    /// Whether it is the provider's own answer to too many requests.
    var isLimit: Bool {
        switch self {
        case .secondaryLimit, .primaryLimit: true
        default: false
        }
    }

    /// Whether the request is done all the same.
    var hasEffect: Bool {
        switch self {
        case .timeoutAfterEffect, .dropAfterEffect, .status(_, _, _, true): true
        default: false
        }
    }
}
