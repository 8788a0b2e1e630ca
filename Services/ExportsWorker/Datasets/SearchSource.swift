import JSON
import Jobs
import Search
import WorkerKit

extension SearchRequest {
    /// Reads what a source looks for.
    ///
    /// - Throws: `JobFailure` `invalid_source`.
    init(source json: JSON) throws(JobFailure) {
        do { try self.init(json) } catch { throw SourceQuery.invalid("search\(error.pointer): \(error.message)") }
    }
}

extension SearchError {
    /// Whether another attempt may find what this one did not.
    var isTransient: Bool {
        switch code {
        case .modelUnavailable, .busy: true
        case .unknownModel, .badVector, .noEmbedder, .badText, .tooSlow: false
        }
    }

    var failure: JobFailure {
        JobFailure(code: isTransient ? "search_unavailable" : "invalid_source", message: message)
    }
}
