/// Why a page has no answer.
public enum ParserFault: Error, Sendable, Hashable {
    /// The child ended on this page by a signal; 0 where it exited or wrote what is no answer. Running out of memory is among these.
    case crashed(signal: Int32)
    /// The page took longer than its wall time or its processor time.
    case timeout
    /// The request or the answer is over its limit.
    case tooLarge
    /// The caller's task was cancelled.
    case cancelled
    /// No fault of the page: children cannot be started or are not confined, too many callers wait, or the pool is closed. Says which.
    case unavailable(String)
}
